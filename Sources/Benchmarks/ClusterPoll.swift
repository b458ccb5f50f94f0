// Many nodes asked at once: the command goes to all before the first reply is read, so that what they
// say is of about one moment and a look at a hundred nodes takes a few milliseconds. Looks are gentle:
// they never take more than a quarter of the time.

import ClusterClient
import Interop
import RESP
import SystemIO

/// Connections to the nodes of a cluster, for looking at them again and again.
final class ClusterPoll {
    private var clients: [Int: AdminClient] = [:]
    private let deadline: Deadline
    /// Nanoseconds that the last look took.
    private var lastCycle: Int64 = 0

    private static let patience = 20_000
    private static let shortestRestMilliseconds = 20

    init(_ deadline: Deadline) { self.deadline = deadline }

    /// What one node replied, and when, in monotonic nanoseconds; nil when it did not.
    struct Answer {
        let node: ServerProcess
        let reply: RESPValue?
        let at: Int64
    }

    /// Asks these nodes the same.
    func ask(_ nodes: [ServerProcess], _ words: String...) throws(InteropError) -> [Answer] {
        try deadline.check()
        let start = SystemClock.monotonicNanoseconds()
        for node in nodes {
            do throws(AdminClientError) {
                if clients[node.port] == nil {
                    clients[node.port] = try AdminClient(
                        node.address, timeoutMilliseconds: Self.patience)
                }
                try clients[node.port]?.post(words)
            } catch {
                clients[node.port] = nil
            }
        }
        var answers: [Answer] = []
        for node in nodes {
            let reply = clients[node.port].flatMap { try? $0.reply() }
            if reply == nil { clients[node.port] = nil }
            answers.append(
                Answer(node: node, reply: reply, at: SystemClock.monotonicNanoseconds()))
        }
        lastCycle = SystemClock.monotonicNanoseconds() - start
        return answers
    }

    /// Lets nodes be between two looks.
    func rest() throws(InteropError) {
        let milliseconds = max(Self.shortestRestMilliseconds, Int(3 * lastCycle / 1_000_000))
        try deadline.sleep(milliseconds: milliseconds)
    }

    /// The connection to a node that has ended.
    func forget(_ node: ServerProcess) { clients[node.port] = nil }

    /// The fields of CLUSTER INFO of these nodes; none of one that does not answer.
    func infos(
        _ nodes: [ServerProcess]
    ) throws(InteropError) -> [(node: ServerProcess, fields: [String: String], at: Int64)] {
        try ask(nodes, "CLUSTER", "INFO").map { answer in
            (answer.node, Self.fields(answer.reply?.string ?? ""), answer.at)
        }
    }

    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }

    /// Whether all of these hold the same full map of slots over so many known nodes, in none of them
    /// a handshake, and no failure unless that is allowed.
    func agree(
        _ nodes: [ServerProcess], known: Int, replicas: Int? = nil, allowsFailures: Bool = false
    ) throws(InteropError) -> Bool {
        var first: [String]?
        for answer in try ask(nodes, "CLUSTER", "NODES") {
            guard let text = answer.reply?.string,
                let rows = try? ClusterNodesText.parse(text), rows.count == known
            else { return false }
            for row in rows where row.isHandshake || row.hasNoAddress { return false }
            if !allowsFailures && rows.contains(where: \.isFailing) { return false }
            if let replicas, rows.filter(\.isReplica).count != replicas { return false }
            let owners = rows.filter { !$0.slots.isEmpty }.map { "\($0.id) \($0.slotsText)" }
                .sorted()
            if first == nil { first = owners }
            if owners != first { return false }
        }
        return true
    }
}
