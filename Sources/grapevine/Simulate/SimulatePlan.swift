// Plans of faults as files: one that is carried out in place of what a seed draws, and the one that
// a run had. What a plan says, and how it is read, is ClusterSim's.

import ClusterCore
import ClusterSim
import SystemIO

enum SimulatePlan {
    /// Options that a plan answers itself.
    private static let answered = [
        "--seed", "--seeds", "--scenario", "--masters", "--replicas", "--duration",
        "--node-timeout", "--delay", "--loss", "--disk", "--faults", "--data", "--fault-spacing",
        "--fault-length", "--slow-by", "--slow-disk", "--clock-jump", "--clock-drift", "--down",
    ]
    private static let limitBytes = 4 << 20

    /// The plan that the call names; nil when it names none.
    static func read(_ arguments: Arguments) throws(UsageError) -> KeptPlan? {
        guard let path = arguments.value("--plan") else { return nil }
        for other in answered where arguments.has(other) {
            throw UsageError("--plan or \(other), not both")
        }
        let text: String
        do throws(SystemError) {
            text = try File.readText(path, limitBytes: limitBytes)
        } catch {
            throw UsageError("\(path): \(error.reason)")
        }
        do throws(PlanError) {
            return try KeptPlan(text)
        } catch {
            throw UsageError("\(path):\(error.line): \(error.text)")
        }
    }

    /// The text of the plan that a run had, with what it came to. Bugs that were planted are named when the run
    /// violates an invariant with them.
    static func text(of seed: UInt64, _ options: SimOptions, _ violation: Violation?) -> String {
        var plan = KeptPlan(seed: seed, options)
        guard let violation else { return plan.text() }
        plan.catches = options.planted.names.compactMap { PlantedBug(name: $0) }
        return plan.text(reasons: [
            "broke a promise: \(violation.invariant.rawValue)", violation.text,
        ])
    }
}
