// The interpreter of the scenario files of the rules: lines of inputs in, the same lines with their effects
// out. The language is described in Fixtures/README.md: comments (#), an arrangement (`node`, `vars`,
// `config`, `fresh`, `details`), situations, and steps, each on a line that begins with ">". Lines that begin
// with "<" are what the step asked for; they are made anew. Messages are read in RuleScenarioMessages,
// effects are written in RuleScenarioText.

import ClusterWire
import Testing

@testable import ClusterCore

struct RuleScenario {
    struct Fault: Error, CustomStringConvertible {
        let file: String
        let line: Int
        let reason: String
        var description: String { "\(file):\(line): \(reason)" }
    }
    /// Why a line could not be read.
    struct Unreadable: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }
    /// What the machine is made from.
    struct Arrangement {
        var lines = ""
        var isFresh = false
        var settings: [(name: String, value: String)] = []
    }

    /// What stands before the first situation holds for all.
    private var shared = Arrangement()
    private var own: Arrangement?
    private var node: TestNode?
    private var isDetailed = false

    /// Plays a script and returns it with the effects that came of it.
    mutating func play(_ script: String, named file: String = "script") throws(Fault) -> String {
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
                throw Fault(file: file, line: index + 1, reason: error.reason)
            }
        }
        // The last newline of the script made an empty line.
        if out.hasSuffix("\n\n") { out.removeLast() }
        return out
    }

    private mutating func take(_ line: String) throws(Unreadable) -> [String] {
        var words = Words(line)
        guard let first = words.next(), !first.hasPrefix("#") else { return [] }
        if first == ">" { return try step(&words) }
        if first == "situation" {
            guard !words.isAtEnd else { throw Unreadable("a situation has a title") }
            (own, node) = (shared, nil)
            return []
        }
        guard node == nil else { throw Unreadable("'\(first)' after a step: begin a situation") }
        if first == "details" {
            isDetailed = true
            return []
        }
        var arrangement = own ?? shared
        switch first {
        case "node": arrangement.lines += words.rest.joined(separator: " ") + "\n"
        case "vars": arrangement.lines += "vars \(words.rest.joined(separator: " "))\n"
        case "fresh": arrangement.isFresh = true
        case "config":
            let setting = (name: try words.word("a setting"), value: try words.word("its value"))
            arrangement.settings.append(setting)
        default: throw Unreadable("'\(first)' begins no line")
        }
        if own == nil { shared = arrangement } else { own = arrangement }
        return []
    }

    private mutating func step(_ words: inout Words) throws(Unreadable) -> [String] {
        var node: TestNode
        if let known = self.node { node = known } else { node = try arrange(own ?? shared) }
        let before = node
        defer { self.node = node }
        let verb = try words.word("a step")
        if verb == "show" {
            var lines: [String] = []
            while let name = words.next() { lines.append(try show(name, node)) }
            return lines
        }
        let outcome = try act(verb, &words, &node)
        guard words.isAtEnd else { throw Unreadable("'\(words.rest.first ?? "")' is too much") }
        return Telling(
            node: node, before: before, isLong: verb == "wait", isDetailed: isDetailed
        ).describe(outcome)
    }

    private func act(
        _ verb: String, _ words: inout Words, _ node: inout TestNode
    ) throws(Unreadable) -> Outcome {
        switch verb {
        case "tick": return node.tick()
        case "wait": return node.advance(try words.number("MS"))
        case "pass": node.pass(try words.number("MS"))
        case "timer": return node.step(.timer)
        case "silent":
            node.silent = []
            while let word = words.next() { node.silent.formUnion(word.prefix(1)) }
        case "disk":
            let fates: [String: TestNode.Disk] = ["prompt": .prompt, "slow": .slow, "full": .full]
            guard let fate = fates[try words.word("prompt, slow or full")] else {
                throw Unreadable("disk prompt, slow or full")
            }
            node.disk = fate
        case "saved": return node.saved()
        case "save-fails": return node.savesFailed()
        case "store": return node.step(.store(try report(&words)))
        case "connected", "lost", "connects": return try link(verb, &words, &node)
        case "publish", "publish-to-shard":
            let publication = Publication(
                channel: Array(try words.word("a channel").utf8),
                message: Array(words.rest.joined(separator: " ").utf8))
            while words.next() != nil {}
            return node.step(.publish(publication, toShard: verb != "publish"))
        case "command":
            var given: [[UInt8]] = []
            while let word = words.next() { given.append(Array(expanded(word).utf8)) }
            return node.command(given)
        case "configure":
            var config = node.machine.config
            try set(try words.word("a setting"), try words.word("its value"), &config)
            return node.step(.configure(config))
        case "unreadable": return try unreadable(&words, &node)
        case "receive": return try receive(&words, &node)
        default: throw Unreadable("'\(verb)' is no step")
        }
        return Outcome()
    }

    /// A frame of which no message comes to the rules.
    private func unreadable(
        _ words: inout Words, _ node: inout TestNode
    ) throws(Unreadable) -> Outcome {
        try words.keyword("ping")
        try words.keyword("from")
        let link = node.inbound(try words.letter("the sender"))
        return node.step(.refused(.gossipBeyondEnd(count: 9, length: 2256), .ping, on: link))
    }

    // MARK: Arrangement

    private func arrange(_ arrangement: Arrangement) throws(Unreadable) -> TestNode {
        var fault: Unreadable?
        let adjust: (inout ClusterConfig) -> Void = { config in
            // As it is by default; other tests have their machines stand without a copy.
            config.failoverWithoutCopy = false
            do throws(Unreadable) {
                for setting in arrangement.settings {
                    try set(setting.name, setting.value, &config)
                }
            } catch { fault = error }
        }
        guard arrangement.isFresh || arrangement.lines.contains("myself") else {
            throw Unreadable("nobody is myself")
        }
        let node =
            arrangement.isFresh ? TestNode.fresh(adjust) : TestNode(arrangement.lines, adjust)
        if let fault { throw fault }
        return node
    }

    private func set(
        _ name: String, _ value: String, _ config: inout ClusterConfig
    ) throws(Unreadable) {
        let isYes = value == "yes"
        let number = Int64(value) ?? 0
        switch name {
        case "cluster-node-timeout": config.nodeTimeout = number
        case "cluster-manual-failover-timeout": config.manualFailoverTimeout = number
        case "cluster-blacklist-ttl": config.blacklistTTL = number
        case "cluster-replica-validity-factor": config.replicaValidityFactor = number
        case "cluster-replica-no-failover": config.replicaNoFailover = isYes
        case "cluster-migration-barrier": config.migrationBarrier = Int(number)
        case "cluster-allow-replica-migration": config.allowReplicaMigration = isYes
        case "cluster-require-full-coverage": config.requireFullCoverage = isYes
        case "cluster-refuse-merge": config.refuseMerge = isYes
        case "cluster-confirm": config.confirms = isYes
        case "cluster-announce-ip": config.announceIP = ip(value)
        case "cluster-announce-hostname": config.announceHostname = value
        case "cluster-announce-human-nodename": config.announceNodeName = value
        case "failover-without-copy": config.failoverWithoutCopy = isYes
        case "cluster-wait-for-failover": config.waitsForFailover = isYes
        default: throw Unreadable("unknown setting \(name)")
        }
    }

    // MARK: Steps

    /// `store offset N [copy-age MS] [keys SLOTS]`: without an age there is no copy.
    private func report(_ words: inout Words) throws(Unreadable) -> StoreReport {
        var report = StoreReport()
        while let word = words.next() {
            switch word {
            case "offset":
                report.offset = ReplicationOffset(UInt64(try words.number("N") as Int64))
            case "copy-age": report.copyAge = try words.number("MS")
            case "keys":
                report.occupied = try words.slots()
                report.isEmpty = report.occupied.isEmpty
            default: throw Unreadable("'\(word)' of the store")
            }
        }
        return report
    }

    private func link(
        _ verb: String, _ words: inout Words, _ node: inout TestNode
    ) throws(Unreadable) -> Outcome {
        let name = try words.word("whose connection")
        guard let letter = name.first else { throw Unreadable("whose connection?") }
        let inbound = LinkID.inbound(UInt32(Peer.number(letter)))
        let outbound = row(at: letter, node)?.outbound ?? .none
        switch (verb, name.count) {
        case ("connects", 1):
            var seenAt = ip("127.0.0.1")
            if words.next() != nil { seenAt = ip(try words.word("from IP")) }
            guard node.state.connections[inbound] == nil else {
                throw Unreadable("\(letter) is connected already")
            }
            return node.step(.linkOpened(inbound, local: ip("127.0.0.1"), peer: seenAt))
        case ("connected", 1):
            guard case .connecting(let link, _) = outbound else {
                throw Unreadable("no connection to \(letter) was asked for")
            }
            return node.step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        case ("lost", 1):
            guard let link = outbound.id else { throw Unreadable("no connection to \(letter)") }
            return node.step(.linkClosed(link))
        case ("lost", _):
            guard name == "\(letter)'s-connection", node.state.connections[inbound] != nil else {
                throw Unreadable("no connection of \(letter)'s")
            }
            return node.step(.linkClosed(inbound))
        default: throw Unreadable("\(verb) X")
        }
    }

    /// The row of a node at the port of this letter: the one that is being met, if there are two.
    func row(at letter: Character, _ node: TestNode) -> KnownNode? {
        let rows = node.state.nodes.handles.filter { $0 != .myself }.map { node.state.nodes[$0] }
            .filter { $0.address.port == address(letter).port }
        return rows.first(where: \.isHandshake) ?? rows.first
    }

    /// A word of one letter after "@" is that node's id or port.
    private func expanded(_ word: String) -> String {
        guard let letter = word.last, word.count >= 2 else { return word }
        if word == "@\(letter)" { return id(letter).description }
        if word == "port@\(letter)" { return "\(address(letter).port)" }
        return word
    }
}

