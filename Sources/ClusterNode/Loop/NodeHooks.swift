// The node as the server around its host: what the store says, what the rules want done with keys and
// clients, and lines for the log.

package import ClusterCore
package import ClusterHost
package import ClusterWire
package import SystemIO

extension Node: ClusterServer {
    package func takeStoreReport() -> StoreReport? {
        guard store.hasNews else { return nil }
        store.markTold()
        return store.report
    }

    package func follow(_ master: NodeAddress?, from offset: ReplicationOffset) {
        store.follow(master, from: offset)
        disturbClients()
    }

    package func dropKeys(in slots: SlotSet) {
        store.dropKeys(in: slots)
        disturbClients()
    }

    package func setWritesPaused(_ arePaused: Bool) { store.holdChanges(arePaused) }

    package func stateMayHaveChanged() { routes.isFresh = false }

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
        case .tooManyStrangers, .strangersHoldTooMuch, .linkOverLimit, .cannotAccept,
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
    func run(_ command: AdminCommand, for client: Client) {
        let (reply, generation) = host.ask(command, from: client.id)
        let place = client.output.count
        client.reply(reply)
        guard let generation else { return }
        clients.hold(client, from: place, until: generation)
        // What a failover promises is taken back when it cannot be saved.
        if case .failover = command { client.held.markUndone(from: place) }
    }

    var areWritesHeld: Bool { store.isHeld }

    var isOutOfMemory: Bool {
        store.isFull || options.maxMemory > 0 && store.heldBytes >= options.maxMemory
    }

    /// Transactions whose watched keys changed will not run.
    func disturbClients() {
        let disturbed = store.disturbed
        store.disturbed = []
        for id in disturbed { clients[id: id]?.isDisturbed = true }
    }
}
