// What a run is made of: what the caller fixes, and what the seed draws within that. Both are printed
// at the start of a run, so that a failure can be told from its report alone.

package import ClusterCore
import Determinism

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
    /// Microseconds until a synced save is on disk, at least and at most; nil: drawn.
    package var diskDelay: ClosedRange<Int64>?
    package var faults = FaultKinds.all
    package var limits = FaultLimits()
    /// Places in the plan of the faults that are carried out; nil: all.
    package var keptFaults: [Int]?
    /// What is played in place of faults that are drawn.
    package var scenario: Scenario?
    /// Bugs that the rules have on purpose, to see the checkers find them.
    package var planted: PlantedBug = []
    /// Whether every event is kept as a line of text.
    package var keepsTrace = false

    package init() {}

    package var nodeCount: Int {
        scenario?.nodeCount(masters + replicas) ?? masters + replicas
    }

    /// Most nodes that a world takes.
    package static let nodeLimit = 4000

    /// The options of the command line that lead to these, without the seed.
    package var commandLine: String {
        var words = [
            "--masters \(masters)", "--replicas \(replicas)", "--node-timeout \(nodeTimeout)",
        ]
        if let scenario {
            words.insert("--scenario \(scenario.rawValue)", at: 0)
        } else {
            words.append("--duration \(Self.seconds(duration))")
        }
        if let delay { words.append("--delay \(delay.lowerBound)-\(delay.upperBound)") }
        if let lossPerMillion { words.append("--loss \(lossPerMillion)") }
        if let diskDelay { words.append("--disk \(diskDelay.lowerBound)-\(diskDelay.upperBound)") }
        if scenario == nil && faults != .all { words.append("--faults \(faults.text)") }
        words += limits.commandLine
        if let keptFaults {
            let list = keptFaults.map { String($0) }.joined(separator: ",")
            words.append("--keep-faults \(list.isEmpty ? "none" : list)")
        }
        if !planted.isEmpty {
            words.append("--plant \(planted.names.joined(separator: ","))")
        }
        return words.joined(separator: " ")
    }

    /// Milliseconds as seconds with as many decimals as it takes.
    static func seconds(_ milliseconds: Int64) -> String {
        guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000)" }
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}

extension FaultLimits {
    /// The options of the command line that lead to these.
    fileprivate var commandLine: [String] {
        let usual = FaultLimits()
        var words: [String] = []
        if let spacing { words.append("--fault-spacing \(spacing)") }
        if let length { words.append("--fault-length \(length)") }
        if let slowness { words.append("--slow-by \(slowness)") }
        if diskDelay != usual.diskDelay { words.append("--slow-disk \(diskDelay)") }
        if clockJump != usual.clockJump { words.append("--clock-jump \(clockJump)") }
        if drift != usual.drift { words.append("--clock-drift \(drift)") }
        if let down { words.append("--down \(down)") }
        return words
    }
}

/// What the seed draws: how the network, the disks and fate are in this world.
struct EnvironmentProfile: Equatable, Sendable {
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
    /// Kinds of faults that this world is spared although the caller allows them.
    var withheld: FaultKinds = []
    /// Whether masters write and replicas lag behind them, each as much as it does.
    var hasData: Bool

    init(_ options: SimOptions, _ random: inout SplitMix64) {
        let delays: [ClosedRange<Int64>] = [20...200, 100...1000, 500...5000, 1000...40_000]
        let drawnDelay = delays[random.below(delays.count)]
        delay = options.delay ?? drawnDelay
        let losses = [0, 0, 500, 5000]
        let drawnLoss = losses[random.below(losses.count)]
        lossPerMillion = options.lossPerMillion ?? drawnLoss
        let disks: [ClosedRange<Int64>] = [50...500, 500...10_000, 5000...60_000]
        let drawnDisk = disks[random.below(disks.count)]
        diskDelay = options.diskDelay ?? drawnDisk
        let spacings = [options.nodeTimeout / 4, options.nodeTimeout, 3 * options.nodeTimeout]
        let drawnSpacing = max(100, spacings[random.below(spacings.count)])
        faultSpacing = options.limits.spacing ?? drawnSpacing
        assignsEpochs = random.below(4) != 0
        hasOwnOrigins = random.below(2) == 0
        validityFactor = random.below(4) == 0 ? 10 : 0
        // Operators interfere in half of the worlds, and reckless ones in a tenth: what they do to a
        // cluster hides what it does by itself.
        let interferes = random.below(2) == 0
        let isReckless = random.below(10) == 0
        if options.faults == .all {
            if !interferes { withheld.insert(.operators) }
            if !isReckless { withheld.insert(.reckless) }
        }
        hasData = random.below(2) == 0 && options.faults.contains(.lag)
        if options.scenario != nil { playQuietly(options) }
    }

    /// A scenario is about one thing: all else is as in a good network of one place.
    private mutating func playQuietly(_ options: SimOptions) {
        delay = options.delay ?? 50...500
        lossPerMillion = options.lossPerMillion ?? 0
        diskDelay = options.diskDelay ?? 500...5000
        assignsEpochs = true
        hasData = false
        validityFactor = ClusterConfig().replicaValidityFactor
    }

    /// For reports.
    var text: String {
        "delay \(delay.lowerBound)-\(delay.upperBound) us, loss \(lossPerMillion) per million, "
            + "disk \(diskDelay.lowerBound)-\(diskDelay.upperBound) us, "
            + "a fault each \(faultSpacing) ms, "
            + "config epochs \(assignsEpochs ? "assigned" : "left to collide"), "
            + "validity factor \(validityFactor), replicas \(hasData ? "lag" : "hold no data"), "
            + "spared \(withheld.isEmpty ? "nothing" : withheld.list)"
    }
}
