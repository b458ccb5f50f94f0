// One input as words and back. Messages are their bytes in hex, commands are their words, settings are
// names and values; texts that may hold blanks are hex too. Refused frames come back as an error of the
// same kind, which is all that the rules look at.

import ClusterWire

enum InputWords {
    static func text(_ input: Input) -> String {
        switch input {
        case .tick: "tick"
        case .timer: "timer"
        case .message(let message, let link):
            "message \(self.link(link)) \(hex(message.encode() ?? []))"
        case .refused(let error, let type, let link):
            "refused \(self.link(link)) \(type.map { String($0.rawValue) } ?? "-") "
                + hex(Array(error.kind.utf8))
        case .oversized(let type, let length, let link):
            "passed \(self.link(link)) \(type.rawValue) \(length)"
        case .filtered(let type, let id):
            "filtered \(type.rawValue) \(id?.description ?? "-")"
        case .linkOpened(let link, let local, let peer):
            "opened \(self.link(link)) \(hex(local.bytes)) \(hex(peer.bytes))"
        case .linkClosed(let link): "closed \(self.link(link))"
        case .command(let command, let client):
            (["command", String(client.number)] + words(command).map { hex($0) })
                .joined(separator: " ")
        case .publish(let publication, let toShard):
            "publish \(toShard ? 1 : 0) \(hex(publication.channel)) \(hex(publication.message))"
        case .store(let report):
            "store \(report.offset) \(report.isEmpty ? 1 : 0) \(report.copyAge ?? -1) "
                + report.occupied.ranges.map(\.description).joined(separator: ",")
        case .persisted(let generation): "persisted \(generation.number)"
        case .persistFailed(let generation, let fault):
            "unsaved \(generation.number) \(hex(Array(fault.description.utf8)))"
        case .resetStatistics: "recount"
        case .configure(let config): "configure \(self.config(config))"
        }
    }

    static func input(_ text: String) -> Input? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let rest = Array(words.dropFirst())
        switch words.first {
        case "tick": return .tick
        case "timer": return .timer
        case "command": return command(rest)
        case "publish": return publish(rest)
        case "store": return store(rest)
        case "filtered":
            return rest.first.flatMap { UInt16($0) }.map {
                .filtered(
                    MessageType(rawValue: $0), from: rest.dropFirst().first.flatMap { NodeID($0) })
            }
        case "recount": return .resetStatistics
        case "persisted":
            return rest.first.flatMap { UInt64($0) }.map { .persisted(Generation($0)) }
        case "unsaved":
            guard rest.count == 2, let number = UInt64(rest[0]), let text = bytes(rest[1]) else {
                return nil
            }
            return .persistFailed(
                Generation(number), SystemFault(String(decoding: text, as: UTF8.self)))
        case "configure": return config(rest.joined(separator: " ")).map { .configure($0) }
        default:
            guard let link = rest.first.flatMap({ link($0) }) else { return nil }
            return ofLink(words[0], link, Array(rest.dropFirst()))
        }
    }

    private static func ofLink(_ word: String, _ link: LinkID, _ rest: [String]) -> Input? {
        switch word {
        case "message":
            guard let text = rest.first, let frame = bytes(text) else { return nil }
            do throws(WireError) { return .message(try Message.decode(frame), on: link) } catch {
                return nil
            }
        case "refused":
            guard rest.count == 2, let kind = bytes(rest[1]) else { return nil }
            let type = UInt16(rest[0]).map { MessageType(rawValue: $0) }
            let error = WireError.example(ofKind: String(decoding: kind, as: UTF8.self))
            return error.map { .refused($0, type, on: link) }
        case "passed":
            guard rest.count == 2, let type = UInt16(rest[0]), let length = UInt32(rest[1]) else {
                return nil
            }
            return .oversized(MessageType(rawValue: type), length: length, on: link)
        case "opened":
            guard rest.count == 2, let local = bytes(rest[0]), let peer = bytes(rest[1]),
                let localIP = IPText(latin1(local)), let peerIP = IPText(latin1(peer))
            else { return nil }
            return .linkOpened(link, local: localIP, peer: peerIP)
        case "closed": return .linkClosed(link)
        default: return nil
        }
    }

    /// "o5.12" for our link number 12 to the node in row 5, "i7" for the seventh that others made.
    static func link(_ link: LinkID) -> String {
        switch link {
        case .outbound(let handle, let serial): "o\(handle.value).\(serial)"
        case .inbound(let number): "i\(number)"
        }
    }

    static func link(_ text: String) -> LinkID? {
        if text.hasPrefix("i") { return UInt32(text.dropFirst()).map { .inbound($0) } }
        let parts = text.dropFirst().split(separator: ".")
        guard text.hasPrefix("o"), parts.count == 2, let row = UInt16(parts[0]),
            let serial = UInt32(parts[1])
        else { return nil }
        return .outbound(NodeHandle(row), serial: serial)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return latin1(text)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x57
            default: nil
            }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func publish(_ rest: [String]) -> Input? {
        guard rest.count == 3, ["0", "1"].contains(rest[0]), let channel = bytes(rest[1]),
            let message = bytes(rest[2])
        else { return nil }
        return .publish(
            Publication(channel: channel, message: message), toShard: rest[0] == "1")
    }

    private static func store(_ rest: [String]) -> Input? {
        guard rest.count == 4, let offset = UInt64(rest[0]), let age = Int64(rest[2]) else {
            return nil
        }
        var slots = SlotSet()
        for part in rest[3].split(separator: ",") {
            let bounds = part.split(separator: "-").compactMap { Int($0).flatMap { Slot($0) } }
            guard let first = bounds.first, let last = bounds.last,
                let range = SlotRange(first, last)
            else { return nil }
            slots.insert(range)
        }
        return .store(
            StoreReport(
                offset: ReplicationOffset(offset), isEmpty: rest[1] == "1", occupied: slots,
                copyAge: age < 0 ? nil : age))
    }
}

