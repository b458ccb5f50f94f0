// One switch from command to handler. Handlers answer in the reference's own words, since tools
// read them. Those that change nothing are in ReadCommands.

import ClusterWire

enum Commands {
    static func run(
        _ command: AdminCommand, for client: ClientID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        context.reply(answer(to: command, &state, &context), to: client)
        // Counts for those alone that ask for a save.
        context.pending.insert(.awaited)
    }

    private static func answer(
        to command: AdminCommand, _ state: inout ClusterState, _ context: inout StepContext
    ) -> AdminReply {
        switch command {
        case .meet(let ip, let port, let busPort):
            TopologyCommands.meet(ip, port, busPort, &state, &context)
        case .forget(let id): TopologyCommands.forget(id, &state, &context)
        case .replicate(let id): TopologyCommands.replicate(id, &state, &context)
        case .replicateNoOne: TopologyCommands.replicateNoOne(&state, &context)
        case .reset(let kind): TopologyCommands.reset(kind, &state, &context)
        case .failover(let kind): FailoverCommand.run(kind, &state, &context)
        case .addSlots(let slots): SlotCommands.change(slots, isAdding: true, &state, &context)
        case .delSlots(let slots): SlotCommands.change(slots, isAdding: false, &state, &context)
        case .addSlotsRange(let ranges):
            SlotCommands.changeRanges(ranges, isAdding: true, &state, &context)
        case .delSlotsRange(let ranges):
            SlotCommands.changeRanges(ranges, isAdding: false, &state, &context)
        case .flushSlots: SlotCommands.flush(&state, &context)
        case .setSlot(let slot, let action): SetSlotCommand.run(slot, action, &state, &context)
        case .setConfigEpoch(let epoch): EpochCommands.set(epoch, &state, &context)
        case .bumpEpoch: EpochCommands.bump(&state, &context)
        case .saveConfig: saveConfig(&context)
        case .myID: .bulk(state.myID.description)
        case .myShardID: .bulk(state.me.shard.description)
        case .nodes, .slots, .shards, .replicas:
            ReadCommands.nodes(command, for: .ipv4, state, context.config, context.now) ?? .ok
        case .info: .text(InfoReport.text(state))
        case .links: .list([])  // connections are the shell's: it answers before it asks here
        case .help: .list(ClusterCommandTable.help.map { .status($0) })
        case .keySlot(let key): .integer(Int64(KeySlot.of(key).value))
        case .countFailureReports(let id): ReadCommands.countFailureReports(id, state, context)
        case .flushSlot(let slot, let mode): ReadCommands.answer(to: .flushed(slot, mode))
        case .countKeysInSlot(let slot): ReadCommands.answer(to: .count(slot))
        case .getKeysInSlot(let slot, let limit): ReadCommands.answer(to: .keys(slot, limit))
        }
    }

    /// The save is asked for, and answered when it is made.
    private static func saveConfig(_ context: inout StepContext) -> AdminReply {
        context.pending.formUnion([.save, .syncedSave])
        return .ok
    }
}
