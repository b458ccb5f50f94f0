// Effects and rows as the lines of a scenario: short, stable, and with letters for ids.

import ClusterWire

@testable import ClusterCore

extension RuleScenario {
    /// How the effects of a step are told.
    struct Telling {
        let node: TestNode
        /// Whose the connections were that the step closed.
        let before: TestNode
        /// Whether many steps were taken.
        let isLong: Bool
        /// Whether messages are told with all of their gossip, extensions and flags.
        let isDetailed: Bool
    }
}

extension RuleScenario.Telling {
    /// A line an effect. Of a long time heartbeats, saves, links and timers are counted only, in its last
    /// line.
    func describe(_ outcome: Outcome) -> [String] {
        var sent = outcome.sent[...]
        var lines: [String] = []
        var routine: [(what: String, count: Int)] = []
        for effect in outcome.effects {
            let message = if case .send = effect { sent.popFirst() } else { Outcome.Sent?.none }
            if isLong, let what = routineName(of: effect, message) {
                if let index = routine.firstIndex(where: { $0.what == what }) {
                    routine[index].count += 1
                } else {
                    routine.append((what, 1))
                }
            } else if let line = line(of: effect, message) {
                lines.append(RuleScenario.shortened(line))
            }
        }
        if !routine.isEmpty {
            let counts = routine.map { "\($0.count) \($0.what)" }
            lines.append("routine: \(counts.joined(separator: ", "))")
        }
        return merged(lines)
    }

    private func routineName(of effect: Effect, _ message: Outcome.Sent?) -> String? {
        switch effect {
        case .persist(_, let sync): sync ? "save with sync" : "save"
        case .connect: "connect"
        case .close: "close"
        case .send: message?.body?.heartbeat.flatMap { _ in message?.message.type.name }
        case .timer: "timer"
        case .broadcast, .pauseWrites, .replicate, .dropKeys, .deliver, .reply, .note: nil
        }
    }

    private func line(of effect: Effect, _ message: Outcome.Sent?) -> String? {
        let now = node.now.monotonic
        switch effect {
        case .persist(let generation, let sync):
            return "save \(generation.number)\(sync ? " with sync" : "")"
        case .connect(_, let to): return "connect to \(to)"
        case .close(let link): return "close \(name(of: link))"
        case .send: return message.map { text(of: $0) }
        case .broadcast: return nil  // taken apart by the test node
        case .timer(let time): return "timer in \(time - now) ms"
        case .pauseWrites(let until):
            return until == 0 ? "release writes" : "pause writes for \(until - now) ms"
        case .replicate(let from): return "replicate from \(from.map { "\($0)" } ?? "nobody")"
        case .dropKeys(let set): return "drop keys in \(set)"
        case .deliver(let publication, let toShard):
            return "deliver \(toShard ? "to the shard " : "")\(said(by: publication))"
        case .reply(let reply, _, let save):
            return "reply \(reply)\(save.map { " after save \($0.number)" } ?? "")"
        case .note(let note): return "note \(note)"
        }
    }

    /// Equal lines but for the receiver become one.
    private func merged(_ lines: [String]) -> [String] {
        var result: [String] = []
        for line in lines {
            let parts = line.split(separator: "→", maxSplits: 1)
            guard parts.count == 2, let last = result.last,
                last.split(separator: "→", maxSplits: 1).first == parts.first, last != line
            else {
                result.append(line)
                continue
            }
            result[result.count - 1] = last + parts[1]
        }
        return result
    }

    // MARK: Messages

    private func text(of sent: Outcome.Sent) -> String {
        guard let header = sent.header, let body = sent.body else {
            return "send light \(said(byLight: sent.message)) → \(name(of: sent.link))"
        }
        var text = "send \(body.type.name ?? "?")"
        switch body {
        case .publish(let publication), .publishShard(let publication):
            text += " of \(said(by: publication))"
        default: break
        }
        if case .fail(let id) = body { text += " of \(id)" }
        if case .update(let update) = body {
            text += " of \(update.node) at \(update.configEpoch): \(update.slots)"
        }
        text += " epoch \(header.currentEpoch) config-epoch \(header.configEpoch)"
        text += header.saysMaster ? " master" : " replica of \(header.replicaOf)"
        if !header.slots.isEmpty { text += " slots \(header.slots)" }
        if header.offset != 0 { text += " offset \(header.offset)" }
        if !header.ip.isEmpty { text += " at \(header.ip.text)" }
        if header.flags.contains(.noFailover) { text += " nofailover" }
        if isDetailed {
            if header.flags.contains(.migrateTo) { text += " migrate-to" }
            text += header.saysOK ? " says-ok" : " says-fail"
        }
        let flags = header.messageFlags.subtracting(.extensions).list
        if !flags.isEmpty { text += " \(flags.joined(separator: " "))" }
        if let beat = body.heartbeat { text += said(by: beat) }
        return text + " → \(name(of: sent.link))"
    }

