// The node as the server around its host: what the store says, what the rules want done with keys and
// clients, and lines for the log.

package import ClusterCore
package import ClusterHost
package import ClusterWire
import DataPlane
package import SystemIO

extension Node: ClusterServer {
    package func takeStoreReport() -> StoreReport? {
        storeReport()
    }

    package func follow(_ master: NodeAddress?, from offset: ReplicationOffset) {
        followMaster(master, from: offset)
    }

    package func dropKeys(in slots: SlotSet) {
        store.dropKeys(in: slots)
        disturbClients()
    }

    package func setWritesPaused(_ arePaused: Bool) {
        store.holdChanges(arePaused || clients.pause.isOn)
    }

    package func deliver(_ publication: Publication, toShard: Bool) {
        _ = clients.deliver(publication, toShard: toShard, self)
    }

    package func stateMayHaveChanged() {
        routes.isFresh = false
        clients.noteShardSlots(self)
    }

    package func saveIsInPlace(upTo generation: Generation) { clients.placed(upTo: generation) }

    package func saveFailed(upTo generation: Generation, because error: SystemError) {
        clients.failed(upTo: generation, because: error, self)
    }

    package func note(_ note: HostNote) {
        switch note {
        case .rules(.ignored(let what, let id)):
            let (kind, text) = NoteText.refusal(what, from: id)
            log.refuse(kind, text)
        case .rules(let fact):
            if let (level, text) = NoteText(state: host.machine.state).line(fact) {
                log.say(level, text)
            }
        case .pinging(let id, let silence):
            let name = NoteText(state: host.machine.state).full(id)
            log.say(.debug, "Sending ping packet to node \(name) last heard \(silence) ms ago")
        case .tooManyUnknownConnections, .unknownConnectionsHoldTooMuch, .linkOverLimit,
            .cannotAccept,
            .cannotWatchLink, .cannotWatchListener, .waitingFailed, .lastSaveFailed, .restored,
            .fileRemark, .fileLoses:
            if let kind = note.repeatedKind {
                log.refuse(kind, note.text)
            } else {
                log.write(.warning, note.text)
            }
        }
    }
}

// MARK: - What clients' commands ask

extension Node {
    /// A command for the rules. Its reply stands in the client's output at once, and is kept back with all
    /// that comes behind it until the save that it waits for.
    func run(_ command: AdminCommand, for context: ServerContext) -> CommandResult {
        let (answer, save) = host.ask(
            command, from: context.client.id, over: context.client.origin.family)
        let place = context.reply.count
        context.reply.write(answer)
        if let save { clients.hold(context.client, from: place, until: save) }
        if case .error(let text) = answer { return .wroteError(CommandError(text)) }
        // A master that could not be followed may have changed.
        if case .replicate = command { replication.tryAgain(at: wake.monotonic) }
        guard save != nil else { return .replied }
        // What a failover promises is taken back when it cannot be saved.
        if case .failover = command { context.client.replies.held.markUndone(from: place) }
        return .replied
    }

    var areWritesHeld: Bool { store.isHeld }

    var isOutOfMemory: Bool {
        store.isFull || options.maxMemory > 0 && store.heldBytes >= options.maxMemory
    }

    /// Gives up keys, as far as settings allow, and not while nothing may change.
    /// - Returns: whether a command may take memory now.
    func makeRoom() -> Bool {
        // It waits, and is asked again.
        guard !areWritesHeld else { return true }
        store.evict(by: options.eviction) { !isOutOfMemory }
        if store.hasDisturbed { disturbClients() }
        return !isOutOfMemory
    }

    /// Transactions whose watched keys changed will not run.
    func disturbClients() {
        for watcher in store.takeDisturbed() {
            clients[id: ClientID(watcher.number)]?.transaction.isDisturbed = true
        }
    }
}
