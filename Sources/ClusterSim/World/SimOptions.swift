// What the caller of a simulation fixes: sizes, times, which faults and how bad they may get, or a
// plan of faults that was kept. What the seed draws within that is in EnvironmentProfile and
// FaultPlan.

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
    /// Microseconds until a synced save is on disk, at least and at most; nil: drawn.
    package var diskDelay: ClosedRange<Int64>?
    package var faults = FaultKinds.all
    /// Whether nodes hold keys, which clients write and replicas copy.
    package var carriesKeys = false
    package var limits = FaultLimits()
    /// Places in the plan of the faults that are carried out; nil: all.
    package var keptFaults: [Int]?
    /// What goes wrong in place of what is drawn, when a plan was kept.
    package var plan: KeptPlan?
    /// The file of that plan, for the command that repeats the run.
    package var planFile = ""
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
        guard plan == nil else {
            return (["--plan \(planFile)"] + choices).joined(separator: " ")
        }
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
        if carriesKeys { words.append("--data") }
        return (words + limits.commandLine + choices).joined(separator: " ")
    }

    /// Which faults are carried out, and what is planted.
    private var choices: [String] {
        var words: [String] = []
        if let keptFaults {
            let list = keptFaults.map { String($0) }.joined(separator: ",")
            words.append("--keep-faults \(list.isEmpty ? "none" : list)")
        }
        if !planted.isEmpty {
            words.append("--plant \(planted.names.joined(separator: ","))")
        }
        return words
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
