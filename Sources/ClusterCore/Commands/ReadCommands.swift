// Commands that change nothing, as far as they are more than a report.

public import ClusterWire

package enum ReadCommands {
    static func countFailureReports(
        _ id: Argument<NodeID>, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR Unknown node \(id.word)")
        }
        let oldest = context.now.monotonic - context.config.reportValidity
        return .integer(Int64(state.nodes[handle].reports.count { $0.at >= oldest }))
    }

    /// The reports on nodes, with the addresses that a client is told which is connected so; nil for another
    /// command. They change nothing, so that a host may ask for them without a step.
    package static func nodes(
        _ command: AdminCommand, for family: AddressFamily, _ state: ClusterState,
        _ config: ClusterConfig, _ now: Instant
    ) -> AdminReply? {
        switch command {
        case .nodes: return .text(NodeLine.all(state, now, config, for: family))
        case .slots: return SlotsReport.reply(state, config, family)
        case .shards: return ShardsReport.reply(state, config, family)
        case .replicas(let id): return replicas(id, family, state, now)
        case .meet, .forget, .replicate, .replicateNoOne, .reset, .failover, .addSlots, .delSlots,
            .addSlotsRange,
            .delSlotsRange, .flushSlots, .setSlot, .setConfigEpoch, .bumpEpoch, .saveConfig, .myID,
            .myShardID, .info, .links, .help, .keySlot, .countFailureReports, .countKeysInSlot,
            .getKeysInSlot, .flushSlot:
            return nil
        }
    }

    private static func replicas(
        _ id: Argument<NodeID>, _ family: AddressFamily, _ state: ClusterState, _ now: Instant
    ) -> AdminReply {
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR Unknown node \(id.word)")
        }
        guard state.nodes[handle].isMaster else {
            return .error("ERR The specified node is not a master")
        }
        return .list(
            state.replicas(of: state.nodes[handle].id)
                .map { .bulk(NodeLine.text($0, state, now, for: family)) })
    }

    /// What a node without keys answers.
    static func answer(to question: SlotQuestion) -> AdminReply {
        switch question {
        case .asked(_, .max): .integer(0)
        case .flushed: .ok
        case .asked: .list([])
        case .refused(let reply): reply
        }
    }
}

/// A question about the keys of a slot: the words are judged here, the store answers.
///
/// - Source: bus protocol §9.1.
public enum SlotQuestion: Equatable, Sendable {
    /// The keys of this slot, at most so many; how many there are when `limit` is the greatest number.
    case asked(Slot, limit: Int)
    /// The keys of this slot are to be deleted.
    case flushed(Slot)
    /// The words are wrong: this is the reply.
    case refused(AdminReply)

    private static let noNumber = AdminReply.error("ERR value is not an integer or out of range")

    /// What COUNTKEYSINSLOT asks.
    public static func count(_ slot: Argument<Int>) -> SlotQuestion {
        guard let number = slot.value else { return .refused(noNumber) }
        guard let slot = Slot(number) else { return .refused(.error("ERR Invalid slot")) }
        return .asked(slot, limit: .max)
    }

    /// What FLUSHSLOT asks. Keys are deleted at once, whichever of its two ways is named.
    public static func flushed(_ slot: Argument<Int>, _ mode: String?) -> SlotQuestion {
        guard let number = slot.value, let slot = Slot(number) else {
            return .refused(.error("ERR Invalid or out of range slot"))
        }
        if let mode, !["async", "sync"].contains(mode.lowercased()) {
            return .refused(.error("ERR syntax error"))
        }
        return .flushed(slot)
    }

    /// What GETKEYSINSLOT asks.
    public static func keys(_ slot: Argument<Int>, _ limit: Argument<Int>) -> SlotQuestion {
        guard let number = slot.value, let limit = limit.value else { return .refused(noNumber) }
        guard let slot = Slot(number), limit >= 0 else {
            return .refused(.error("ERR Invalid slot or number of keys"))
        }
        return .asked(slot, limit: limit)
    }
}
