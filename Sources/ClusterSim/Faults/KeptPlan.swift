// A plan of faults with all that belongs to it: sizes, the environment and the seed of what is
// still left to chance. It is kept as text, so that a failure that was found stays what it was when
// the drawing of plans changes.

package import ClusterCore
import Determinism

/// What a run is made of, with nothing left to draw but chance in what is carried out.
package struct KeptPlan: Equatable, Sendable {
    /// Of delays, losses and all else that is drawn while the plan is carried out.
    package var seed: UInt64
    package var masters: Int
    package var replicas: Int
    /// Milliseconds.
    package var nodeTimeout: Int64
    var environment: EnvironmentProfile
    var faults: FaultPlan
    /// Bugs of which each violates an invariant when it is planted and the plan carried out.
    package var catches: [PlantedBug] = []

    /// The plan that a seed leads to under these options. The run of the plan is that of the seed.
    package init(seed: UInt64, _ options: SimOptions) {
        var random = SplitMix64(seed: seed)
        let setup = WorldSetup(options, &random)
        self.seed = random.seed
        masters = options.masters
        replicas = options.replicas
        nodeTimeout = options.nodeTimeout
        environment = setup.environment
        environment.drawing = nil
        faults = FaultPlan(faults: setup.plan.faults, end: setup.plan.end)
    }

    init(
        seed: UInt64, masters: Int, replicas: Int, nodeTimeout: Int64,
        environment: EnvironmentProfile, faults: FaultPlan
    ) {
        self.seed = seed
        self.masters = masters
        self.replicas = replicas
        self.nodeTimeout = nodeTimeout
        self.environment = environment
        self.faults = faults
    }

    /// The options of its run, which begins with its seed.
    package var options: SimOptions {
        var options = SimOptions()
        (options.masters, options.replicas, options.nodeTimeout) = (masters, replicas, nodeTimeout)
        options.duration = faults.end / 1000
        options.plan = self
        options.carriesKeys = environment.carriesKeys
        return options
    }
}

/// Why a text is no plan.
package struct PlanError: Error, Equatable, Sendable {
    /// From 1; the last one when something is missing.
    package var line: Int
    package var text: String
}
