// `grapevine decode`: each message of a capture on a line, as text or as JSON, as soon as it is
// complete. What is wrong with the capture as a whole is said on standard error. The pieces of the
// way are elsewhere: Capture finds the bytes, Playback the messages.

import Capture
import ClusterWire
import Playback
import SystemIO
import Text

enum DecodeCommand {
    static let command = Command(
        name: "decode", summary: "Shows each message of a capture, a line each.",
        operands: "FILE|-",
        options: [
            Option("--json", "one JSON object a line"),
            Option("--type", value: "T", "only messages of this type: a name (PING) or a number"),
            Option(
                "--node", value: "ID",
                "only messages from or about this node: its id, or the first 4 or more characters"),
        ],
        notes: [
            "FILE is a pcap or pcapng file; - reads a capture from standard input as it arrives,",
            "for instance that of tcpdump -U -w -.",
            "Exit status: 0 all was decoded, 1 there were errors or the capture is cut,",
            "2 the file cannot be read or is no capture.",
        ],
        run: { arguments throws(UsageError) in
            let path = try arguments.single("FILE")
            var decoder = Decoder(filter: try filter(arguments), isJSON: arguments.has("--json"))
            return decoder.run(path)
        })

    private static func filter(_ arguments: Arguments) throws(UsageError) -> MessageFilter {
        var filter = MessageFilter()
        if let text = arguments.value("--type") {
            guard let type = MessageType(name: text) else {
                throw UsageError("--type \(text) is not the name or number of a type")
            }
            filter.type = type
        }
        if let text = arguments.value("--node") {
            guard let node = NodePrefix(text) else {
                throw UsageError("--node \(text) is not an id, nor 4 or more characters of one")
            }
            filter.node = node
        }
        return filter
    }
}

/// The beginning of an id, or all of it.
struct NodePrefix: Sendable {
    private let bytes: [UInt8]
    private static let shortest = 4

    init?(_ text: String) {
        bytes = Array(text.utf8)
        guard (Self.shortest...Layout.nameSize).contains(bytes.count),
            bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
    }

    func matches(_ node: NodeID) -> Bool {
        var place = 0
        var isSame = true
        node.forEachByte { byte in
            if place < bytes.count && bytes[place] != byte { isSame = false }
            place += 1
        }
        return isSame
    }
}

/// Which items are shown.
struct MessageFilter: Sendable {
    var type: MessageType?
    var node: NodePrefix?

    func admits(_ item: BusItem) -> Bool {
        if let type {
            guard let raw = item.type, raw & ~Layout.lightBit == type.rawValue else { return false }
        }
        guard let node else { return true }
        guard case .message(let message) = item.content else { return false }
        if let speaker = item.speaker, node.matches(speaker) { return true }
        guard case .full(let header, let body) = message else { return false }
        if node.matches(header.sender) || node.matches(header.replicaOf) { return true }
        switch body {
        case .fail(let failed): return node.matches(failed)
        case .update(let update): return node.matches(update.node)
        case .ping, .pong, .meet, .publish, .publishShard, .voteRequest, .vote,
            .manualFailoverStart, .module, .unknown:
            break
        }
        guard let beat = body.heartbeat else { return false }
        return beat.gossip.contains { node.matches($0.node) }
            || beat.extensions.contains {
                if case .forgottenNode(let forgotten, _) = $0.value {
                    node.matches(forgotten)
                } else {
                    false
                }
            }
    }
}

/// One run of `decode`.
private struct Decoder: ~Copyable {
    private let filter: MessageFilter
    private let isJSON: Bool
    private var output = Output()
    private var json = JSONText()
    private var stream = CaptureStream()
    private var conversation = BusConversation()
    private var events: [TCPEvent] = []
    private var items: [BusItem] = []
    /// Items that are not messages, and how many of them the filter kept back.
    private var problems = 0
    private var hiddenProblems = 0
    private var saidEncrypted = false

    /// More than a pipe holds, so that a read that does not fill it has emptied the pipe.
    private static let readBytes = (1 << 20) + 4096

    init(filter: MessageFilter, isJSON: Bool) {
        self.filter = filter
        self.isJSON = isJSON
    }

    mutating func run(_ path: String) -> Int32 {
        let name = path == "-" ? "standard input" : path
        do throws(SystemError) {
            let input = try Program.openForReading(path)
            return try read(input, name)
        } catch {
            _ = output.flush()
            complain("decode", "\(name): \(error.reason)")
            return 2
        }
    }

