// What a run is made of: what the caller fixes, and what the seed draws within that. Both are printed
// at the start of a run, so that a failure can be told from its report alone.

package import ClusterCore

/// What the caller of a simulation decides.
package struct SimOptions: Equatable, Sendable {
    package var masters = 3
    /// Replicas in all; the n-th follows the n-th master, round and round.
    package var replicas = 3
    /// Virtual milliseconds during which faults begin, after the cluster has formed.
    package var duration: Int64 = 20_000
    /// Milliseconds.
    package var nodeTimeout: Int64 = 2000
    /// Microseconds that a message takes, at least and at most; nil: drawn from the seed.
    package var delay: ClosedRange<Int64>?
    /// Messages in a million that are lost and sent again by the transport; nil: drawn.
    package var lossPerMillion: Int?
    package var faults = FaultKinds.all
    /// Bugs that the rules have on purpose, to see the checkers find them.
    package var planted: PlantedBug = []
    /// Whether every event is kept as a line of text.
    package var keepsTrace = false

    package init() {}

    package var nodeCount: Int { masters + replicas }

    /// Most nodes that a world takes.
    package static let nodeLimit = 1000

    /// The options of the command line that lead to these, without the seed.
    package var commandLine: String {
        var words = [
            "--masters \(masters)", "--replicas \(replicas)", "--duration \(duration / 1000)",
            "--node-timeout \(nodeTimeout)",
        ]
        if let delay { words.append("--delay \(delay.lowerBound)-\(delay.upperBound)") }
        if let lossPerMillion { words.append("--loss \(lossPerMillion)") }
        if faults != .all { words.append("--faults \(faults.text)") }
        if !planted.isEmpty {
            words.append("--plant \(planted.names.joined(separator: ","))")
        }
        return words.joined(separator: " ")
    }
}

/// What the seed draws: how the network, the disks and fate are in this world.
struct Climate: Equatable, Sendable {
    /// Microseconds on the way.
    var delay: ClosedRange<Int64>
    var lossPerMillion: Int
    /// Microseconds until a synced save is on disk.
    var diskDelay: ClosedRange<Int64>
    /// Mean milliseconds between two faults.
    var faultSpacing: Int64
    /// Whether masters get their config epochs from the operator, or must resolve collisions.
    var assignsEpochs: Bool
    /// Whether each process has its own origin of monotonic time, near its start.
    var hasOwnOrigins: Bool
    /// Whether a replica may stand however old its data is.
    var validityFactor: Int64

    init(_ options: SimOptions, _ random: inout SplitMix64) {
        let delays: [ClosedRange<Int64>] = [20...200, 100...1000, 500...5000, 1000...40_000]
        let drawnDelay = delays[random.below(delays.count)]
        delay = options.delay ?? drawnDelay
        let losses = [0, 0, 500, 5000]
        let drawnLoss = losses[random.below(losses.count)]
        lossPerMillion = options.lossPerMillion ?? drawnLoss
        let disks: [ClosedRange<Int64>] = [50...500, 500...10_000, 5000...60_000]
        diskDelay = disks[random.below(disks.count)]
        let spacings = [options.nodeTimeout / 4, options.nodeTimeout, 3 * options.nodeTimeout]
        faultSpacing = max(100, spacings[random.below(spacings.count)])
        assignsEpochs = random.below(4) != 0
        hasOwnOrigins = random.below(2) == 0
        validityFactor = random.below(4) == 0 ? 10 : 0
    }

    /// For reports.
    var text: String {
        "delay \(delay.lowerBound)-\(delay.upperBound) us, loss \(lossPerMillion) per million, "
            + "disk \(diskDelay.lowerBound)-\(diskDelay.upperBound) us, "
            + "a fault each \(faultSpacing) ms, "
            + "config epochs \(assignsEpochs ? "assigned" : "left to collide"), "
            + "validity factor \(validityFactor)"
    }
}
