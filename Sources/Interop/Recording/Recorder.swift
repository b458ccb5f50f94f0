// One recording: the capture of a piece of a cluster's life, and beside it as JSON what was true: the
// commands with their replies, what was seen when, and what each node printed of the cluster just
// before and just after. What is played meanwhile is in Recordings.

import Capture
package import Playback
import RESP
import SystemIO

/// What a recording left.
package struct RecordedFile: Sendable {
    /// The capture; its truth is beside it, with the ending "json".
    package var file: String
    package var summary: TrafficSummary
}

/// A recording that goes on.
final class Recorder {
    let cluster: MixedCluster
    private let name: String
    private let scenario: String
    private let file: String
    /// None when it is only played, since what follows needs it.
    private let capture: BusCapture?
    private let begin: RESPValue
    private var events: [RESPValue] = []
    private let identities: [(port: Int, id: String, program: ServerProgram, busPort: Int)]
    /// What the reader of the recording should know.
    var note: String?

    private static let quietMilliseconds = 600

    /// Asks all nodes, and begins to record.
    init(
        _ cluster: MixedCluster, name: String, scenario: String, folder: String, tcpdump: String,
        isKept: Bool
    ) throws(InteropError) {
        self.cluster = cluster
        self.name = name
        self.scenario = scenario
        file = Self.file(name, scenario, in: folder)
        var identities: [(port: Int, id: String, program: ServerProgram, busPort: Int)] = []
        for node in cluster.nodes {
            let id = node.exitStatus == nil ? try node.text("CLUSTER", "MYID") : ""
            identities.append((node.port, id, node.program, node.announcedBusPort))
        }
        self.identities = identities
        begin = try Self.views(cluster, identities.map(\.id))
        if isKept { try? File.remove(file) }
        let ports = cluster.nodes.map(\.port)
        let (first, last) = (ports.min() ?? 0, ports.max() ?? 0)
        capture =
            isKept ? try BusCapture(tcpdump, clientPorts: first..<last + 1, file: file) : nil
        tell("capture started")
        // Each node of a cluster is to be heard as it is before anything happens to it.
        if isKept { try cluster.deadline.sleep(milliseconds: Recordings.nodeTimeout / 2) }
    }

    /// The capture of a recording.
    static func file(_ name: String, _ scenario: String, in folder: String) -> String {
        "\(folder)/\(name)-\(scenario).pcap"
    }

    /// What was true, beside its capture.
    static func truth(of capture: String) -> String { "\(capture.dropLast(4))json" }

    // MARK: - What happens

    /// Writes down that something happened now.
    func tell(_ what: String, _ fields: [(String, RESPValue)] = []) {
        let now = Double(SystemClock.wallNanoseconds() / 1000) / 1_000_000
        events.append(
            .object([("t", .double(now)), ("what", .text(what))] + fields))
    }

    func tell(_ what: String, _ node: ServerProcess) {
        tell(what, [("node", .integer(Int64(node.port)))])
    }

    /// Gives a command, and writes it down with its reply.
    @discardableResult
    func command(_ node: ServerProcess, _ words: String...) throws(InteropError) -> RESPValue {
        let shown = words.map { word in
            word.utf8.count > 100 ? "\(word.prefix(40))...(\(word.utf8.count))" : word
        }
        let port = RESPValue.integer(Int64(node.port))
        tell("command", [("node", port), ("args", .array(shown.map { .text($0) }))])
        let reply = try node.ask(words)
        let said =
            reply.string ?? reply.errorText ?? reply.number.map(String.init)
            ?? ReplyJSON.text(reply)
        tell("reply", [("node", port), ("reply", .text(said))])
        return reply
    }

    /// Waits until all agree and serve, and writes that down.
    func healthy() throws(InteropError) {
        try cluster.waitUntilAgreed(withinMilliseconds: 40_000)
        try cluster.waitUntilServing(withinMilliseconds: 40_000)
        tell("healthy")
    }

    /// Waits until nothing is amiss.
    func until(
        _ what: String, _ amiss: () throws(InteropError) -> String?
    ) throws(InteropError) {
        let limit = 40_000
        let end = SystemClock.monotonicMilliseconds() + Int64(limit)
        while let difference = try amiss() {
            guard SystemClock.monotonicMilliseconds() < end else {
                throw .notInTime(what: what, milliseconds: limit, difference: difference)
            }
            try cluster.deadline.sleep(milliseconds: 5)
        }
    }

