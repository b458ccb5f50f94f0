// The interpreter of scenario files: lines of inputs in, the same lines with their effects out.
//
// A file is comments (#), an arrangement (`node`, `vars`, `config`, `fresh`), then steps, each a line that
// begins with ">". Lines that begin with "<" are what the step asked for; they are made anew.

import ClusterWire
import Testing

@testable import ClusterCore

struct Scenario {
    struct Fault: Error, CustomStringConvertible {
        let line: Int
        let reason: String
        var description: String { "line \(line): \(reason)" }
    }
    /// Why a step could not be read.
    private struct Unreadable: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private var lines = ""
    private var isFresh = false
    private var settings: [(String, String)] = []
    private var node: TestNode?

    init() {}

    /// Plays a script and returns it with the effects that came of it.
    mutating func play(_ script: String) throws(Fault) -> String {
        var out = ""
        for (index, raw) in script.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = String(raw)
            if line.hasPrefix("<") { continue }
            out += line + "\n"
            do throws(Unreadable) {
                for effect in try take(line) { out += "< \(effect)\n" }
            } catch {
                throw Fault(line: index + 1, reason: error.reason)
            }
        }
        // The last newline of the script made an empty line.
        if out.hasSuffix("\n\n") { out.removeLast() }
        return out
    }

    private mutating func take(_ line: String) throws(Unreadable) -> [String] {
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first, !first.hasPrefix("#") else { return [] }
        switch first {
        case "node": lines += words.dropFirst().joined(separator: " ") + "\n"
        case "vars": lines += words.joined(separator: " ") + "\n"
        case "fresh": isFresh = true
        case "config":
            guard words.count == 3 else { throw Unreadable("config NAME VALUE") }
            settings.append((words[1], words[2]))
        case ">": return try step(Array(words.dropFirst()))
        default: throw Unreadable("'\(first)' begins no line")
        }
        return []
    }

    private mutating func step(_ words: [String]) throws(Unreadable) -> [String] {
        var node: TestNode
        if let known = self.node { node = known } else { node = try arrange() }
        defer { self.node = node }
        guard let verb = words.first else { throw Unreadable("an empty step") }
        var outcome = Outcome()
        switch verb {
        case "tick": outcome = node.tick()
        case "wait":
            guard words.count == 2, let time = Int64(words[1]) else { throw Unreadable("wait MS") }
            outcome = node.advance(time)
        case "silent": node.silent = Set(words.dropFirst().compactMap(\.first))
        case "disk":
            switch words.dropFirst().first {
            case "prompt": node.disk = .prompt
            case "slow": node.disk = .slow
            case "full": node.disk = .full
            default: throw Unreadable("disk prompt, slow or full")
            }
        case "saved": outcome = node.saved()
        case "save-fails": outcome = node.savesFailed()
        case "offset":
            guard words.count == 2, let offset = UInt64(words[1]) else {
                throw Unreadable("offset N")
            }
            outcome = node.step(
                .store(StoreReport(offset: ReplicationOffset(offset), isEmpty: false, copyAge: 0)))
        case "connected": outcome = try connected(words, &node)
        case "command":
            outcome = node.command(words.dropFirst().map { Array(expanded($0).utf8) })
        case "hear": outcome = try hear(words, &node)
        default: throw Unreadable("'\(verb)' is no step")
        }
        return describe(outcome, node, isLong: verb == "wait")
    }

    private func arrange() throws(Unreadable) -> TestNode {
        let settings = self.settings
        var unknown: String?
        let adjust: (inout ClusterConfig) -> Void = { config in
            for (name, value) in settings {
                switch name {
                case "cluster-node-timeout": config.nodeTimeout = Int64(value) ?? 0
                case "failover-without-copy": config.failoverWithoutCopy = value == "yes"
                case "cluster-require-full-coverage": config.requireFullCoverage = value == "yes"
                case "cluster-allow-replica-migration":
                    config.allowReplicaMigration = value == "yes"
                default: unknown = name
                }
            }
        }
        guard isFresh || lines.contains("myself") else { throw Unreadable("nobody is myself") }
        let node = isFresh ? TestNode.fresh(adjust) : TestNode(lines, adjust)
        if let unknown { throw Unreadable("unknown setting \(unknown)") }
        return node
    }

    /// `connected x`: the connection asked for to the address of x stands.
    private func connected(_ words: [String], _ node: inout TestNode) throws(Unreadable) -> Outcome
    {
        guard words.count == 2, let letter = words[1].first else { throw Unreadable("connected X") }
        for handle in node.state.nodes.handles {
            let row = node.state.nodes[handle]
            guard row.address == address(letter), case .connecting(let link, _) = row.outbound
            else {
                continue
            }
            return node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        }
        throw Unreadable("no connection to \(letter) was asked for")
    }

    /// `hear KIND [X] from Y [on our-link] [epoch N] [config-epoch N] [offset N] [slots S,S | none]
    /// [replica-of X | master] [gossip X:FLAG,…] [paused] [forced]`
    private func hear(_ words: [String], _ node: inout TestNode) throws(Unreadable) -> Outcome {
        guard let from = words.firstIndex(of: "from"), from + 1 < words.count, from >= 2,
            let sender = words[from + 1].first
        else { throw Unreadable("hear KIND from X") }
        var options = words[(from + 2)...]
        var changes: [(inout Header) -> Void] = []
        var gossip: [GossipEntry] = []
        var link: LinkID?
        while let word = options.popFirst() {
            switch word {
            case "paused": changes.append { $0.messageFlags.insert(.paused) }
            case "forced": changes.append { $0.messageFlags.insert(.forceAck) }
            case "master":
                changes.append {
                    $0.replicaOf = .zero
                    $0.flags = [.myself, .master]
                }
            default:
                guard let value = options.popFirst() else { throw Unreadable("'\(word)' of what?") }
                if word == "on" {
                    link = try ourLink(to: sender, value, node)
                } else if word == "gossip" {
                    gossip = value.split(separator: ",").compactMap(entry)
                } else {
                    changes.append(try change(word, value))
                }
            }
        }
        let beat = Heartbeat(gossip: GossipSection(gossip))
        let body = try self.body(words[1], about: words[2], beat)
        var header = node.header(of: sender)
        for change in changes { change(&header) }
        return node.step(.message(.full(header, body), on: link ?? node.inbound(sender)))
    }

    private func ourLink(
        to letter: Character, _ word: String, _ node: TestNode
    ) throws(Unreadable) -> LinkID {
        let handle = node.state.nodes.handles.first { handle in
            handle != .myself && node.state.nodes[handle].address == address(letter)
        }
        guard word == "our-link", let handle, let link = node.state.nodes[handle].outbound.openID
        else { throw Unreadable("on our-link, if there is one") }
        return link
    }

    private func change(
        _ word: String, _ value: String
    ) throws(Unreadable) -> (inout Header) -> Void {
        if word == "slots" {
            let set = value == "none" ? SlotSet() : slots(value.replacing(",", with: " "))
            return { $0.slots = set }
        }
        if word == "replica-of", let master = value.first {
            return {
                $0.replicaOf = id(master)
                $0.flags = [.myself, .replica]
            }
        }
        guard let number = UInt64(value) else { throw Unreadable("\(word) '\(value)'") }
        switch word {
        case "epoch": return { $0.currentEpoch = Epoch(number) }
        case "config-epoch": return { $0.configEpoch = Epoch(number) }
        case "offset": return { $0.offset = ReplicationOffset(number) }
        default: throw Unreadable("'\(word)' is no field")
        }
    }

    private func body(
        _ kind: String, about word: String, _ beat: Heartbeat
    ) throws(Unreadable) -> Body {
        switch kind {
        case "ping": return .ping(beat)
        case "pong": return .pong(beat)
        case "meet": return .meet(beat)
        case "vote-request": return .voteRequest
        case "vote": return .vote
        case "mfstart": return .manualFailoverStart
        case "fail":
            guard let letter = word.first, word != "from" else { throw Unreadable("fail of whom?") }
            return .fail(id(letter))
        default: throw Unreadable("'\(kind)' is no kind of message")
        }
    }

    private func entry(_ text: Substring) -> GossipEntry? {
        let parts = text.split(separator: ":")
        guard let letter = parts.first?.first else { return nil }
        switch parts.dropFirst().first {
        case "fail?": return rumour(letter, [.master, .pfail])
        case "fail": return rumour(letter, [.master, .fail])
        default: return rumour(letter)
        }
    }

    /// A word of one letter after "@" is that node's id or port.
    private func expanded(_ word: String) -> String {
        guard let letter = word.last, word.count >= 2 else { return word }
        if word == "@\(letter)" { return id(letter).description }
        if word == "port@\(letter)" { return "\(address(letter).port)" }
        return word
    }
}