    private mutating func read(
        _ input: borrowing Descriptor, _ name: String
    ) throws(SystemError) -> Int32 {
        var chunk = [UInt8](repeating: 0, count: Self.readBytes)
        while true {
            switch input.read(into: &chunk) {
            case .bytes(let count):
                do throws(CaptureError) {
                    defer { show() }
                    try stream.feed(chunk.span.extracting(0..<count), into: &events)
                } catch {
                    return finish(name, error)
                }
                let works = count < chunk.count ? output.flush() : output.flushIfLarge()
                if !works { return stopped() }
            case .wouldBlock:
                if !output.flush() { return stopped() }
                SystemClock.sleep(milliseconds: 1)
            case .closed: return finish(name, nil)
            case .failed(let error): throw error
            }
        }
    }

    /// Prints what follows from the events so far.
    private mutating func show() {
        for event in events { conversation.take(event, into: &items) }
        events.removeAll(keepingCapacity: true)
        for item in items { show(item) }
        items.removeAll(keepingCapacity: true)
        if conversation.tally.encryptedStreams > 0 && !saidEncrypted {
            saidEncrypted = true
            complain("decode", "there is TLS in this capture, which cannot be decoded")
        }
    }

    private mutating func show(_ item: BusItem) {
        if !item.isMessage { problems += 1 }
        guard filter.admits(item) else {
            if !item.isMessage { hiddenProblems += 1 }
            return
        }
        if isJSON {
            json.item(item)
            json.endLine()
            output.bytes.append(contentsOf: json.bytes)
            json.removeAll()
        } else {
            item.appendLine(to: &output.bytes)
        }
        _ = output.flushIfLarge()
    }

    private mutating func finish(_ name: String, _ first: CaptureError?) -> Int32 {
        var failure = first
        do throws(CaptureError) { try stream.finish(into: &events) } catch {
            failure = failure ?? error
        }
        for event in events { conversation.take(event, into: &items) }
        events = []
        conversation.finish(into: &items)
        show()
        if !output.flush() { return stopped() }
        if hiddenProblems > 0 {
            complain("decode", "\(hiddenProblems) errors are not shown because of the filter")
        }
        report(name)
        guard let failure else { return problems > 0 ? 1 : 0 }
        complain("decode", "\(name): \(failure)")
        if case .unsupportedLinkType = failure { return stream.tally.segments > 0 ? 1 : 2 }
        return failure.exitStatus(afterPackets: stream.tally.packets)
    }

    /// Says what was passed over and is no error.
    private func report(_ name: String) {
        let (packets, streams) = (stream.tally, conversation.tally)
        if streams.otherStreams > 0 {
            complain(
                "decode",
                "\(name): \(streams.otherStreams) streams with \(streams.otherBytes) bytes "
                    + "are of other protocols")
        }
        if packets.fragments + packets.damaged > 0 {
            complain(
                "decode",
                "\(name): \(packets.fragments) fragments and \(packets.damaged) damaged packets "
                    + "were passed over")
        }
    }

    /// The status when nothing more can be written: quiet when the reader has gone.
    private borrowing func stopped() -> Int32 {
        if output.isClosed { return problems > 0 ? 1 : 0 }
        complain("decode", output.failure?.description ?? "standard output cannot be written")
        return 2
    }
}

extension BusItem {
    /// Appends the line of text that `decode` prints, with its end.
    fileprivate func appendLine(to text: inout [UInt8]) {
        let micros = time.magnitude / 1000
        if time < 0 { text.add("-") }
        text.add(decimal: micros / 1_000_000)
        text.add(".")
        let fraction = micros % 1_000_000
        for place in [100_000, 10_000, 1000, 100, 10, 1] as [UInt64] {
            text.append(0x30 + UInt8(truncatingIfNeeded: fraction / place % 10))
        }
        text.add(" ")
        text.add(source.description)
        text.add(" > ")
        text.add(destination.description)
        text.add(" ")
        switch content {
        case .message(let message): message.appendLine(to: &text)
        case .skipped(let count): text.add("error: skipped \(count) bytes")
        case .refused, .lost:
            text.add("error: \(problem ?? "")")
            if let type {
                text.add(", type \(MessageType(rawValue: type & ~Layout.lightBit))")
            }
            if let length { text.add(", length \(length)") }
            if let offset { text.add(", at byte \(offset) of the message") }
        }
        text.add("\n")
    }
}
