// One node of a capture played by our rules: a fresh machine in the state of the first messages is fed
// all that the capture shows arriving at that node, with ticks between and the commands that its words
// imply. What the real node then said and what the machine did are kept side by side for ReplayComparison.

import Capture
import ClusterCore
package import ClusterWire
import Determinism

/// The machine in the place of one node.
package struct DifferentialReplay {
    private let capture: IndexedCapture
    private let id: NodeID
    private var machine: Machine
    private let origin: Int64
    private var now: Int64
    private var nextTick: Int64
    /// The first stretch of silence that is still to come.
    private var nextJump = 0
    private(set) var record: ReplayRecord
    private let view: CaptureView
    private var links = ReplayLinks()
    private var commands = InferredCommands()
    /// Steps of the rules since the last tick or event: a message can imply a command a slot.
    private var steps = 0

    private static let tick: Int64 = 100_000_000

    package init(
        _ capture: IndexedCapture, as id: NodeID, nodeTimeout: Int64
    ) throws(IndexedCapture.Refusal) {
        self.capture = capture
        self.id = id
        view = CaptureView(capture, capture.index ?? CaptureIndex(capture), of: id)
        origin = capture.observed.counts.firstTime ?? 0
        now = origin
        nextTick = origin
        var random = SplitMix64(seed: 1)
        var config = ClusterConfig()
        config.nodeTimeout = nodeTimeout
        config.failoverWithoutCopy = true
        if let place = capture.observed.find(id) {
            config.port = capture.observed.nodes[place].port
            config.busPort = capture.observed.nodes[place].busPort
        }
        let state = try capture.start(
            of: id, at: Self.instant(origin, origin), random: &random)
        machine = Machine(state: state, config: config, random: random)
        record = ReplayRecord(node: id, nodeTimeout: nodeTimeout)
    }

    /// Milliseconds of the machine's clocks, which begin well above zero.
    private static func instant(_ time: Int64, _ origin: Int64) -> Instant {
        Instant(
            monotonic: (time - origin) / 1_000_000 + 1_000_000, wall: time / 1_000_000)
    }

    /// Plays the whole capture, or as much of it as the effort allows.
    package mutating func run(_ effort: inout ReplayEffort) -> ReplayResult {
        effort.began(knowing: machine.state.nodes.count)
        record.machine.note(machine.state, at: origin)
        record.machine.noteConditions(machine.state, at: origin)
        if let place = capture.observed.find(id),
            let first = capture.observed.nodes[place].first?.header
        {
            store(first)
        }
        for place in view.events {
            advance(to: capture.events[place].time, &effort)
            guard !effort.isSpent else { break }
            take(capture.events[place])
            effort.stepped(steps)
            steps = 0
        }
        if let last = capture.events.last?.time { advance(to: last, &effort) }
        record.end = now
        return ReplayComparison(record, capture).result()
    }

    /// Ticks up to a time; a capture with a jump of its clock gets a few, not millions.
    private mutating func advance(to time: Int64, _ effort: inout ReplayEffort) {
        while nextTick <= time {
            while nextJump < view.jumps.count, view.jumps[nextJump].from < nextTick {
                nextTick = max(nextTick, view.jumps[nextJump].to)
                nextJump += 1
            }
            effort.ticked(knowing: machine.state.nodes.count)
            guard !effort.isSpent else { return }
            now = max(now, nextTick)
            step(.tick)
            steps = 0
            nextTick += Self.tick
        }
        now = max(now, time)
    }

    private mutating func take(_ event: BusEvent) {
        switch event {
        case .opened(let stream, _, _): opened(stream)
        case .closed(let stream, _, _): closed(stream)
        case .ending: break
        case .item(let item):
            guard case .message(let message) = item.content else { return }
            let speaker = capture.streams[item.stream]?.speaker
            if speaker == id {
                sent(message, item)
            } else if let speaker {
                received(message, item, speaker)
            }
        }
    }
}

extension DifferentialReplay {
    private mutating func opened(_ stream: BusStream) {
        guard let entry = capture.streams[stream.number], !entry.isAnswering, view.arrives(entry),
            let link = links.accept(stream.number)
        else { return }
        open(link, from: stream.destination.host, to: stream.source.host)
    }

    private mutating func open(_ link: LinkID, from local: String, to peer: String) {
        guard let localIP = IPText(local), let peerIP = IPText(peer) else { return }
        step(.linkOpened(link, local: localIP, peer: peerIP))
    }

    private mutating func closed(_ stream: BusStream) {
        if let link = links.closeInbound(stream.number) {
            step(.linkClosed(link))
        } else if capture.streams[stream.number]?.speaker == id,
            capture.streams[stream.number]?.isAnswering == false,
            let link = links.closeOutbound(to: stream.destination.description)
        {
            step(.linkClosed(link))
        }
    }

