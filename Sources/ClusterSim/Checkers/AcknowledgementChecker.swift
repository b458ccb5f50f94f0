// A command that was answered with OK is not undone: the reply waited for the save that holds the change, and
// the change is still in nodes.conf when the process ends.

import ClusterCore

struct AcknowledgementChecker: Checker {
    init(_ setup: WorldSetup) {}

    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .answered(let command, let effects, by: let node):
            return answered(command, effects, by: node)
        case .ended(let node): return ended(node, world.nodes[node])
        case .started, .received, .forged, .took, .noted, .said, .stepped, .saved, .faultBegan,
            .faultEnded,
            .surveyed, .data:
            return nil
        }
    }

    private func answered(
        _ command: AdminCommand, _ effects: [Effect], by node: Int
    ) -> Violation? {
        guard command.isSaved, case .persist(let save, _)? = effects.first else { return nil }
        for case .reply(let reply, _, let waited) in effects where waited != save {
            if case .error = reply { continue }
            return Violation(
                .acknowledged, "n\(node) answers '\(command)' before save \(save.number)")
        }
        return nil
    }

    private func ended(_ node: Int, _ image: VirtualNode) -> Violation? {
        let (said, left) = (image.acknowledged, image.disk.durable?.generation)
        guard said > left ?? Generation(0) else { return nil }
        return Violation(
            .acknowledged,
            "n\(node) acknowledged what is in save \(said.number), and save "
                + "\(left?.number ?? 0) is left of it")
    }
}

extension AdminCommand {
    /// Whether it changes what nodes.conf holds whenever it succeeds, of those that an operator gives
    /// here.
    fileprivate var isSaved: Bool {
        switch self {
        case .addSlotsRange, .setConfigEpoch, .setSlot, .reset, .forget: true
        case .meet, .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
            .countFailureReports, .addSlots, .delSlots, .delSlotsRange, .flushSlots, .replicate,
            .replicateNoOne,
            .replicas, .failover, .bumpEpoch, .saveConfig, .countKeysInSlot, .getKeysInSlot,
            .flushSlot:
            false
        }
    }
}
