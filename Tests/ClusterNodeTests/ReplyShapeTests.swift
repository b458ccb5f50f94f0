// What clients and tools read of a node of ours against what a real server of the same cluster prints
// in the same moment: the same fields in the same order, of the same types, in both versions of RESP.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized, .enabled(if: Live.redis != nil, Live.noRedis)) struct ReplyShapeTests {
        @Test(.enabled(if: Live.redisCLI != nil, "no redis-cli on PATH: install redis-tools"))
        func `redis-cli prints of our node what it prints of a real one`() throws {
            let cluster = try formed()
            let (theirs, ours) = (cluster.nodes[0], cluster.ours[0])
            for options in [[], ["-3"]] {
                for word in ["nodes", "info", "slots", "shards", "links", "myid"] {
                    eventually("redis-cli \(options) cluster \(word)", withinMilliseconds: 5000) {
                        let real = try print(word, of: theirs, options)
                        let own = try print(word, of: ours, options)
                        guard !real.isEmpty else { return "nothing was printed" }
                        return real == own
                            ? nil : Fixture.difference(expected: real, got: own)
                    }
                }
            }
        }

        @Test(arguments: [2, 3])
        func `replies have the types of those of a real server`(version: Int) throws {
            let cluster = try formed()
            let (theirs, ours) = (try cluster.nodes[0].connect(), try cluster.ours[0].connect())
            let hello = ["HELLO", "\(version)"]
            #expect(Shape.keys(try theirs.send(hello)) == Shape.keys(try ours.send(hello)))
            let commands = [
                "CLUSTER NODES", "CLUSTER INFO", "CLUSTER SHARDS", "CLUSTER LINKS", "CLUSTER MYID",
                "CLUSTER KEYSLOT {a}b", "CLUSTER SLOTS", "PING", "ECHO x", "DBSIZE",
                "INFO server", "CONFIG GET cluster-node-timeout", "CLUSTER BUMPEPOCH x",
                "CLUSTER COUNT-FAILURE-REPORTS 0", "CLUSTER NONE", "CLUSTER MEET", "NONE a b",
                "SELECT 1", "SELECT x", "ECHO", "CLUSTER REPLICAS 0", "HELLO 4", "HELLO x",
                "CLUSTER FORGET 0", "CLUSTER ADDSLOTS 0", "CLUSTER ADDSLOTS x",
                "CLUSTER MEET 1.2.3 7000", "CLUSTER KEYSLOT",
                "CLUSTER SET-CONFIG-EPOCH 7", "CLUSTER SETSLOT 0 NODE", "CLUSTER FAILOVER",
                "CLUSTER", "TIME",
            ]
            for command in commands {
                let words = command.split(separator: " ").map(String.init)
                let real = try theirs.send(words)
                let own = try ours.send(words)
                #expect(Shape.text(own) == Shape.text(real), "\(command)")
            }
            #expect(
                try ours.send(["CLUSTER", "SLOTS"]) == (try theirs.send(["CLUSTER", "SLOTS"])))
        }

        /// Two masters and a replica of theirs, a master of ours.
        private func formed() throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.theirs(), try Live.theirs(), try Live.ours(), try Live.theirs()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 3)
            return cluster
        }

        private func print(
            _ word: String, of node: ServerProcess, _ options: [String]
        ) throws -> String {
            var start = ChildProcess.Options(
                arguments: ["-p", "\(node.port)"] + options + ["cluster", word])
            start.output = .pipe
            let child = try ChildProcess(try #require(Live.redisCLI), start)
            let output = try child.readOutput(milliseconds: 5000)
            guard child.wait(milliseconds: 1000) == .exited(0) else { return "" }
            return Printed.comparable(String(decoding: output, as: UTF8.self), word)
        }
    }
}

