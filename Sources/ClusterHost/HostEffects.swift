// Carries out the effects of a step, in one exhaustive switch. Nothing here decides anything: what is done is
// for the rules, and how links, saves and times work is in HostLinks, HostSaves and HostClock.

import ClusterCore
import ClusterWire
import SystemIO

extension ClusterHost {
    func perform(_ effect: Effect) {
        switch effect {
        case .persist(let generation, let sync): saves.want(generation, sync: sync)
        case .connect(let link, let address): connect(link, to: address)
        case .close(let link): close(link)
        case .send(let message, let link):
            guard let frame = message.encode() else { return }
            send(frame, on: link)
            if probes.tellsPings { tellPing(message, on: link) }
        case .broadcast(let message, let links):
            guard let frame = message.encode() else { return }
            for link in links { send(frame, on: link) }
            if message.type.isPublication {
                self.links.figures.publishedBytes.sent &+= UInt64(frame.count * links.count)
            }
        case .timer(let time): clock.setTimer(at: time)
        case .pauseWrites(let until):
            // The rules say 0 where a pause ends.
            clock.writesPausedUntil = until == 0 ? nil : until
            server?.setWritesPaused(until != 0)
        case .replicate(let master):
            server?.follow(master, from: machine.state.me.offset)
        case .dropKeys(let slots): server?.dropKeys(in: slots)
        case .deliver(let publication, let toShard):
            server?.deliver(publication, toShard: toShard)
        case .reply(let reply, _, let generation): saves.answer = (reply, generation)
        case .note(let fact): note(.rules(fact))
        }
    }

    private func send(_ frame: [UInt8], on id: LinkID) {
        guard let link = links[id: id] else { return }
        link.enqueue(frame)
        links.figures.sentBytes &+= UInt64(frame.count)
        if let observer = probes.observer { observer(.sent(frame, on: id)) }
        links.markDirty(link)
        // So many publications may come up in one wake-up that a link would end over its limit though the other
        // end reads. What was sent waits for no save: the rules send nothing that does.
        if link.queuedBytes > Self.writtenAtOnce, !link.isConnecting { _ = link.flush() }
    }

    /// Bytes that may be queued for a link before the end of a wake-up.
    private static let writtenAtOnce = 1 << 20

    /// Notes each PING that is sent, if the probe `tellsPings` asks for it.
    private func tellPing(_ message: Message, on link: LinkID) {
        guard case .full(_, .ping) = message, let node = machine.state.target(of: link) else {
            return
        }
        let known = machine.state.nodes[node]
        let silence = max(0, Instant.now.monotonic - known.heardAt)
        note(.pinging(known.id, silentFor: silence))
    }

    /// What was sent on it goes out first: a link that is closed is not there at the end of the wake-up.
    private func close(_ id: LinkID) {
        guard let link = links[id: id] else { return }
        if !link.isConnecting { _ = link.flush() }
        if let observer = probes.observer { observer(.closed(id, byUs: true)) }
        links.remove(link)
    }
}