    /// `CHANNEL: MESSAGE`.
    private func said(by publication: Publication) -> String {
        "\(latin1(publication.channel)): \(latin1(publication.message))"
    }

    private func said(byLight message: Message) -> String {
        guard case .light(let light) = message else { return "?" }
        switch light.body {
        case .publish(let publication): return "PUBLISH of \(said(by: publication))"
        case .publishShard(let publication): return "PUBLISHSHARD of \(said(by: publication))"
        case .module: return "MODULE"
        }
    }

    /// Gossip: suspects always, others where details are asked for. Of extensions likewise all but shards.
    private func said(by beat: Heartbeat) -> String {
        var told: [String] = []
        for entry in beat.gossip {
            let isSuspect = !entry.flags.isDisjoint(with: [.pfail, .fail])
            guard isSuspect || isDetailed else { continue }
            var text = "\(entry.node)"
            if entry.flags.contains(.pfail) { text += ":fail?" }
            if entry.flags.contains(.fail) { text += ":fail" }
            if entry.flags.contains(.noAddress) { text += ":noaddr" }
            told.append(text)
        }
        var text = told.isEmpty ? "" : " gossip \(told.joined(separator: ","))"
        for item in beat.extensions {
            switch item.value {
            case .hostname(let name): text += " hostname \(name)"
            case .nodeName(let name): text += " node-name \(name)"
            case .forgottenNode(let id, let seconds): text += " forgotten \(id) for \(seconds)"
            case .shardID(let shard):
                guard isDetailed, let shard else { continue }
                text += " shard \(RuleScenario.letter(of: shard) ?? "?")"
            case .clientIPv4, .clientIPv6, .clientPort, .clientTLSPort, .availabilityZone,
                .internalSecret, .unknown:
                text += " extension \(item.type)"
            }
        }
        return text
    }

    private func name(of link: LinkID) -> String {
        let letter = (node.letter(of: link) ?? before.letter(of: link)).map(String.init) ?? "?"
        if case .inbound = link { return "\(letter)'s connection" }
        return letter
    }
}

extension RuleScenario {
    /// What the machine knows of a node, or of itself.
    func show(_ name: String, _ node: TestNode) throws(Unreadable) -> String {
        guard let letter = name.first, name.count == 1 || name == "myself" else {
            throw Unreadable("show X or myself")
        }
        let handle = name == "myself" ? .myself : node.state.nodes.find(id(letter))
        guard let handle else { return "\(name): unknown" }
        let row = node.state.nodes[handle]
        var text = "\(name):"
        switch row.role {
        case .master: text += " master"
        case .replica(let master?): text += " replica of \(master)"
        case .replica(nil): text += " replica of ?"
        }
        text += " at \(row.hasAddress ? "\(row.address)" : "no address")"
        text += " config-epoch \(row.configEpoch)"
        if !row.slots.isEmpty { text += " slots \(row.slots)" }
        if row.offset != 0 { text += " offset \(row.offset)" }
        if row.condition.isPFail { text += " fail?" }
        if row.condition.isFailed { text += " fail" }
        if row.stage != .member { text += " \(row.stage)" }
        if row.peerFlags.contains(.noFailover) { text += " nofailover" }
        if row.peerFlags.contains(.migrateTo) { text += " migrate-to" }
        if let shard = Self.letter(of: row.shard) { text += " shard \(shard)" }
        if !row.hostname.isEmpty { text += " hostname \(row.hostname)" }
        if !row.nodeName.isEmpty { text += " node-name \(row.nodeName)" }
        let reporters = row.reports.map { "\(node.state.nodes[$0.reporter].id)" }
        if !reporters.isEmpty { text += " reported by \(reporters.joined(separator: " "))" }
        if handle == .myself {
            text += " currentEpoch \(node.state.currentEpoch)"
            text += " lastVoteEpoch \(node.state.lastVoteEpoch)"
            text += node.state.health.isOK ? " cluster ok" : " cluster fail"
        }
        return Self.shortened(text)
    }

    /// The letter of the node whose shard it was at first; nil for one that chance made.
    fileprivate static func letter(of shard: ShardID) -> Character? {
        let name = "\(shard.name)"
        guard let letter = name.last, name == TestNode.shard(letter) else { return nil }
        return letter
    }

    /// Letters for ids of forty equal characters, nothing for the names of modules.
    fileprivate static func shortened(_ line: String) -> String {
        var text = line.replacing("ClusterCore.", with: "").replacing("ClusterWire.", with: "")
        for kind in [
            "Note.", "ClearReason.", "HealthReason.", "EpochReason.", "FailoverKind.",
            "VoteRefusal.", "DeclineReason.", "Ignored.",
        ] {
            text = text.replacing(kind, with: "")
        }
        for letter in "abcdefghijklmnopqrstuvwxyz0123456789" {
            text = text.replacing(String(repeating: letter, count: 40), with: String(letter))
                .replacing("Optional(\(letter))", with: String(letter))
        }
        return text
    }
}
