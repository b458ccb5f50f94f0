// One input and what comes of it: the contract that the shell of a real node keeps too, and the
// checkers that look at each step.

import ClusterCore
import ClusterWire

extension World {
    /// Gives a machine its input and does what it asks for.
    mutating func step(_ node: Int, _ input: Input) {
        guard nodes[node].isUp else { return }
        let instant = nodes[node].instant(at: now)
        guard case .message(.full(let header, let body), _) = input else {
            return take(node, input, at: instant)
        }
        let slots = machines[node].state.slots
        if let beat = body.heartbeat {
            safety.heard(beat.gossip, from: header.sender, by: node, at: now)
        }
        if case .fail(let id) = body {
            safety.heardFail(id, from: header.sender, by: node, at: now)
        }
        if case .vote = body {
            safety.heardVote(header.currentEpoch, from: header.sender, by: node)
        }
        let effects = timed { $0.machines[node].step(input, at: instant) }
        look(at: node, header, body, slots, effects, instant)
        perform(effects, of: node, at: instant)
    }

    /// The same with an input at which no checker looks.
    private mutating func take(_ node: Int, _ input: Input, at instant: Instant) {
        let effects = timed { $0.machines[node].step(input, at: instant) }
        perform(effects, of: node, at: instant)
        if case .command(let command, _) = input { checkAnswer(to: command, effects, of: node) }
    }

    /// Who is told that something is done can rely on it: the save that holds it was waited for.
    private mutating func checkAnswer(
        to command: AdminCommand, _ effects: [Effect], of node: Int
    ) {
        guard command.isSaved, case .persist(let save, _)? = effects.first else { return }
        for case .reply(let reply, _, let waited) in effects where waited != save {
            if case .error = reply { continue }
            fail(.acknowledged, "n\(node) answers '\(command)' before save \(save.number)")
        }
    }

    private mutating func perform(_ effects: [Effect], of node: Int, at instant: Instant) {
        for effect in effects { perform(effect, of: node, at: instant) }
        check(safety.stepped(node, currentEpoch: machines[node].state.currentEpoch))
    }

    /// Does something, and counts the time that it takes if somebody wants to know.
    private mutating func timed<Result>(_ work: (inout World) -> Result) -> Result {
        guard let stopwatch else { return work(&self) }
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
        case .timer(let time):
            if let due = nodes[node].setTimer(at: time, now: now) {
                queue.add(.timer, at: due, node: node, index: Int(nodes[node].incarnation))
            }
        case .note(let note): heard(note, of: node)
        case .reply(let reply, _, let save):
            lastReply = reply
            if let save, save <= nodes[node].disk.inPlace { nodes[node].acknowledged = save }
            if case .error(let text) = reply { trace.record(now, "n\(node) refused: \(text)") }
        case .pauseWrites, .replicate, .dropKeys: break  // keys are not held here
        }
    }

    private mutating func heard(_ note: Note, of node: Int) {
        trace.note(note, of: node, at: now)
        metrics.noted(note, by: node, at: now)
        switch note {
        case .suspected, .heardFailed, .markedFailed, .electionWon, .reset: break
        default: return
        }
        if case .reset = note { trace.nameNode(machines[node].id, of: node) }
        check(
            safety.noted(
                note, by: node, machines[node].state, at: now, nodeTimeout: options.nodeTimeout))
        if case .electionWon = note { checkSuccessor(node) }
    }

    mutating func check(_ problem: Violation?) {
        if let problem { fail(problem.invariant, problem.text) }
    }

    mutating func fail(_ invariant: Invariant, _ text: String) {
        guard violation == nil else { return }
        trace.record(now, "BROKEN \(invariant.rawValue): \(text)")
        violation = Violation(invariant, text, time: now)
    }

    // MARK: Steps

    /// Looks at a step in which a message was heard, if there may be something to see.
    private mutating func look(
        at node: Int, _ header: Header, _ body: Body, _ slots: SlotMap, _ effects: [Effect],
        _ instant: Instant
    ) {
        var votes: [NodeID] = []
        var moved = machines[node].state.slots.assignedCount < slots.assignedCount
        for case .note(let note) in effects {
            switch note {
            case .voteGranted(let candidate, _): votes.append(candidate)
            case .slotsTaken: moved = true
            default: break
            }
        }
        let mayCollide = header.saysMaster && safety.lastSaidEpoch(of: node) == header.configEpoch
        guard moved || mayCollide || !votes.isEmpty else { return }
        let observer = StepChecker(
            node: node, header: header, body: body, before: slots, after: machines[node].state)
        for candidate in votes { check(observer.vote(for: candidate)) }
        if moved { check(observer.slots()) }
        if mayCollide, let breach = observer.collision(at: instant), safety.stayed(node, header) {
            check(breach)
        }
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
        keepsFiles
            ? VirtualDisk.Snapshot(generation: generation, state: state, instant: instant)
            : VirtualDisk.Snapshot(generation: generation, factsOf: state)
    }

    private mutating func write(_ node: Int) {
        let delay = draw(environment.diskDelay) + nodes[node].disk.slowness
        queue.add(.written, at: now + delay, node: node, index: nodes[node].disk.writeNumber)
    }

    mutating func written(_ node: Int, number: Int) {
        guard nodes[node].disk.writeNumber == number else { return }
        guard let done = nodes[node].disk.finish() else { return }
        if done.goesOn { write(node) }
        if done.succeeded {
            safety.saved(node, file: nodes[node].disk.durable)
            step(node, .persisted(done.generation))
        } else {
            step(node, .persistFailed(done.generation, SystemFault("no space left")))
        }
    }
}

extension AdminCommand {
    /// Whether it changes what nodes.conf holds whenever it succeeds, of those that an operator gives
    /// here.
    fileprivate var isSaved: Bool {
        switch self {
        case .addSlotsRange, .setConfigEpoch, .setSlot, .reset, .forget: true
        default: false
        }
    }
}