extension InputWords {
    private static func command(_ rest: [String]) -> Input? {
        guard let client = rest.first.flatMap({ UInt32($0) }) else { return nil }
        var words: [[UInt8]] = []
        for text in rest.dropFirst() {
            guard let word = bytes(text) else { return nil }
            words.append(word)
        }
        do throws(AdminError) {
            return .command(try AdminCommand.parse(words), from: ClientID(client))
        } catch {
            return nil
        }
    }

    /// The words from which a command is read.
    static func words(_ command: AdminCommand) -> [[UInt8]] {
        command.words.map { $0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
    }

    /// Settings in a fixed order.
    static func config(_ config: ClusterConfig) -> String {
        let numbers: [Int64] = [
            config.nodeTimeout, Int64(config.port.value), Int64(config.busPort.value),
            config.announcePort.map { Int64($0.value) } ?? -1,
            config.announceBusPort.map { Int64($0.value) } ?? -1, config.replicaValidityFactor,
            config.replicaNoFailover ? 1 : 0, Int64(config.migrationBarrier),
            config.allowReplicaMigration ? 1 : 0, config.requireFullCoverage ? 1 : 0,
            config.manualFailoverTimeout, config.blacklistTTL, config.replicaPingPeriod,
            config.failoverWithoutCopy ? 1 : 0, config.refuseMerge ? 1 : 0,
            config.takesLightPublish ? 1 : 0,
        ]
        let texts = [
            config.announceIP?.text ?? "", config.announceHostname, config.announceNodeName,
            config.preferredEndpoint.rawValue,
        ]
        let words = numbers.map(String.init) + texts.map { "x" + hex(Array($0.utf8)) }
        let tells =
            config.gossipPercent == ClusterConfig.usualGossipPercent
            ? [] : ["tells=\(config.gossipPercent)"]
        let modes =
            (config.waitsForFailover ? ["waits"] : []) + (config.confirms ? ["confirms"] : [])
        return (words + clients(config) + tells + modes).joined(separator: " ")
    }

    /// What is announced for clients alone: no words where nothing is.
    private static func clients(_ config: ClusterConfig) -> [String] {
        let clients = config.clients
        let secondary = config.announceTLSPort ?? 0
        guard clients != ClientAnnouncement() || secondary != 0 else { return [] }
        let texts = [clients.ipv4, clients.ipv6, clients.zone]
        return ["\(secondary)", "\(clients.port)", "\(clients.tlsPort)"]
            + texts.map { "x" + hex(Array($0.utf8)) }
    }

    /// - Returns: false when these words say nothing of the kind.
    private static func take(_ words: [Substring], _ config: inout ClusterConfig) -> Bool {
        guard !words.isEmpty else { return true }
        var clients = ClientAnnouncement()
        let ports = words.prefix(3).compactMap { UInt16($0) }
        let texts = words.dropFirst(3).compactMap { bytes(String($0.dropFirst())) }
            .map { String(decoding: $0, as: UTF8.self) }
        guard ports.count == 3, texts.count == 3, clients.setAddress(texts[0], .ipv4),
            clients.setAddress(texts[1], .ipv6), clients.setZone(texts[2])
        else { return false }
        (clients.port, clients.tlsPort) = (Port(ports[1]), Port(ports[2]))
        config.announceTLSPort = ports[0] == 0 ? nil : Port(ports[0])
        config.clients = clients
        return true
    }

    static func config(_ text: String) -> ClusterConfig? {
        var all = text.split(separator: " ")
        let confirms = all.last == "confirms"
        if confirms { all.removeLast() }
        let waits = all.last == "waits"
        if waits { all.removeLast() }
        var percent = ClusterConfig.usualGossipPercent
        if let last = all.last, last.hasPrefix("tells=") {
            guard let number = Int(last.dropFirst(6)) else { return nil }
            percent = number
            all.removeLast()
        }
        guard all.count == 20 || all.count == 26 else { return nil }
        let words = all.prefix(20)
        let numbers = words.prefix(16).compactMap { Int64($0) }
        let texts = words[16..<20].compactMap { bytes(String($0.dropFirst())) }
            .map { String(decoding: $0, as: UTF8.self) }
        guard numbers.count == 16, texts.count == 4 else { return nil }
        func port(_ number: Int64) -> Port? { UInt16(exactly: number).map { Port($0) } }
        guard let own = port(numbers[1]), let bus = port(numbers[2]),
            let endpoint = ClusterConfig.EndpointType(rawValue: texts[3])
        else { return nil }
        var config = ClusterConfig()
        config.nodeTimeout = numbers[0]
        (config.port, config.busPort) = (own, bus)
        (config.announcePort, config.announceBusPort) = (port(numbers[3]), port(numbers[4]))
        config.replicaValidityFactor = numbers[5]
        config.replicaNoFailover = numbers[6] == 1
        config.migrationBarrier = Int(numbers[7])
        config.allowReplicaMigration = numbers[8] == 1
        config.requireFullCoverage = numbers[9] == 1
        config.manualFailoverTimeout = numbers[10]
        config.blacklistTTL = numbers[11]
        config.replicaPingPeriod = numbers[12]
        config.failoverWithoutCopy = numbers[13] == 1
        config.refuseMerge = numbers[14] == 1
        config.takesLightPublish = numbers[15] == 1
        config.announceIP = texts[0].isEmpty ? nil : IPText(texts[0])
        (config.announceHostname, config.announceNodeName) = (texts[1], texts[2])
        config.preferredEndpoint = endpoint
        config.waitsForFailover = waits
        config.confirms = confirms
        config.gossipPercent = percent
        return take(Array(all.dropFirst(20)), &config) ? config : nil
    }
}

extension WireError {
    /// An error of a kind: the rules look at nothing else.
    fileprivate static func example(ofKind kind: String) -> WireError? {
        let all: [WireError] = [
            .badSignature(0), .raftNotSpoken, .truncated(have: 0, needed: 0),
            .lengthBelowMinimum(length: 0, minimum: 0), .lengthOverLimit(length: 0, limit: 0),
            .frameLength(stated: 0, given: 0), .versionTwoNotSpoken, .unknownVersion(0),
            .lightNotSupported(type: 0), .lengthMismatch(type: .ping, stated: 0, expected: 0),
            .gossipBeyondEnd(count: 0, length: 0),
            .extensionHeaderBeyondEnd(index: 0, offset: 0, length: 0),
            .extensionTooShort(index: 0, offset: 0, length: 0),
            .extensionMisaligned(index: 0, offset: 0, length: 0),
            .extensionBeyondEnd(index: 0, offset: 0, length: 0, remaining: 0),
            .extensionLength(type: 0, offset: 0, length: 0, expected: 0),
            .textWithoutNUL(type: 0, offset: 0),
        ]
        return all.first { $0.kind == kind }
    }
}
