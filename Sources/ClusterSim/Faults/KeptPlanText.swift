// A kept plan as text: a line a setting, then a line a fault with the seconds from the forming of
// the cluster at which it begins and ends. Lines that begin with # say why the plan is kept.
// KeptPlanParser reads what is written here.

import ClusterCore
import ClusterWire

extension KeptPlan {
    /// The text of the plan, behind these lines of reasons.
    package func text(reasons: [String] = []) -> String {
        let world = environment
        var lines = reasons.map { "# \($0)" }
        lines += [
            "seed \(seed)", "masters \(masters)", "replicas \(replicas)",
            "node-timeout \(nodeTimeout) ms",
            "delay \(world.delay.lowerBound)-\(world.delay.upperBound) us",
            "loss \(world.lossPerMillion) per million",
            "disk \(world.diskDelay.lowerBound)-\(world.diskDelay.upperBound) us",
            "config-epochs \(world.assignsEpochs ? "assigned" : "colliding")",
            "monotonic-clocks \(world.hasOwnOrigins ? "own" : "common")",
            "validity-factor \(world.validityFactor)",
            "replica-data \(world.carriesKeys ? "keys" : world.hasData ? "lagging" : "none")",
            "end \(Self.seconds(faults.end))",
        ]
        lines += catches.map { "catches \($0.names.joined(separator: ","))" }
        lines += faults.faults.map { planned in
            let end = planned.end.map { "to \(Self.seconds($0)) " } ?? ""
            return "from \(Self.seconds(planned.start)) \(end)\(planned.fault.words)"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Seconds with microseconds.
    private static func seconds(_ microseconds: Int64) -> String {
        let rest = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }
}

extension Fault {
    /// What happens, in words.
    fileprivate var words: String {
        switch self {
        case .crash(let node, let isSilent, let losesDisk):
            Self.death(isSilent) + " n\(node)" + (losesDisk ? " lost-disk" : "")
        case .move(let node, let isSilent): Self.death(isSilent) + " n\(node) new-address"
        case .swap(let one, let other): "swap-addresses n\(one) n\(other)"
        case .pause(let node): "pause n\(node)"
        case .partition(let side): "partition " + side.map { "n\($0)" }.joined(separator: " ")
        case .cut(let from, let to, let mayNotKnowUs):
            (mayNotKnowUs ? "cut-one-way" : "cut") + " n\(from) n\(to)"
        case .reset(let one, let other): "reset-links n\(one) n\(other)"
        case .slow(let node, let delay): "slow n\(node) \(delay) us"
        case .slowDisk(let node, let delay): "slow-disk n\(node) \(delay) us"
        case .refusingDisk(let node): "refusing-disk n\(node)"
        case .clockJump(let node, let milliseconds): "clock-jump n\(node) \(milliseconds) ms"
        case .clockDrift(let node, let parts): "clock-drift n\(node) \(parts) ppm"
        case .garbage(let from, let to, let shape): "garbage n\(from) n\(to) \(shape.rawValue)"
        case .forge(let forgery):
            "forge \(forgery.lie.rawValue) as n\(forgery.name) about n\(forgery.about)"
                + (forgery.isNear ? " near" : "")
        case .operate(let act): act.words
        }
    }

    private static func death(_ isSilent: Bool) -> String { isSilent ? "power-loss" : "crash" }
}

extension OperatorAct {
    fileprivate var words: String {
        switch self {
        case .failover(let node, .asked): "failover n\(node)"
        case .failover(let node, .forced): "failover-force n\(node)"
        case .failover(let node, .takeover): "failover-takeover n\(node)"
        case .reshard(let from, let to, let count): "reshard n\(from) n\(to) \(count) slots"
        case .replicate(let node, let master): "replicate n\(node) n\(master)"
        case .resetEmpty(let node, let isHard):
            "reset-without-slots n\(node) \(isHard ? "hard" : "soft")"
        case .resetOwner(let node, let isHard):
            "reset-owner n\(node) \(isHard ? "hard" : "soft")"
        case .forget(let node, let byHalf): "forget n\(node) by-\(byHalf ? "half" : "all")"
        }
    }
}
