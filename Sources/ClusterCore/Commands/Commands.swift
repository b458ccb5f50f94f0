// One switch from command to handler. Handlers answer in the reference's own words, since tools
// read them.

import ClusterWire

enum Commands {
    static func run(
        _ command: AdminCommand, for client: ClientID, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        turn.reply(answer(to: command, &state, &turn), to: client)
        // Counts for those alone that ask for a save.
        turn.pending.insert(.awaited)
    }

    private static func answer(
        to command: AdminCommand, _ state: inout ClusterState, _ turn: inout Turn
    ) -> AdminReply {
        switch command {
        case .meet(let ip, let port, let busPort):
            TopologyCommands.meet(ip, port, busPort, &state, &turn)
        case .forget(let id): TopologyCommands.forget(id, &state, &turn)
        case .replicate(let id): TopologyCommands.replicate(id, &state, &turn)
        case .reset(let option): TopologyCommands.reset(option, &state, &turn)
        case .failover(let option): FailoverCommand.run(option, &state, &turn)
        case .addSlots(let words): SlotCommands.change(words, isAdding: true, &state, &turn)
        case .delSlots(let words): SlotCommands.change(words, isAdding: false, &state, &turn)
        case .addSlotsRange(let words):
            SlotCommands.changeRanges(words, isAdding: true, &state, &turn)
        case .delSlotsRange(let words):
            SlotCommands.changeRanges(words, isAdding: false, &state, &turn)
        case .flushSlots: SlotCommands.flush(&state, &turn)
        case .setSlot(let words): SetSlotCommand.run(words, &state, &turn)
        case .setConfigEpoch(let text): EpochCommands.set(text, &state, &turn)
        case .bumpEpoch: EpochCommands.bump(&state, &turn)
        case .saveConfig: saveConfig(&turn)
        case .myID, .myShardID, .nodes, .info, .slots, .shards, .links, .help, .keySlot,
            .countFailureReports, .replicas, .countKeysInSlot, .getKeysInSlot:
            ReadCommands.answer(to: command, state, turn)
        }
    }

    /// The save is asked for, and answered when it is made.
    private static func saveConfig(_ turn: inout Turn) -> AdminReply {
        turn.pending.formUnion([.save, .syncedSave])
        return .ok
    }
}