/// What redis-cli prints, without what differs between two nodes or two moments.
private enum Printed {
    static func comparable(_ text: String, _ word: String) -> String {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0.filter { $0 != 0x0D }, as: UTF8.self) }
        return switch word {
        case "nodes": nodes(lines)
        case "info": lines.compactMap(info).joined(separator: "\n")
        case "shards": shards(lines)
        case "links": Set(blocks(lines.map(link), "direction")).sorted().joined(separator: "\n")
        case "myid": lines.map { $0.utf8.count == 40 ? "ID" : $0 }.joined(separator: "\n")
        default: lines.joined(separator: "\n")
        }
    }

    /// Sorted, since servers list in any order; who is myself and when answers came differs.
    private static func nodes(_ lines: [String]) -> String {
        lines.map { line in
            var fields = line.split(separator: " ", omittingEmptySubsequences: false)
                .map(String.init)
            guard fields.count >= 8 else { return line }
            for index in 4...5 where Int64(fields[index]) != nil { fields[index] = "TIME" }
            let flags = fields[2].split(separator: ",")
            // "myself" stands before the role.
            fields[2] = (flags.first == "myself" ? flags.dropFirst() : flags[...])
                .joined(separator: ",")
            return fields.joined(separator: " ")
        }.sorted().joined(separator: "\n")
    }

    /// Which kinds of messages a node has seen depends on its part in the forming.
    private static func info(_ line: String) -> String? {
        let name = String(line.prefix { $0 != ":" })
        let kinds = ["_meet_", "_fail_", "_update_", "_auth-req_", "_auth-ack_", "_mfstart_"]
        if kinds.contains(where: name.contains) { return nil }
        // Lines that the reference has since Valkey 9.1, and one of our own.
        let newer = [
            "_pfail", "_fail", "_bytes_", "cluster_config_saved", "cluster_claims_",
            "cluster_identity_conflicts", "cluster_epochs_refused", "cluster_probes",
            "cluster_unproven_messages",
        ]
        if newer.contains(where: name.contains), !name.hasPrefix("cluster_slots_") { return nil }
        return name.contains("stats") || name == "cluster_my_epoch" ? name : line
    }

    private static func link(_ line: String) -> String {
        let words = line.split(separator: " ").map { word in
            switch word {
            case _ where word.utf8.count == 40: "ID"
            case _ where Int64(word) != nil: "NUMBER"
            // Of our links and theirs one may just wait to write.
            case "r", "w", "rw": "EVENTS"
            case "to", "from": "DIRECTION"
            default: String(word)
            }
        }
        return words.joined(separator: " ")
    }

    /// A shard a block, in it a node a block, both sorted; offsets grow meanwhile.
    private static func shards(_ lines: [String]) -> String {
        var isOffset = false
        let lines = lines.map { line in
            defer { isOffset = line == "replication-offset" }
            if isOffset { return "NUMBER" }
            return line.hasPrefix("replication-offset ") ? "replication-offset NUMBER" : line
        }
        // RESP3 prints the word before the first node on its line.
        let marked = lines.flatMap {
            $0.hasPrefix("nodes id") ? ["nodes", "id\($0.dropFirst(8))"] : [$0]
        }
        return blocks(marked, "slots").map { shard in
            blocks(shard.split(separator: "\n").map(String.init), "id").sorted()
                .joined(separator: "\n")
        }.sorted().joined(separator: "\n")
    }

    /// Lines in groups, each of which begins with a line of this first word.
    private static func blocks(_ lines: [String], _ word: String) -> [String] {
        var blocks: [[String]] = [[]]
        for line in lines where !line.isEmpty {
            if line == word || line.hasPrefix("\(word) ") { blocks.append([]) }
            blocks[blocks.count - 1].append(line)
        }
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
    }
}

/// The form of a reply: types and keys, not values; lists of equal things are one of them. Errors
/// keep their text.
private enum Shape {
    static func text(_ value: RESPValue) -> String {
        switch value {
        case .simple(let text): "simple \(text)"
        case .error(let text): "error \(text)"
        case .integer: "integer"
        case .bulk: "bulk"
        case .null: "null"
        case .nullArray: "null array"
        case .array(let elements): list("array", elements)
        case .set(let elements): list("set", elements)
        case .push(let elements): list("push", elements)
        case .map(let pairs):
            "map {"
                + pairs.map { "\($0.key.string ?? "?"): \(text($0.value))" }
                .joined(separator: ", ") + "}"
        case .double: "double"
        case .boolean: "boolean"
        case .verbatim(let format, _): "verbatim \(format)"
        case .bigNumber: "big number"
        }
    }

    private static func list(_ kind: String, _ elements: [RESPValue]) -> String {
        "\(kind) [" + Set(elements.map(text)).sorted().joined(separator: ", ") + "]"
    }

    static func keys(_ value: RESPValue) -> [String] {
        guard let elements = value.elements else { return [text(value)] }
        return stride(from: 0, to: elements.count, by: 2).compactMap { elements[$0].string }
    }
}
