// One machine under test: virtual time, a disk that confirms, waits or fails, and peers that answer
// or keep silent. Nodes are named by one letter: node "b" has an id of forty b's and the ports 7001
// and 17001. A topology is arranged through nodes.conf, and everything else goes in as inputs.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

/// The id of the node with this letter.
func id(_ letter: Character) -> NodeID {
    guard let id = NodeID(String(repeating: letter, count: 40)) else {
        preconditionFailure("'\(letter)' is not a letter of ids")
    }
    return id
}

/// Slots in the form of nodes.conf.
func slots(_ text: String) -> SlotSet {
    var set = SlotSet()
    for word in text.split(separator: " ") {
        let bounds = word.split(separator: "-").compactMap { Int($0).flatMap { Slot($0) } }
        guard let first = bounds.first, let last = bounds.last, let range = SlotRange(first, last)
        else { preconditionFailure("'\(word)' are no slots") }
        set.insert(range)
    }
    return set
}

func slot(_ number: Int) -> Slot {
    guard let slot = Slot(number) else { preconditionFailure("\(number) is no slot") }
    return slot
}

func ip(_ text: String) -> IPText {
    guard let ip = IPText(text) else { preconditionFailure("'\(text)' is too long") }
    return ip
}

/// Where the node with this letter lives.
func address(_ letter: Character, ip text: String = "127.0.0.1") -> NodeAddress {
    let port = UInt16(7000 + Peer.number(letter))
    return NodeAddress(ip: ip(text), port: Port(port), busPort: Port(port + 10_000))
}

enum Peer {
    /// "a" is 0; digits follow the letters.
    static func number(_ letter: Character) -> Int {
        let ascii = Int(letter.asciiValue ?? 0)
        return ascii >= 97 ? ascii - 97 : ascii - 48 + 26
    }

    /// The letter of an id of forty equal characters.
    static func letter(_ id: NodeID) -> Character? {
        let text = id.description
        guard let first = text.first, text.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}

/// What a step, or several, asked for.
struct Outcome {
    var effects: [Effect] = []

    struct Sent {
        let message: Message
        let link: LinkID
        /// Whom the link belongs to, if that is a node with a letter.
        let to: Character?

        var header: Header? {
            if case .full(let header, _) = message { return header }
            return nil
        }
        var body: Body? {
            if case .full(_, let body) = message { return body }
            return nil
        }
    }
    fileprivate(set) var sent: [Sent] = []

    var notes: [Note] {
        effects.compactMap { if case .note(let note) = $0 { note } else { nil } }
    }
    var saves: [(generation: Generation, sync: Bool)] {
        effects.compactMap {
            if case .persist(let number, let sync) = $0 { (number, sync) } else { nil }
        }
    }
    var replies: [AdminReply] {
        effects.compactMap { if case .reply(let reply, _, _) = $0 { reply } else { nil } }
    }
    var closed: [LinkID] {
        effects.compactMap { if case .close(let link) = $0 { link } else { nil } }
    }
    var connects: [NodeAddress] {
        effects.compactMap { if case .connect(_, let address) = $0 { address } else { nil } }
    }
    var refusals: [VoteRefusal] {
        notes.compactMap { if case .voteRefused(_, _, let refusal) = $0 { refusal } else { nil } }
    }

    func sent(_ type: MessageType) -> [Sent] { sent.filter { $0.message.type == type } }
    /// The letters of those who were sent this type, in order of sending.
    func receivers(of type: MessageType) -> String { String(sent(type).compactMap(\.to)) }
}

/// One node under test.
struct TestNode {
    enum Disk {
        /// Each synced save is confirmed at once.
        case prompt
        /// Saves wait until the test says what became of them.
        case slow
        /// Each save fails at once.
        case full
    }
    enum Way { case inbound, outbound }

    var machine: Machine
    var now = Instant(monotonic: 1_000_000, wall: 1_700_000_000_000)
    var disk = Disk.prompt
    /// Nodes that neither answer nor take connections.
    var silent: Set<Character> = []
    /// Synced saves whose fate is open.
    private(set) var waiting: [Generation] = []
    /// Letters whose connection to us was opened.
    private var opened: Set<Character> = []

    init(machine: Machine) { self.machine = machine }

