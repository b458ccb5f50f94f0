// One switch from command to handler. Handlers answer in the reference's own words, since tools
// read them.

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
        case .reset(let option): TopologyCommands.reset(option, &state, &context)
        case .failover(let option): FailoverCommand.run(option, &state, &context)
        case .addSlots(let words): SlotCommands.change(words, isAdding: true, &state, &context)
        case .delSlots(let words): SlotCommands.change(words, isAdding: false, &state, &context)
        case .addSlotsRange(let words):
            SlotCommands.changeRanges(words, isAdding: true, &state, &context)
        case .delSlotsRange(let words):
            SlotCommands.changeRanges(words, isAdding: false, &state, &context)
        case .flushSlots: SlotCommands.flush(&state, &context)
        case .setSlot(let words): SetSlotCommand.run(words, &state, &context)
        case .setConfigEpoch(let text): EpochCommands.set(text, &state, &context)
        case .bumpEpoch: EpochCommands.bump(&state, &context)
        case .saveConfig: saveConfig(&context)
        case .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
            .countFailureReports, .replicas, .countKeysInSlot, .getKeysInSlot:
            ReadCommands.answer(to: command, state, context)
        }
    }

    /// The save is asked for, and answered when it is made.
    private static func saveConfig(_ context: inout StepContext) -> AdminReply {
        context.pending.formUnion([.save, .syncedSave])
        return .ok
    }
}
