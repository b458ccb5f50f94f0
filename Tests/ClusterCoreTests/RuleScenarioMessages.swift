// The step `receive` of a scenario: a message as its sender would say it of itself, but for what the line says
// otherwise, and the connection on which it comes.

import ClusterWire

@testable import ClusterCore

extension RuleScenario {
    /// What a line says of a message.
    private struct Draft {
        var changes: [(inout Header) -> Void] = []
        var gossip: [GossipEntry] = []
        var extensions: [PingExtension] = []
        var link: LinkID?
        var publication = Publication(channel: [], message: [])
    }

    func receive(_ words: inout Words, _ node: inout TestNode) throws(Unreadable) -> Outcome {
        let kind = try words.word("a kind of message")
        let subject = try subject(of: kind, &words)
        try words.keyword("from")
        let sender = try words.letter("the sender")
        var draft = Draft()
        while let word = words.next() {
            try take(word, &words, from: sender, node, &draft)
        }
        let link = draft.link ?? node.inbound(sender)
        if kind == "light" || kind == "light-to-shard" {
            let light: LightBody =
                kind == "light" ? .publish(draft.publication) : .publishShard(draft.publication)
            return node.step(.message(.light(LightMessage(light)), on: link))
        }
        let beat = Heartbeat(gossip: GossipSection(draft.gossip), extensions: draft.extensions)
        let body: Body
        if let subject { body = subject } else { body = try self.body(kind, beat, draft) }
        var header = node.header(of: sender)
        if !draft.extensions.isEmpty { header.messageFlags.insert(.extensions) }
        for change in draft.changes { change(&header) }
        return node.step(.message(.full(header, body), on: link))
    }