    // MARK: - The end

    /// Lets it be quiet for a moment, ends the recording and writes the truth beside it.
    func finish() throws(InteropError) -> RecordedFile? {
        guard let capture else { return nil }
        try cluster.deadline.sleep(milliseconds: Self.quietMilliseconds)
        tell("capture stopping")
        let counts = capture.stop()
        let end = try Self.views(cluster, identities.map(\.id))
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(file)
        } catch {
            throw .system(error)
        }
        let summary: TrafficSummary
        do throws(CaptureError) {
            summary = try TrafficSummary(of: bytes)
        } catch {
            throw .unreadableCapture(file: file, error)
        }
        let text = ReplyJSON.text(truth(end, summary, bytes.count, counts)) + "\n"
        do throws(SystemError) {
            try File.write(Array(text.utf8), to: Self.truth(of: file))
        } catch {
            throw .system(error)
        }
        return RecordedFile(file: file, summary: summary)
    }

    private func truth(
        _ end: RESPValue, _ summary: TrafficSummary, _ size: Int, _ counts: [String]
    ) -> RESPValue {
        func byPort(_ value: (Int, String, ServerProgram, Int) -> RESPValue) -> RESPValue {
            .object(
                identities.map { ("\($0.port)", value($0.port, $0.id, $0.program, $0.busPort)) })
        }
        let kinds = summary.kinds.map { ($0.name, RESPValue.integer(Int64($0.count))) }
        let light = summary.kinds.reduce(0) { $0 + $1.light }
        return .object([
            ("scenario", .text(scenario)), ("name", .text(name)),
            ("node_timeout_ms", .integer(Int64(Recordings.nodeTimeout))),
            ("note", note.map { .text($0) } ?? .null),
            ("versions", byPort { _, _, program, _ in .text("\(program)") }),
            ("ids", byPort { _, id, _, _ in .text(id) }),
            ("bus_ports", byPort { _, _, _, port in .integer(Int64(port)) }),
            ("events", .array(events)), ("begin", begin), ("end", end),
            (
                "pcap",
                .object([
                    ("file", .text(File.name(of: file))), ("bytes", .integer(Int64(size))),
                    ("packets", .integer(Int64(summary.packets))),
                    ("messages", .integer(Int64(summary.messages))),
                    ("light", .integer(Int64(light))),
                    ("unreadable", .integer(Int64(summary.problems))),
                    ("types", .object(kinds)),
                ])
            ),
            ("tcpdump", .array(counts.map { .text($0) })),
        ])
    }

    /// What each node prints of the cluster; of one that has ended its id.
    private static func views(
        _ cluster: MixedCluster, _ ids: [String]
    ) throws(InteropError) -> RESPValue {
        var views: [(String, RESPValue)] = []
        for (node, id) in zip(cluster.nodes, ids) {
            guard node.exitStatus == nil else {
                let gone = [("id", RESPValue.text(id)), ("alive", .boolean(false))]
                views.append(("\(node.port)", .object(gone)))
                continue
            }
            var fields: [(String, RESPValue)] = [
                ("id", .text(try node.text("CLUSTER", "MYID"))), ("alive", .boolean(true)),
                ("bus_port", .integer(Int64(node.announcedBusPort))),
                ("version", .text("\(node.program)")),
            ]
            for (field, words) in questions {
                let reply = try node.ask(words)
                // Not every version knows all of them.
                if reply.errorText == nil { fields.append((field, reply)) }
            }
            if let role = try node.ask(["ROLE"]).elements?.first { fields.append(("role", role)) }
            views.append(("\(node.port)", .object(fields)))
        }
        return .object(views)
    }

    private static let questions: [(String, [String])] = [
        ("nodes", ["CLUSTER", "NODES"]), ("info", ["CLUSTER", "INFO"]),
        ("slots", ["CLUSTER", "SLOTS"]), ("shards", ["CLUSTER", "SHARDS"]),
        ("links", ["CLUSTER", "LINKS"]), ("myshardid", ["CLUSTER", "MYSHARDID"]),
    ]
}

extension RESPValue {
    /// A map from texts, in this order.
    static func object(_ fields: [(String, RESPValue)]) -> RESPValue {
        .map(fields.map { RESPPair(.text($0.0), $0.1) })
    }
}
