// Publications between nodes of ours, over real sockets: both versions of the protocol, sizes, slots that leave,
// and subscribers that do not read. What single requests are answered is in Fixtures/tables/pubsub.txt.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

/// A connection that is told things, in version 2 or 3.
private struct Subscriber {
    let client: RawClient

    init(_ node: ServerProcess, version: Int = 2) throws {
        client = try RawClient(node)
        if version == 3 { _ = try ask(["HELLO", "3"]) }
    }

    func ask(_ words: [String]) throws -> RESPValue? {
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        try client.send(bytes)
        return try client.value()
    }

    func next() throws -> RESPValue? { try client.value() }
}

private func words(_ words: String..., count: Int64? = nil) -> [RESPValue] {
    words.map { .bulk(Array($0.utf8)) } + (count.map { [.integer($0)] } ?? [])
}

extension LiveTests {
    @Suite(.serialized) struct PubSubTests {
        private func single(_ directives: [String] = []) throws -> MixedCluster {
            let cluster = try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: directives)
            try cluster.form(cluster.nodes, masters: 1)
            return cluster
        }

        /// Waits until a publication on a channel would reach so many subscribers of a node.
        private func waitForLinks(_ cluster: MixedCluster) throws {
            let change = try cluster.watch(milliseconds: 2 * Live.nodeTimeout)
            #expect(change == nil)
        }

        @Test func `what is published at any node reaches the subscribers of all`() throws {
            let cluster = try Live.ownCluster(3, masters: 2)
            try waitForLinks(cluster)
            let subscribers = try cluster.nodes.map { try Subscriber($0) }
            for subscriber in subscribers {
                let begun = try subscriber.ask(["SUBSCRIBE", "news"])
                #expect(begun == .array(words("subscribe", "news", count: 1)))
            }
            for (number, node) in cluster.nodes.enumerated() {
                #expect(try node.ask(["PUBLISH", "news", "from \(number)"]) == .integer(1))
                for subscriber in subscribers {
                    let told = try subscriber.next()
                    #expect(told == .array(words("message", "news", "from \(number)")))
                }
            }
        }