    /// `fail of X`, `update of X at EPOCH: SLOTS` and `refusal of EPOCH` are about something.
    private func subject(of kind: String, _ words: inout Words) throws(Unreadable) -> Body? {
        switch kind {
        case "fail":
            try words.keyword("of")
            return .fail(id(try words.letter("who failed")))
        case "update":
            try words.keyword("of")
            let owner = try words.letter("the owner")
            try words.keyword("at")
            let epoch = try words.word("EPOCH:")
            guard let number = UInt64(epoch.dropLast()) else { throw Unreadable("at EPOCH:") }
            return .update(
                SlotUpdate(configEpoch: Epoch(number), node: id(owner), slots: try words.slots()))
        case "refusal":
            try words.keyword("of")
            let epoch: UInt64 = try words.number("EPOCH")
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: epoch >> UInt64(56 - 8 * $0)) }
            return .unknown(.voteRefusal, bytes + [UInt8](repeating: 0, count: 8))
        default: return nil
        }
    }

    private func body(
        _ kind: String, _ beat: Heartbeat, _ draft: Draft
    ) throws(Unreadable) -> Body {
        switch kind {
        case "ping": return .ping(beat)
        case "pong": return .pong(beat)
        case "meet": return .meet(beat)
        case "vote-request": return .voteRequest
        case "vote": return .vote
        case "mfstart": return .manualFailoverStart
        case "publish": return .publish(draft.publication)
        case "publish-to-shard": return .publishShard(draft.publication)
        case "unknown": return .unknown(MessageType(rawValue: 99), [])
        default: throw Unreadable("'\(kind)' is no kind of message")
        }
    }

    private func take(
        _ word: String, _ words: inout Words, from sender: Character, _ node: TestNode,
        _ draft: inout Draft
    ) throws(Unreadable) {
        switch word {
        case "on": draft.link = try link(&words, of: sender, node)
        case "gossip":
            for part in try words.word("gossip of whom").split(separator: ",") {
                draft.gossip.append(try entry(part, node))
            }
        case "extensions": draft.changes.append { $0.messageFlags.insert(.extensions) }
        case "says":
            draft.publication.channel = Array(try words.word("a channel").utf8)
            draft.publication.message = Array(try words.word("a message").utf8)
        case "hostname": draft.extensions.append(.hostname(try words.word("a name")))
        case "node-name": draft.extensions.append(.nodeName(try words.word("a name")))
        case "shard":
            guard let shard = ShardID(TestNode.shard(try words.letter("whose shard"))) else {
                throw Unreadable("shard X")
            }
            draft.extensions.append(.shardID(shard))
        case "forgotten":
            let who = id(try words.letter("who is forgotten"))
            try words.keyword("for")
            let seconds: UInt64 = try words.number("SECONDS")
            draft.extensions.append(.forgottenNode(who, secondsLeft: seconds))
        default: draft.changes.append(try change(word, &words))
        }
    }

    /// `our-link`, which we made to the sender, `link-to X`, which we made to another, or
    /// `connection-of X`, which another made to us.
    private func link(
        _ words: inout Words, of sender: Character, _ node: TestNode
    ) throws(Unreadable) -> LinkID {
        let word = try words.word("which connection")
        let letter = word == "our-link" ? sender : try words.letter("whose connection")
        if word == "connection-of" { return .inbound(UInt32(Peer.number(letter))) }
        guard word == "our-link" || word == "link-to",
            let link = row(at: letter, node)?.outbound.openID
        else { throw Unreadable("there is no such connection") }
        return link
    }

    private func change(
        _ word: String, _ words: inout Words
    ) throws(Unreadable) -> (inout Header) -> Void {
        switch word {
        case "paused": return { $0.messageFlags.insert(.paused) }
        case "forced": return { $0.messageFlags.insert(.forceAck) }
        case "takes-light": return { $0.flags.insert(.lightPublish) }
        case "nofailover": return { $0.flags.insert(.noFailover) }
        case "master":
            return {
                $0.replicaOf = .zero
                $0.flags = [.myself, .master]
            }
        case "replica-of":
            let master = id(try words.letter("the master"))
            return {
                $0.replicaOf = master
                $0.flags = [.myself, .replica]
            }
        case "slots":
            let slots = try words.slots()
            return { $0.slots = slots }
        case "at":
            let place = try words.word("IP")
            return { $0.ip = ip(place) }
        case "bus-port":
            let port: UInt16 = try words.number("PORT")
            return { $0.busPort = Port(port) }
        case "epoch", "config-epoch", "offset":
            let number: UInt64 = try words.number("N")
            if word == "epoch" { return { $0.currentEpoch = Epoch(number) } }
            if word == "config-epoch" { return { $0.configEpoch = Epoch(number) } }
            return { $0.offset = ReplicationOffset(number) }
        default: throw Unreadable("'\(word)' is no part of a message")
        }
    }

    /// `X`, with `:FLAG` for each flag, `:pong` for a PONG of this second and `@IP` for another address;
    /// `invalid` for an id that is none.
    private func entry(_ text: Substring, _ node: TestNode) throws(Unreadable) -> GossipEntry {
        let halves = text.split(separator: "@")
        let parts = halves[0].split(separator: ":")
        guard let letter = parts.first?.first else { throw Unreadable("gossip of whom?") }
        var entry = rumour(letter)
        if parts[0] == "invalid" {
            entry.node = .zero
        } else if parts[0].count != 1 {
            throw Unreadable("'\(parts[0])' is no letter of a node")
        }
        if halves.count == 2 { entry.address = address(letter, ip: String(halves[1])) }
        for flag in parts.dropFirst() {
            switch flag {
            case "fail?": entry.flags.insert(.pfail)
            case "fail": entry.flags.insert(.fail)
            case "noaddr": entry.flags.insert(.noAddress)
            case "handshake": entry.flags.insert(.handshake)
            case "nofailover": entry.flags.insert(.noFailover)
            case "replica": entry.flags = entry.flags.subtracting(.master).union(.replica)
            case "pong":
                entry.pongReceived = UInt32(truncatingIfNeeded: node.now.wall / 1000)
            default: throw Unreadable("'\(flag)' is no flag")
            }
        }
        return entry
    }
}
