// Tables of requests with the bytes of their replies, in Fixtures/tables. The replies are those of
// redis-server 7.0.15; where a node of ours says something else on purpose, that stands below. Each
// table is run against both, in clusters of the same shape, so that the table itself is proved.
//
//     NODE> request         the node's letter, then a digit for connections beside the first
//     reply                 with \r, \n, \\ and \xHH, and {A} for an id, {a} for a port
//     ours: reply           with a comment above that says why
//     ! sleep N, ! connect  milliseconds; all connections anew

import Interop
import SystemIO
import TestSupport
import Testing

struct ReplyTable {
    /// One line that is run, with what stands below.
    private struct Step {
        var line: String
        var number: Int
        var reply: String?
        var ours: String?
    }

    let name: String
    private var steps: [Step] = []
    private var source: [String]

    init(_ name: String) throws {
        self.name = name
        source = try Fixture.text("tables/\(name).txt").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        for (index, line) in source.enumerated() {
            if line.hasPrefix("#") || line.isEmpty { continue }
            if line.hasPrefix("!") || isRequest(line) {
                steps.append(Step(line: line, number: index + 1))
            } else if line.hasPrefix("ours: ") {
                steps[steps.count - 1].ours = String(line.dropFirst(6))
            } else {
                steps[steps.count - 1].reply = line
            }
        }
    }

    private func isRequest(_ line: String) -> Bool {
        guard let end = line.utf8.firstIndex(of: UInt8(ascii: ">")) else { return false }
        return line.utf8.distance(from: line.startIndex, to: end) <= 2
            && line.first.map { $0.isUppercase } == true
    }

    /// Runs all steps against nodes, which are called A, B and so on.
    /// - Returns: the table with the replies that came.
    @discardableResult
    func run(_ nodes: [ServerProcess], isOurs: Bool, checks: Bool = true) throws -> String {
        var names: [(name: String, value: String)] = []
        for (letter, node) in zip("ABCDEF", nodes) {
            names.append(("{\(letter)}", try node.text("CLUSTER", "MYID")))
            names.append(("{\(letter.lowercased())}", "\(node.port)"))
        }
        var clients: [String: RawClient] = [:]
        var replies: [Int: String] = [:]
        for step in steps {
            if step.line.hasPrefix("!") {
                let words = step.line.split(separator: " ")
                if words.count > 2, words[1] == "sleep" {
                    SystemClock.sleep(milliseconds: Int(words[2]) ?? 0)
                } else {
                    clients = [:]
                }
                continue
            }
            let (who, request) = try split(step.line)
            let place = try #require("ABCDEF".firstIndex(of: who.first ?? "?"))
            let node = nodes["ABCDEF".distance(from: "ABCDEF".startIndex, to: place)]
            let client = try clients[who] ?? RawClient(node)
            clients[who] = client
            let words = names.reduce(request) { replacing($1.name, in: $0, by: $1.value) }
            let bytes = try client.ask(words)
            let shown = names.reduce(Self.text(bytes)) { replacing($1.value, in: $0, by: $1.name) }
            replies[step.number] = shown
            guard checks else { continue }
            let expected = isOurs ? step.ours ?? step.reply : step.reply
            #expect(
                shown == expected,
                "\(name).txt:\(step.number) \(isOurs ? "ours" : "theirs"): \(step.line)")
        }
        return rewritten(replies)
    }

    private func split(_ line: String) throws -> (who: String, request: String) {
        let parts = line.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        return (String(parts[0]), String(parts[1].dropFirst()))
    }

    private func replacing(_ old: String, in text: String, by new: String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: old) {
            result += rest[..<range.lowerBound] + new
            rest = rest[range.upperBound...]
        }
        return result + rest
    }

    /// The source with these replies, by the numbers of lines.
    private func rewritten(_ replies: [Int: String]) -> String {
        var lines: [String] = []
        for (index, line) in source.enumerated() {
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("!")
                || line.hasPrefix("ours: ")
            {
                lines.append(line)
            } else if isRequest(line) {
                lines.append(line)
                lines.append(replies[index + 1] ?? "")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Bytes on one line.
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case 0x5C: "\\\\"
            case 0x20..<0x7F: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}

extension LiveTests {
    @Suite(.serialized) struct ReplyTableTests {
        static let alone = [
            "strings", "parts", "names", "newer", "keys", "transactions", "settings", "alone",
            "tools", "pubsub",
        ]
        static let together = ["shard", "routing", "shardchannels"]

        @Test(arguments: alone)
        func `replies of a node alone are those of the table`(name: String) throws {
            let cluster = try single(try Live.ours())
            try ReplyTable(name).run(cluster.nodes, isOurs: true)
            withExtendedLifetime(cluster) {}
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis), arguments: alone)
        func `the table of a node alone is that of redis-server`(name: String) throws {
            try prove(name, try single(try Live.theirs()))
        }

        @Test(arguments: together)
        func `replies of nodes of a cluster are those of the table`(name: String) throws {
            let cluster = try shards(try Live.ours())
            try ReplyTable(name).run(cluster.nodes, isOurs: true)
            withExtendedLifetime(cluster) {}
        }

        @Test(.enabled(if: Live.redis != nil, Live.noRedis), arguments: together)
        func `the table of nodes of a cluster is that of redis-server`(name: String) throws {
            try prove(name, try shards(try Live.theirs()))
        }

        private func prove(_ name: String, _ cluster: MixedCluster) throws {
            let table = try ReplyTable(name)
            let said = try table.run(
                cluster.nodes, isOurs: false, checks: !Fixture.isUpdating)
            withExtendedLifetime(cluster) {}
            if Fixture.isUpdating { Fixture.expectGolden(said, "tables/\(name).txt") }
        }

        /// One master with all slots, which serves.
        private func single(_ program: ServerProgram) throws -> MixedCluster {
            let cluster = try MixedCluster(
                [program], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: ["--enable-debug-command", "yes"])
            try cluster.form(cluster.nodes, masters: 1)
            // What was said of a minority before it had slots is forgotten by then.
            SystemClock.sleep(milliseconds: 2500)
            return cluster
        }

        /// Two masters, A and B, and C, a replica of A.
        private func shards(_ program: ServerProgram) throws -> MixedCluster {
            let cluster = try MixedCluster(
                [program, program, program], nodeTimeoutMilliseconds: 5000)
            try cluster.form(cluster.nodes, masters: 2)
            SystemClock.sleep(milliseconds: 2500)
            return cluster
        }
    }
}
