// One input and what comes of it: the contract that the shell of a real node keeps too. The
// checkers are told of each moment.

import ClusterCore
import ClusterWire
import DataPlane

extension World {
    /// Gives a machine its input and does what it asks for.
    mutating func step(_ node: Int, _ input: Input) {
        guard nodes[node].isUp else { return }
        let instant = nodes[node].instant(at: now)
        if data != nil { tellStore(of: node, at: instant) }
        guard case .message(.full(let header, let body), _) = input else {
            return take(node, input, at: instant)
        }
        let slots = machines[node].state.slots
        tell(.received(header, body, by: node))
        let effects = timed { $0.machines[node].step(input, at: instant) }
        tell(
            .took(
                TakenMessage(
                    node: node, header: header, body: body, before: slots, effects: effects)))
        perform(effects, of: node, at: instant)
    }

    /// The same with a message that no node sent: no checker takes it for one.
    mutating func stepForged(_ node: Int, _ message: Message, _ header: Header, on link: LinkID) {
        guard nodes[node].isUp else { return }
        let instant = nodes[node].instant(at: now)
        if data != nil { tellStore(of: node, at: instant) }
        let before = machines[node].state
        let effects = timed { $0.machines[node].step(.message(message, on: link), at: instant) }
        tell(.forged(ForgedStep(node: node, header: header, link: link, before: before)))
        perform(effects, of: node, at: instant)
    }

    /// The same with an input that is no message.
    mutating func take(_ node: Int, _ input: Input, at instant: Instant) {
        let effects = timed { $0.machines[node].step(input, at: instant) }
        perform(effects, of: node, at: instant)
        if case .command(let command, _) = input { tell(.answered(command, effects, by: node)) }
    }

    private mutating func perform(_ effects: [Effect], of node: Int, at instant: Instant) {
        for effect in effects { perform(effect, of: node, at: instant) }
        tell(.stepped(node))
        if data != nil { settleServer(node) }
    }

    /// Does something, and counts the time that it takes if somebody wants to know.
    private mutating func timed<Result>(_ work: (inout World) -> Result) -> Result {
        guard let stopwatch = metrics.stopwatch else { return work(&self) }
        let begun = stopwatch.nanoseconds()
        defer { metrics.ruleNanoseconds += stopwatch.nanoseconds() - begun }
        return work(&self)
    }

    /// Effects are done in order; a save holds the state as it is after the step; only a save that
    /// is on disk is confirmed.
    private mutating func perform(_ effect: Effect, of node: Int, at instant: Instant) {
        switch effect {
        case .persist(let generation, let sync): save(node, generation, sync: sync, instant)
        case .connect(let link, let address): connect(link, from: node, to: address)
        case .close(let link): close(link, of: node)
        case .send(let message, let link): send(message, on: link, from: node)
        case .broadcast(let message, let links):
            for link in links { send(message, on: link, from: node) }
        case .timer(let time):
            if let due = nodes[node].setTimer(at: time, now: now) {
                schedule.add(.timer, at: due, node: node, index: Int(nodes[node].incarnation))
            }
        case .note(let note): heard(note, of: node)
        case .reply(let reply, _, let save):
            operators.lastReply = reply
            if let save, save <= nodes[node].disk.inPlace { nodes[node].acknowledged = save }
            if case .error(let text) = reply { trace.record(now, "n\(node) refused: \(text)") }
        case .pauseWrites(let until): server(node)?.pauseWrites(until: until)
        case .replicate(let master): follow(master, node)
        case .dropKeys(let slots): server(node)?.store.dropKeys(in: slots)
        case .deliver: break  // nobody subscribes here
        }
    }

    private mutating func heard(_ note: Note, of node: Int) {
        trace.note(note, of: node, at: now)
        metrics.noted(note, by: node, at: now)
        if case .reset = note {
            trace.nameNode(machines[node].id, of: node)
            processes.add(machines[node].id, of: node)
        }
        tell(.noted(note, by: node))
    }

    // MARK: Disks

    private mutating func save(
        _ node: Int, _ generation: Generation, sync: Bool, _ instant: Instant
    ) {
        let file = snapshot(generation, machines[node].state, instant)
        if nodes[node].disk.save(file, sync: sync) { write(node) }
    }

    func snapshot(
        _ generation: Generation, _ state: ClusterState, _ instant: Instant
    ) -> VirtualDisk.Snapshot {
        setup.keepsFiles
            ? VirtualDisk.Snapshot(generation: generation, state: state, instant: instant)
            : VirtualDisk.Snapshot(generation: generation, factsOf: state)
    }

    private mutating func write(_ node: Int) {
        let delay = draw(environment.diskDelay) + nodes[node].disk.slowness
        schedule.add(.written, at: now + delay, node: node, index: nodes[node].disk.writeNumber)
    }

    mutating func written(_ node: Int, number: Int) {
        guard nodes[node].disk.writeNumber == number else { return }
        guard let done = nodes[node].disk.finish() else { return }
        if done.goesOn { write(node) }
        if done.succeeded {
            tell(.saved(node))
            step(node, .persisted(done.generation))
        } else {
            step(node, .persistFailed(done.generation, SystemFault("no space left")))
        }
    }
}