extension RuleScenario {
    /// The words of a line, taken one after the other.
    struct Words {
        private(set) var rest: ArraySlice<String>

        init(_ line: String) { rest = line.split(separator: " ").map(String.init)[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func next() -> String? { rest.popFirst() }

        mutating func word(_ what: String) throws(Unreadable) -> String {
            guard let word = next() else { throw Unreadable("\(what) is missing") }
            return word
        }

        mutating func keyword(_ expected: String) throws(Unreadable) {
            guard next() == expected else { throw Unreadable("'\(expected)' is missing") }
        }

        mutating func letter(_ what: String) throws(Unreadable) -> Character {
            let word = try word(what)
            guard let letter = word.first, word.count == 1, letter.isLetter else {
                throw Unreadable("'\(word)' is no letter of a node")
            }
            return letter
        }

        mutating func number<Number: FixedWidthInteger>(
            _ what: String
        ) throws(Unreadable) -> Number {
            let word = try word(what)
            guard let number = Number(word) else { throw Unreadable("'\(word)' is no number") }
            return number
        }

        /// `none`, or ranges with commas between them.
        mutating func slots() throws(Unreadable) -> SlotSet {
            let word = try word("SLOTS")
            if word == "none" { return SlotSet() }
            guard word.allSatisfy({ $0.isNumber || "-,".contains($0) }) else {
                throw Unreadable("'\(word)' are no slots")
            }
            return ClusterCoreTests.slots(word.replacing(",", with: " "))
        }
    }
}