    /// A node from short lines, one a node: `letter flags master epoch slots…`, and
    /// `vars currentEpoch lastVoteEpoch`. All links stand and everybody was just heard,
    /// unless `calm` is false.
    init(
        _ lines: String, calm: Bool = true, _ adjust: (inout ClusterConfig) -> Void = { _ in }
    ) {
        var config = ClusterConfig()
        config.nodeTimeout = 5000
        config.failoverWithoutCopy = true
        adjust(&config)
        var random = SplitMix64(seed: 7)
        let now = Instant(monotonic: 1_000_000, wall: 1_700_000_000_000)
        do {
            let state = try NodesFile.parse(
                Array(Self.file(lines).utf8), at: now, random: &random)
            if let letter = Peer.letter(state.myID) {
                config.port = address(letter).port
                config.busPort = address(letter).busPort
            }
            self.init(machine: Machine(state: state, config: config, random: random))
        } catch {
            preconditionFailure("\(error)")
        }
        if calm { becomeCalm() }
    }

    /// A node that was never part of a cluster.
    static func fresh(_ adjust: (inout ClusterConfig) -> Void = { _ in }) -> TestNode {
        var config = ClusterConfig()
        config.nodeTimeout = 5000
        config.failoverWithoutCopy = true
        adjust(&config)
        return TestNode(machine: Machine(fresh: config, random: SplitMix64(seed: 11)))
    }

    /// A node that starts again without slots and knows this many masters with random ids, the n-th at
    /// port 7000 + n with slot n and config epoch n.
    static func large(_ count: Int, seed: UInt64 = 1) throws -> TestNode {
        var random = SplitMix64(seed: 1)
        var text =
            "\(NodeID(using: &random)) 127.0.0.1:7000@17000 myself,master - 0 0 0 connected\n"
        for number in 1...count {
            let port = 7000 + number
            text += "\(NodeID(using: &random)) 127.0.0.1:\(port)@\(port + 10000) master - 0 0 "
            text += "\(number) connected \(number)\n"
        }
        text += "vars currentEpoch \(count) lastVoteEpoch 0\n"
        random = SplitMix64(seed: seed)
        let now = Instant(monotonic: 1_000_000, wall: 1_700_000_000_000)
        let state = try NodesFile.parse(Array(text.utf8), at: now, random: &random)
        return TestNode(machine: Machine(state: state, config: ClusterConfig(), random: random))
    }

    /// Ticks until a connection to each of a large number stands. Returns them, and what was said.
    mutating func connectToAll() -> (links: [LinkID], greetings: [Outcome.Sent]) {
        var links: [LinkID] = []
        var greetings: [Outcome.Sent] = []
        while links.count < state.nodes.count - 1 {
            for case .connect(let link, let to) in tick().effects {
                links.append(link)
                greetings +=
                    step(.linkOpened(link, local: ip("127.0.0.1"), peer: to.ip)).sent
            }
        }
        return (links, greetings)
    }

    /// The node at the other end of one of our own connections, as its headers name it.
    func speaker(on link: LinkID) -> Header? {
        guard let handle = state.target(of: link) else { return nil }
        let row = state.nodes[handle]
        return Header(
            sender: row.id, currentEpoch: state.currentEpoch, configEpoch: row.configEpoch,
            slots: row.slots)
    }

    /// The nodes at the other ends of some of our own connections answer.
    mutating func everybodyAnswers(on links: [LinkID]) {
        for link in links {
            guard let header = speaker(on: link) else { continue }
            step(.message(.full(header, .pong(Heartbeat())), on: link))
        }
    }

    var state: ClusterState { machine.state }

    private static func file(_ lines: String) -> String {
        var text = ""
        var vars = "vars currentEpoch 9 lastVoteEpoch 0\n"
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "vars" {
                vars = "vars currentEpoch \(words[1]) lastVoteEpoch \(words[2])\n"
                continue
            }
            guard let letter = words[0].first, words.count >= 4 else {
                preconditionFailure("no node: \(line)")
            }
            let master = words[2].first.flatMap { $0 == "-" ? nil : $0 }
            text +=
                "\(id(letter)) \(address(letter)),,tls-port=0,shard-id=\(shard(master ?? letter))"
            text += " \(words[1]) \(master.map { id($0).description } ?? "-") 0 0 \(words[3])"
            text += " connected"
            for word in words.dropFirst(4) { text += " \(expand(word))" }
            text += "\n"
        }
        return text + vars
    }