    /// A message of another node to this one.
    private mutating func received(_ message: Message, _ item: BusItem, _ speaker: NodeID) {
        guard let entry = capture.streams[item.stream], view.arrives(entry) else { return }
        var link: LinkID?
        if entry.isAnswering {
            link = links.outbound(to: item.source.description)
        } else {
            opened(entry.stream)
            link = links.inbound(item.stream)
        }
        if entry.isAnswering, machine.state.nodes.find(speaker) == nil {
            record.unknownNodeAnswered.append(item.time)
        }
        guard let link else {
            record.notCompared["input without a link", default: 0] += 1
            return
        }
        record.lastInput = "\(message.type) from \(speaker.short)"
        if case .full(let header, let body) = message {
            commands.heard(header, at: item.time)
            if body == .voteRequest {
                record.requests.append(
                    ReplayRecord.Request(
                        time: item.time, candidate: header.sender, epoch: header.currentEpoch,
                        input: record.lastInput))
            }
            if case .fail(let failed) = body { record.failReceived.append((item.time, failed)) }
        }
        record.inputs += 1
        step(.message(message, on: link))
    }

    /// A message of the node itself: what the machine is compared with, and what it was told to do.
    private mutating func sent(_ message: Message, _ item: BusItem) {
        guard case .full(let header, let body) = message else { return }
        for command in commands.implied(
            by: header, body, to: item.destination, machine.state, view, at: item.time)
        {
            record.lastInput = "an operator's command"
            step(.command(command, from: ClientID(0)))
        }
        // Its store is not on the bus: its offset is, and a replica that stands says it has a copy.
        store(header)
        record.messages.append(
            ReplayRecord.NodeMessage(
                time: item.time, header: header, body: body,
                to: view.listener(at: item.destination)?.id, input: record.lastInput))
    }

    private mutating func store(_ header: Header) {
        let selfReport = SelfReport(header)
        step(
            .store(
                StoreReport(
                    offset: header.offset, isEmpty: selfReport.slots.isEmpty,
                    copyAge: selfReport.isReplica ? 0 : nil)))
    }

    /// One input through the machine, and what the world would answer.
    private mutating func step(_ input: Input) {
        var inputs = [input]
        // What an effect brings about at once: bounded, since each answer is asked for by an effect.
        var rounds = 0
        var notes: [Note] = []
        while rounds < min(inputs.count, 1000) {
            steps += 1
            for effect in machine.step(inputs[rounds], at: Self.instant(now, origin)) {
                if case .note(let note) = effect { notes.append(note) }
                inputs += answer(effect)
            }
            rounds += 1
        }
        record.machine.note(machine.state, at: now)
        // Whoever changes what is thought of a node says so by a note.
        for note in notes { record.machine.noteCondition(after: note, machine.state, at: now) }
    }

    private mutating func answer(_ effect: Effect) -> [Input] {
        switch effect {
        case .persist(let generation, _): return [.persisted(generation)]
        case .connect(let link, let address): return connect(link, address)
        case .close(let link):
            links.close(link)
            return []
        case .note(let note):
            // Where the node had no connection yet, what it says reaches nobody.
            if case .updateSent(let to, _) = note, !isConnected(to) { return [] }
            record.actions.note(note, at: now)
            return []
        case .send, .broadcast, .timer, .pauseWrites, .replicate, .dropKeys, .deliver,
            .reply:
            return []
        }
    }

    /// Whether the node had a connection of its own to another, or was making one: what is said then
    /// waits for it.
    private func isConnected(_ other: NodeID) -> Bool {
        let making: Int64 = 10_000_000
        guard let place = capture.observed.find(other) else { return false }
        let node = capture.observed.nodes[place]
        return view.connections(to: node.host ?? "", node.busPort).contains { entry in
            (entry.opened ?? .min) <= now + making && (entry.closed ?? .max) > now
        }
    }

    /// A connection stands if the capture has one there now or within a moment.
    private mutating func connect(_ link: LinkID, _ address: NodeAddress) -> [Input] {
        let moment: Int64 = 1_000_000_000
        let found = view.connections(to: address.ip.text, address.busPort).first { entry in
            (entry.opened ?? .min) <= now + moment && (entry.closed ?? .max) > now
        }
        guard let found, let local = IPText(found.stream.source.host) else {
            return [.linkClosed(link)]
        }
        links.connect(link, to: found.stream.destination.description)
        return [.linkOpened(link, local: local, peer: address.ip)]
    }
}