        @Test func `a message may be empty, binary, and ten megabytes long`() throws {
            let cluster = try Live.ownCluster(2, masters: 2)
            try waitForLinks(cluster)
            let subscriber = try Subscriber(cluster.nodes[1], version: 3)
            let begun = try subscriber.ask(["SUBSCRIBE", "c\r\n"])
            #expect(begun == .push(words("subscribe", "c\r\n", count: 1)))
            let publisher = try RawClient(cluster.nodes[0])
            for size in [0, 1, 256, 128 << 10, 10 << 20] {
                let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                var request: [UInt8] = []
                RESPWriter.command(
                    [Array("PUBLISH".utf8), Array("c\r\n".utf8), message], to: &request)
                try publisher.send(request)
                #expect(try publisher.value() == .integer(0))
                let told = try subscriber.next()
                #expect(
                    told == .push(words("message", "c\r\n") + [.bulk(message)]), "\(size) bytes")
            }
        }

        @Test func `a publication longer than links take is refused, and reaches nobody`() throws {
            let cluster = try single(["--cluster-link-sendbuf-limit", "100kb"])
            let node = cluster.nodes[0]
            let subscriber = try Subscriber(node)
            _ = try subscriber.ask(["SUBSCRIBE", "c"])
            let long = String(repeating: "x", count: 100 << 10)
            let refused = try node.ask(["PUBLISH", "c", long])
            #expect(refused.errorText?.contains("cluster-link-sendbuf-limit") == true)
            #expect(try node.ask(["PUBLISH", "c", "short"]) == .integer(1))
            #expect(try subscriber.next() == .array(words("message", "c", "short")))
        }

        @Test func `in version 3 a subscriber may ask anything, and reads its own words last`()
            throws
        {
            let cluster = try single()
            let client = try Subscriber(cluster.nodes[0], version: 3)
            _ = try client.ask(["SUBSCRIBE", "c"])
            #expect(
                try client.ask(["PSUBSCRIBE", "*"]) == .push(words("psubscribe", "*", count: 2)))
            #expect(try client.ask(["PING"]) == .simple("PONG"))
            #expect(try client.ask(["SET", "a", "b"]) == .simple("OK"))
            #expect(try client.ask(["PUBLISH", "c", "m"]) == .integer(2))
            #expect(try client.next() == .push(words("message", "c", "m")))
            #expect(try client.next() == .push(words("pmessage", "*", "c", "m")))
            #expect(try client.ask(["UNSUBSCRIBE"]) == .push(words("unsubscribe", "c", count: 1)))
            #expect(
                try client.ask(["UNSUBSCRIBE"])
                    == .push([.bulk(Array("unsubscribe".utf8)), .null, .integer(1)]))
            // In a transaction all of it comes before what it published.
            _ = try client.ask(["MULTI"])
            _ = try client.ask(["PUBLISH", "c", "1"])
            _ = try client.ask(["GET", "a"])
            let done = try client.ask(["EXEC"])
            #expect(done == .array([.integer(1), .bulk(Array("b".utf8))]))
            #expect(try client.next() == .push(words("pmessage", "*", "c", "1")))
        }

        @Test func `CLIENT LIST, INFO and PUBSUB tell of subscriptions, RESET ends them`() throws {
            let cluster = try single()
            let node = cluster.nodes[0]
            let client = try Subscriber(node)
            for request in [["SUBSCRIBE", "a"], ["PSUBSCRIBE", "b*"], ["SSUBSCRIBE", "c"]] {
                _ = try client.ask(request)
            }
            let line = try node.text("CLIENT", "LIST", "TYPE", "pubsub")
            #expect(line.contains(" flags=P ") && line.contains(" sub=1 psub=1 ssub=1 "))
            #expect(line.split(separator: "\n").count == 1)
            let info = try node.text("INFO")
            for word in ["channels", "patterns"] { #expect(info.contains("pubsub_\(word):1\r\n")) }
            #expect(
                info.contains("pubsubshard_channels:1\r\n") && info.contains("pubsub_clients:1\r\n")
            )
            #expect(try client.ask(["RESET"]) == .simple("RESET"))
            #expect(try node.text("CLIENT", "LIST", "TYPE", "pubsub") == "")
            #expect(try node.ask(["PUBSUB", "NUMSUB", "a"]).elements?.last == .integer(0))
            #expect(try client.ask(["PING"]) == .simple("PONG"))
        }

        @Test func `who goes away is no subscriber any more`() throws {
            let cluster = try single()
            let node = cluster.nodes[0]
            do {
                let client = try Subscriber(node)
                _ = try client.ask(["SUBSCRIBE", "a"])
                _ = try client.ask(["SSUBSCRIBE", "b"])
            }
            eventually("nobody subscribes") {
                let info = try node.text("INFO", "clients")
                return info.contains("pubsub_clients:0\r\n") ? nil : info
            }
            #expect(try node.ask(["PUBLISH", "a", "x"]) == .integer(0))
        }

        @Test func `shard channels are served by master and replica, until their slot leaves`()
            throws
        {
            let cluster = try Live.ownCluster(3, masters: 2)
            try waitForLinks(cluster)
            let (master, other, replica) = (cluster.nodes[0], cluster.nodes[1], cluster.nodes[2])
            let subscribers = [
                try Subscriber(master), try Subscriber(replica, version: 3),
            ]
            for subscriber in subscribers {
                _ = try subscriber.ask(["SSUBSCRIBE", "{bar}1"])
                _ = try subscriber.ask(["SSUBSCRIBE", "{b}"])
            }
            for node in [master, replica] {
                #expect(try node.ask(["SPUBLISH", "{bar}1", "m"]) == .integer(1))
                #expect(try subscribers[0].next() == .array(words("smessage", "{bar}1", "m")))
                #expect(try subscribers[1].next() == .push(words("smessage", "{bar}1", "m")))
            }
            // The slot of {bar}: 5061.
            let target = try other.text("CLUSTER", "MYID")
            for node in [other, master] {
                try node.command("CLUSTER", "SETSLOT", "5061", "NODE", target)
            }
            let ended = words("sunsubscribe", "{bar}1", count: 1)
            #expect(try subscribers[0].next() == .array(ended))
            #expect(try subscribers[1].next() == .push(ended))
            #expect(try master.ask(["SPUBLISH", "{b}", "still"]) == .integer(1))
            #expect(try subscribers[0].next() == .array(words("smessage", "{b}", "still")))
            #expect(try subscribers[1].next() == .push(words("smessage", "{b}", "still")))
            try master.command("CLUSTER", "FLUSHSLOTS")
            let last = words("sunsubscribe", "{b}", count: 0)
            #expect(try subscribers[0].next() == .array(last))
            // No node takes a slot from its owner in its table because that one claims it no more.
            #expect(try subscribers[1].ask(["PING"]) == .simple("PONG"))
            #expect(try subscribers[0].ask(["PING"]) == .simple("PONG"))
        }

        @Test func `while a slot moves its channels stay at the source`() throws {
            let cluster = try Live.ownCluster(2, masters: 2)
            let (source, target) = (cluster.nodes[0], cluster.nodes[1])
            let ids = try [source, target].map { try $0.text("CLUSTER", "MYID") }
            try target.command("CLUSTER", "SETSLOT", "5061", "IMPORTING", ids[0])
            try source.command("CLUSTER", "SETSLOT", "5061", "MIGRATING", ids[1])
            let client = try Subscriber(source)
            let begun = try client.ask(["SSUBSCRIBE", "{bar}"])
            #expect(begun == .array(words("ssubscribe", "{bar}", count: 1)))
            #expect(try source.ask(["SPUBLISH", "{bar}", "x"]) == .integer(1))
            let moved = "MOVED 5061 127.0.0.1:\(source.port)"
            #expect(try target.ask(["SSUBSCRIBE", "{bar}"]).errorText == moved)
            let early = try Subscriber(target)
            _ = try early.ask(["ASKING"])
            let there = try early.ask(["SSUBSCRIBE", "{bar}"])
            #expect(there == .array(words("ssubscribe", "{bar}", count: 1)))
            for node in [target, source] {
                try node.command("CLUSTER", "SETSLOT", "5061", "NODE", ids[1])
            }
            #expect(try target.ask(["SPUBLISH", "{bar}", "y"]) == .integer(1))
            #expect(try early.next() == .array(words("smessage", "{bar}", "y")))
        }

        @Test func `in a cluster that is down shard channels work, unless that is forbidden`()
            throws
        {
            let cluster = try single()
            let node = cluster.nodes[0]
            try node.command("CLUSTER", "DELSLOTS", "0")
            eventually("the cluster is down") {
                try node.ask(["GET", "bar"]).errorText == "CLUSTERDOWN The cluster is down"
                    ? nil : "not yet"
            }
            #expect(try node.ask(["SPUBLISH", "bar", "x"]) == .integer(0))
            try node.command("CONFIG", "SET", "cluster-allow-pubsubshard-when-down", "no")
            let down = "CLUSTERDOWN The cluster is down"
            #expect(try node.ask(["SPUBLISH", "bar", "x"]).errorText == down)
            #expect(try node.ask(["SSUBSCRIBE", "bar"]).errorText == down)
            #expect(try node.ask(["PUBLISH", "bar", "x"]) == .integer(0))
        }

        @Test func `a subscriber that does not read is closed, and holds no more than its limit`()
            throws
        {
            let cluster = try single(
                ["--client-output-buffer-limit", "pubsub", "8mb", "0", "0"])
            let node = cluster.nodes[0]
            #expect(
                try node.text("INFO", "stats").contains(
                    "client_output_buffer_limit_disconnections:0\r\n"))
            let idle = try Subscriber(node)
            _ = try idle.ask(["SUBSCRIBE", "c"])
            let reader = try Subscriber(node)
            _ = try reader.ask(["SUBSCRIBE", "c"])
            let message = String(repeating: "x", count: 1 << 20)
            var most = 0
            for number in 0..<40 {
                let count = try node.ask(["PUBLISH", "c", message])
                _ = try reader.next()
                let list = try node.text("CLIENT", "LIST", "TYPE", "pubsub")
                for field in list.split(separator: " ") where field.hasPrefix("omem=") {
                    most = max(most, Int(field.dropFirst(5)) ?? 0)
                }
                if count == .integer(1) { break }
                #expect(number < 39, "the idle subscriber is still there")
            }
            #expect(most <= 9 << 20 && most > 0)
            #expect(
                try node.text("INFO", "stats").contains(
                    "client_output_buffer_limit_disconnections:1\r\n"))
            _ = idle
        }

        @Test func `a subscriber over its soft limit for too long is closed`() throws {
            let cluster = try single(
                ["--client-output-buffer-limit", "pubsub", "0", "1mb", "1"])
            let node = cluster.nodes[0]
            let idle = try Subscriber(node)
            _ = try idle.ask(["SUBSCRIBE", "c"])
            let message = String(repeating: "x", count: 16 << 20)
            #expect(try node.ask(["PUBLISH", "c", message]) == .integer(1))
            #expect(try node.ask(["PUBLISH", "c", "more"]) == .integer(1))
            eventually("the idle subscriber is closed", withinMilliseconds: 10_000) {
                try node.text("INFO", "clients").contains("pubsub_clients:0\r\n") ? nil : "not yet"
            }
            _ = idle
        }

        @Test func `the limits of subscribers are a directive`() throws {
            let cluster = try single()
            let node = cluster.nodes[0]
            func limits() throws -> String {
                try node.ask(["CONFIG", "GET", "client-output-buffer-limit"]).elements?.last?
                    .string ?? ""
            }
            #expect(
                try limits()
                    == "normal 0 65536 60 slave 268435456 67108864 60 pubsub 33554432 8388608 60")
            try node.command(
                "CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 100kb 5")
            #expect(
                try limits()
                    == "normal 0 65536 60 slave 268435456 67108864 60 pubsub 1048576 102400 5")
        }
    }
}
