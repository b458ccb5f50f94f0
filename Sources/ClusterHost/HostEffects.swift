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
        case .timer(let time): clock.setTimer(at: time)
        case .pauseWrites(let until):
            // The rules say 0 where a pause ends.
            clock.writesPausedUntil = until == 0 ? nil : until
            server?.setWritesPaused(until != 0)
        case .replicate(let master):
            server?.follow(master, from: machine.state.me.offset)
        case .dropKeys(let slots): server?.dropKeys(in: slots)
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
    }

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
