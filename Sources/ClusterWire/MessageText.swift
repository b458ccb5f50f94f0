// One line of text for a message: what a person looks for first in a log or in `decode`. Texts of
// peers are quoted and escaped, so that no peer writes to a terminal, and long lists are cut short.
// Secrets are never printed. The complete form is the JSON of `decode`, which is not written here.

extension Message {
    /// Lists in a line, of slot ranges or failing nodes, are cut after this many.
    private static let listLimit = 8
    /// Texts of peers are cut after this many bytes.
    fileprivate static let textLimit = 128

    /// The message on one line of printable characters, without a line end.
    package var line: String {
        var text: [UInt8] = []
        appendLine(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the message on one line, as UTF-8.
    package func appendLine(to text: inout [UInt8]) {
        switch self {
        case .light(let light):
            text.add(light.body.type.description)
            text.add(" light")
            switch light.body {
            case .publish(let publication), .publishShard(let publication):
                publication.appendText(to: &text)
            case .module(let module): module.appendText(to: &text)
            }
        case .full(let header, let body):
            text.add(body.type.description)
            header.appendText(to: &text)
            body.appendText(to: &text)
        }
    }

    fileprivate static func appendFailing(_ gossip: GossipSection, to text: inout [UInt8]) {
        var named = 0
        for entry in gossip where !entry.flags.isDisjoint(with: [.pfail, .fail]) {
            guard named < listLimit else {
                text.add(", …")
                break
            }
            text.add(named == 0 ? " (" : ", ")
            text.add(entry.flags.contains(.fail) ? "fail " : "fail? ")
            entry.node.appendShort(to: &text)
            named += 1
        }
        if named > 0 { text.add(")") }
    }

    fileprivate static func appendSlots(_ slots: SlotSet, to text: inout [UInt8]) {
        guard !slots.isEmpty else {
            text.add("none")
            return
        }
        var shown = 0
        slots.forEachRange { first, last in
            shown += 1
            guard shown <= listLimit else { return }
            if shown > 1 { text.add(",") }
            text.add(decimal: UInt64(first))
            if last > first {
                text.add("-")
                text.add(decimal: UInt64(last))
            }
        }
        if shown > listLimit {
            text.add(",… (")
            text.add(decimal: UInt64(slots.count))
            text.add(" slots)")
        }
    }
}

extension Header {
    fileprivate func appendText(to text: inout [UInt8]) {
        text.add(" ")
        sender.appendShort(to: &text)
        if saysMaster {
            text.add(" master")
        } else {
            text.add(" replica of ")
            replicaOf.appendShort(to: &text)
        }
        text.add(" epoch ")
        text.add(decimal: currentEpoch.value)
        text.add(" config ")
        text.add(decimal: configEpoch.value)
        text.add(" offset ")
        text.add(decimal: offset.value)
        text.add(" slots ")
        Message.appendSlots(slots, to: &text)
        text.add(" at ")
        text.add(peer: ip.bytes)
        text.add(":")
        text.add(decimal: UInt64(port.value))
        text.add("@")
        text.add(decimal: UInt64(busPort.value))
        if secondaryPort != 0 {
            text.add(",")
            text.add(decimal: UInt64(secondaryPort.value))
        }
        text.add(" flags ")
        text.add(flags.isEmpty ? "none" : flags.list.joined(separator: ","))
        text.add(saysOK ? " state ok" : " state fail")
        if messageFlags.contains(.paused) { text.add(" paused") }
        if messageFlags.contains(.forceAck) { text.add(" force_ack") }
    }
}

extension Body {
    fileprivate func appendText(to text: inout [UInt8]) {
        switch self {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            text.add(" gossip ")
            text.add(decimal: UInt64(beat.gossip.count))
            Message.appendFailing(beat.gossip, to: &text)
            for item in beat.extensions { item.appendText(to: &text) }
        case .fail(let node):
            text.add(" failed ")
            node.appendWhole(to: &text)
        case .publish(let publication), .publishShard(let publication):
            publication.appendText(to: &text)
        case .voteRequest, .vote, .manualFailoverStart: break
        case .update(let update):
            text.add(" update ")
            update.node.appendWhole(to: &text)
            text.add(" config ")
            text.add(decimal: update.configEpoch.value)
            text.add(" slots ")
            Message.appendSlots(update.slots, to: &text)
        case .module(let module): module.appendText(to: &text)
        case .unknown(_, let rest):
            text.add(" body ")
            text.add(decimal: UInt64(rest.count))
            text.add(" bytes")
        }
    }
}

extension Publication {
    fileprivate func appendText(to text: inout [UInt8]) {
        text.add(" channel ")
        text.add(quoted: channel)
        text.add(" message ")
        text.add(decimal: UInt64(message.count))
        text.add(" bytes")
    }
}

extension ModuleBody {
    fileprivate func appendText(to text: inout [UInt8]) {
        text.add(" module 0x")
        text.add(String(module, radix: 16))
        text.add(" type ")
        text.add(decimal: UInt64(type))
        text.add(" payload ")
        text.add(decimal: UInt64(payload.count))
        text.add(" bytes")
    }
}

extension PingExtension {
    fileprivate func appendText(to text: inout [UInt8]) {
        func named(_ name: String, _ value: String) {
            text.add(" ")
            text.add(name)
            text.add(" ")
            text.add(quoted: value.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        }
        func port(_ name: String, _ value: Port) {
            text.add(" ")
            text.add(name)
            text.add(" ")
            text.add(decimal: UInt64(value.value))
        }
        switch value {
        case .hostname(let name): named("hostname", name)
        case .nodeName(let name): named("human_nodename", name)
        case .forgottenNode(let node, let seconds):
            text.add(" forgotten ")
            node.appendShort(to: &text)
            text.add(" for ")
            text.add(decimal: seconds)
            text.add(" s")
        case .shardID(let shard):
            text.add(" shard ")
            (shard?.name ?? .zero).appendShort(to: &text)
        case .clientIPv4(let ip): named("client_ipv4", ip)
        case .clientIPv6(let ip): named("client_ipv6", ip)
        case .clientPort(let number): port("client_port", number)
        case .clientTLSPort(let number): port("client_tls_port", number)
        case .availabilityZone(let zone): named("availability_zone", zone)
        case .internalSecret: text.add(" internal_secret")
        case .unknown:
            text.add(" extension ")
            text.add(decimal: UInt64(type))
            text.add(" (")
            text.add(decimal: UInt64(payload.count))
            text.add(" bytes)")
        }
    }
}

extension NodeID {
    /// Calls `body` with each of the 40 bytes in order.
    @inline(__always)
    package func forEachByte(_ body: (UInt8) -> Void) {
        for word in [a, b, c, d, e] { Self.forEachByte(of: word, body) }
    }

    @inline(__always)
    private static func forEachByte(of word: UInt64, _ body: (UInt8) -> Void) {
        var rest = word
        for _ in 0..<8 {
            rest = rest << 8 | rest >> 56
            body(UInt8(truncatingIfNeeded: rest))
        }
    }

    /// The first eight characters, or "-" for no node.
    fileprivate func appendShort(to text: inout [UInt8]) {
        guard !isZero else {
            text.add("-")
            return
        }
        Self.forEachByte(of: a) { text.add(peer: $0) }
    }

    /// All forty characters, or "-" for no node.
    fileprivate func appendWhole(to text: inout [UInt8]) {
        if isZero { text.add("-") } else { forEachByte { text.add(peer: $0) } }
    }
}

extension [UInt8] {
    package mutating func add(_ text: String) { append(contentsOf: text.utf8) }

    /// Appends a number in decimal.
    package mutating func add(decimal number: UInt64) {
        guard number >= 10 else {
            append(0x30 &+ UInt8(truncatingIfNeeded: number))
            return
        }
        let start = count
        var rest = number
        while rest > 0 {
            append(0x30 &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }

    /// Appends a byte that a peer chose: printable ASCII as it is, all else as "\xNN".
    fileprivate mutating func add(peer byte: UInt8) {
        if byte > 0x20 && byte < 0x7F && byte != 0x5C && byte != 0x22 {
            append(byte)
            return
        }
        let digits = Array("0123456789abcdef".utf8)
        add("\\x")
        append(digits[Int(byte >> 4)])
        append(digits[Int(byte & 15)])
    }

    fileprivate mutating func add(peer bytes: [UInt8]) {
        for byte in bytes { add(peer: byte) }
    }

    /// Appends a text of a peer between quotes, cut after 128 bytes.
    fileprivate mutating func add(quoted bytes: [UInt8]) {
        add("\"")
        for byte in bytes.prefix(Message.textLimit) {
            if byte == 0x20 { append(byte) } else { add(peer: byte) }
        }
        add(bytes.count > Message.textLimit ? "…\"" : "\"")
    }
}