    /// `[5->-b]` with the whole id.
    private static func expand(_ word: Substring) -> String {
        guard word.hasPrefix("["), let letter = word.dropLast().last else { return String(word) }
        return word.dropLast(2) + id(letter).description + "]"
    }

    static func shard(_ letter: Character) -> String {
        String(repeating: "5", count: 39) + String(letter)
    }

    private mutating func becomeCalm() {
        advance(300)
        // Roles, slots and epochs as they were arranged are confirmed by their owners.
        for handle in state.nodes.handles where handle != .myself {
            if let letter = Peer.letter(state.nodes[handle].id) { hears(.ping(), from: letter) }
        }
    }

    // MARK: Steps

    /// One input, and what the disk says of the saves that it asked for.
    @discardableResult
    mutating func step(_ input: Input) -> Outcome {
        var outcome = Outcome()
        run(input, &outcome)
        return outcome
    }

    private mutating func run(_ input: Input, _ outcome: inout Outcome) {
        // What goes to many is looked at message by message.
        let effects = machine.step(input, at: now).flatMap(\.parts)
        outcome.effects += effects
        var fates: [Input] = []
        for effect in effects {
            switch effect {
            case .persist(let generation, let sync):
                switch disk {
                case .prompt: fates.append(.persisted(generation))
                case .slow: if sync { waiting.append(generation) }
                case .full: fates.append(.persistFailed(generation, Self.fault))
                }
            case .send(let message, let link):
                outcome.sent.append(.init(message: message, link: link, to: letter(of: link)))
            case .connect, .close, .broadcast, .timer, .pauseWrites, .replicate, .dropKeys,
                .deliver, .reply, .note:
                break
            }
        }
        for fate in fates { run(fate, &outcome) }
    }

    static let fault = SystemFault("no space left")

    /// The disk answers for all saves that wait.
    @discardableResult
    mutating func saved() -> Outcome {
        guard let last = waiting.last else { return Outcome() }
        waiting = []
        return step(.persisted(last))
    }

    @discardableResult
    mutating func savesFailed() -> Outcome {
        guard let last = waiting.last else { return Outcome() }
        waiting = []
        return step(.persistFailed(last, Self.fault))
    }

    mutating func forgetWaiting() { waiting = [] }

    @discardableResult
    mutating func tick(after milliseconds: Int64 = 100) -> Outcome {
        pass(milliseconds)
        return step(.tick)
    }

    /// Lets time pass without a tick.
    mutating func pass(_ milliseconds: Int64) {
        now.monotonic += milliseconds
        now.wall += milliseconds
    }

    /// Ticks for a while; whoever is not silent takes connections and answers pings.
    @discardableResult
    mutating func advance(_ milliseconds: Int64) -> Outcome {
        var all = Outcome()
        for _ in 0..<(milliseconds / 100) {
            let outcome = tick()
            all.effects += outcome.effects
            all.sent += outcome.sent
            answer(outcome, &all)
        }
        return all
    }

    private mutating func answer(_ outcome: Outcome, _ all: inout Outcome) {
        var next = Outcome()
        for effect in outcome.effects {
            var input: Input?
            switch effect {
            case .connect(let link, let to):
                let letter = Character(UnicodeScalar(UInt8(97 + Int(to.port.value) - 7000)))
                input =
                    silent.contains(letter)
                    ? .linkClosed(link)
                    : .linkOpened(link, local: ip("127.0.0.1"), peer: to.ip)
            case .send(.full(_, .ping), let link):
                guard case .outbound = link, let letter = letter(of: link),
                    !silent.contains(letter)
                else { continue }
                input = .message(.full(header(of: letter), .pong(Heartbeat())), on: link)
            default: break
            }
            if let input { run(input, &next) }
        }
        guard !next.effects.isEmpty else { return }
        all.effects += next.effects
        all.sent += next.sent
        answer(next, &all)
    }

    @discardableResult
    mutating func command(_ words: String) -> Outcome {
        command(words.split(separator: " ").map { Array($0.utf8) })
    }

    @discardableResult
    mutating func command(_ words: [[UInt8]]) -> Outcome {
        do throws(AdminError) {
            return step(.command(try AdminCommand.parse(words), from: ClientID(1)))
        } catch {
            return Outcome(effects: [.reply(.error(error.text), to: ClientID(1))])
        }
    }

    /// The reply to a command.
    mutating func reply(_ words: String) -> AdminReply? { command(words).replies.first }
}
