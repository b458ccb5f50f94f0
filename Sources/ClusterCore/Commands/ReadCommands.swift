// Commands that change nothing.

package import ClusterWire

enum ReadCommands {
    static func answer(
        to command: AdminCommand, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        switch command {
        case .myID: .bulk(state.myID.description)
        case .myShardID: .bulk(state.me.shard.description)
        case .nodes: .text(NodeLine.all(state, context.now))
        case .info: .text(InfoReport.text(state))
        case .slots: SlotsReport.reply(state, context.config)
        case .shards: ShardsReport.reply(state, context.config)
        case .help: .list(helpLines.map { .status($0) })
        case .keySlot(let key): .integer(Int64(KeySlot.of(key).value))
        case .countFailureReports(let id): countFailureReports(id, state, context)
        case .replicas(let id): replicas(id, state, context)
        case .countKeysInSlot(let text):
            switch SlotQuestion.count(text) {
            case .asked: .integer(0)
            case .refused(let reply): reply
            }
        case .getKeysInSlot(let slot, let count):
            switch SlotQuestion.keys(slot, count) {
            case .asked: .list([])
            case .refused(let reply): reply
            }
        default: .error("ERR not a reading command")
        }
    }

    private static func countFailureReports(
        _ id: String, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        guard let handle = NodeID(id).flatMap({ state.nodes.findHeard($0) }) else {
            return .error("ERR Unknown node \(id)")
        }
        let oldest = context.now.monotonic - context.config.reportValidity
        return .integer(Int64(state.nodes[handle].reports.count { $0.at >= oldest }))
    }

    private static func replicas(
        _ id: String, _ state: ClusterState, _ context: StepContext
    ) -> AdminReply {
        guard let handle = NodeID(id).flatMap({ state.nodes.findHeard($0) }) else {
            return .error("ERR Unknown node \(id)")
        }
        guard state.nodes[handle].isMaster else {
            return .error("ERR The specified node is not a master")
        }
        return .list(
            state.replicas(of: state.nodes[handle].id)
                .map { .bulk(NodeLine.text($0, state, context.now)) })
    }

    private static let helpLines = [
        "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ADDSLOTS <slot> [<slot> ...]",
        "    Assign slots to this node.",
        "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    Assign ranges of slots to this node.",
        "BUMPEPOCH",
        "    Take the next config epoch without asking the other nodes.",
        "COUNT-FAILURE-REPORTS <node-id>",
        "    How many masters report this node as failing.",
        "COUNTKEYSINSLOT <slot>",
        "    How many keys a slot holds.",
        "DELSLOTS <slot> [<slot> ...]",
        "    Take slots from whoever owns them, in this node's table.",
        "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    The same, for ranges.",
        "FAILOVER [FORCE|TAKEOVER]",
        "    Let this replica take its master's place.",
        "FLUSHSLOTS",
        "    Give up all slots of this node.",
        "FORGET <node-id>",
        "    Remove a node from the table.",
        "GETKEYSINSLOT <slot> <count>",
        "    Names of keys in a slot.",
        "INFO",
        "    The state of the cluster as this node sees it.",
        "KEYSLOT <key>",
        "    The slot of a key.",
        "LINKS",
        "    The connections to and from other nodes.",
        "MEET <ip> <port> [<bus-port>]",
        "    Join the node at this address.",
        "MYID",
        "    The id of this node.",
        "MYSHARDID",
        "    The id of the shard of this node.",
        "NODES",
        "    All known nodes, a line each.",
        "REPLICAS <node-id>",
        "    The replicas of a master, a line each.",
        "REPLICATE <node-id>",
        "    Make this node a replica of a master.",
        "RESET [HARD|SOFT]",
        "    Forget all other nodes and slots.",
        "SAVECONFIG",
        "    Save the configuration of the cluster.",
        "SET-CONFIG-EPOCH <epoch>",
        "    Set the config epoch of a new node.",
        "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
        "    Set the state of a slot.",
        "SHARDS",
        "    The shards, with their slots and nodes.",
        "SLOTS",
        "    The slots, with the nodes that serve them.",
        "HELP",
        "    Print this help.",
    ]
}

/// A question about the keys of a slot: the words are judged here, the store answers.
///
/// - Source: bus protocol §9.1.
package enum SlotQuestion: Equatable, Sendable {
    /// The keys of this slot, at most so many.
    case asked(Slot, limit: Int)
    case refused(AdminReply)

    private static let noNumber = AdminReply.error("ERR value is not an integer or out of range")

    /// COUNTKEYSINSLOT.
    package static func count(_ slot: String) -> SlotQuestion {
        guard let number = SlotText.number(slot) else { return .refused(noNumber) }
        guard let slot = Slot(number) else { return .refused(.error("ERR Invalid slot")) }
        return .asked(slot, limit: .max)
    }

    /// GETKEYSINSLOT.
    package static func keys(_ slot: String, _ limit: String) -> SlotQuestion {
        guard let number = SlotText.number(slot), let limit = SlotText.number(limit) else {
            return .refused(noNumber)
        }
        guard let slot = Slot(number), limit >= 0 else {
            return .refused(.error("ERR Invalid slot or number of keys"))
        }
        return .asked(slot, limit: limit)
    }
}
