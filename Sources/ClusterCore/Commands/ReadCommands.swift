// Commands that change nothing, as far as they are more than a report.

public import ClusterWire

enum ReadCommands {
    static func countFailureReports(
        _ id: Argument<NodeID>, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR Unknown node \(id.word)")
        }
        let oldest = context.now.monotonic - context.config.reportValidity
        return .integer(Int64(state.nodes[handle].reports.count { $0.at >= oldest }))
    }

    static func replicas(
        _ id: Argument<NodeID>, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        guard let handle = id.value.flatMap({ state.nodes.findMember($0) }) else {
            return .error("ERR Unknown node \(id.word)")
        }
        guard state.nodes[handle].isMaster else {
            return .error("ERR The specified node is not a master")
        }
        return .list(
            state.replicas(of: state.nodes[handle].id)
                .map { .bulk(NodeLine.text($0, state, context.now)) })
    }

    /// What a node without keys answers.
    static func answer(to question: SlotQuestion) -> AdminReply {
        switch question {
        case .asked(_, .max): .integer(0)
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
    /// The words are wrong: this is the reply.
    case refused(AdminReply)

    private static let noNumber = AdminReply.error("ERR value is not an integer or out of range")

    /// What COUNTKEYSINSLOT asks.
    public static func count(_ slot: Argument<Int>) -> SlotQuestion {
        guard let number = slot.value else { return .refused(noNumber) }
        guard let slot = Slot(number) else { return .refused(.error("ERR Invalid slot")) }
        return .asked(slot, limit: .max)
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
