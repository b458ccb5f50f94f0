// CLUSTER NODES, INFO, SLOTS, SHARDS and REPLICAS beside what real servers print: the same cluster is
// arranged from the server's own nodes.conf, and both texts are compared field by field.

import ClusterWire
import Determinism
import TestSupport
import Testing

@testable import ClusterCore

/// Just enough of RESP2 for replies in fixtures.
struct ReplyReader {
    var rest: ArraySlice<UInt8>

    private mutating func line() -> String {
        let text = rest.prefix { $0 != 0x0D }
        rest = rest.dropFirst(text.count + 2)
        return String(text.map { Character(UnicodeScalar($0)) })
    }

    mutating func value() -> AdminReply {
        let head = line()
        let count = Int(head.dropFirst()) ?? 0
        switch head.first {
        case "*": return .list((0..<count).map { _ in value() })
        case "$":
            guard count >= 0 else { return .null }
            let text = String(rest.prefix(count).map { Character(UnicodeScalar($0)) })
            rest = rest.dropFirst(count + 2)
            return .bulk(text)
        case ":": return .integer(Int64(count))
        default: return .error(head)
        }
    }
}

struct RepliesTests {
    static let servers = [
        "redis-6.0.16", "redis-6.2.14", "redis-7.0.15", "redict-7.3.6", "redis-8.0.6",
        "valkey-8.1.1",
        "valkey-9.1.2",
    ]
    static let newer = Array(servers.dropFirst(2))

    /// Our node as the server was, with all links open.
    static func node(_ server: String) throws -> TestNode {
        var random = SplitMix64(seed: 4)
        let now = Instant(monotonic: 1_000_000, wall: 1_700_000_000_000)
        let bytes = try Fixture.bytes("nodes-conf/\(server)-master.conf")
        let state = try NodesFile.parse(bytes, at: now, random: &random)
        var config = ClusterConfig()
        config.port = state.me.address.port
        config.busPort = state.me.address.busPort
        config.announceHostname = state.me.hostname
        config.announceNodeName = state.me.nodeName
        var node = TestNode(machine: Machine(state: state, config: config, random: random))
        for effect in node.tick().effects {
            guard case .connect(let link, let to) = effect else { continue }
            node.step(.linkOpened(link, local: to.ip, peer: to.ip))
        }
        return node
    }

    static func theirs(_ server: String, _ what: String) throws -> AdminReply {
        var reader = ReplyReader(rest: try Fixture.bytes("replies/\(server)-\(what).resp")[...])
        return reader.value()
    }

    /// Maps as flat lists, texts as bulk: the form of RESP2.
    static func flat(_ reply: AdminReply) -> AdminReply {
        switch reply {
        case .list(let items): .list(items.map(flat))
        case .map(let pairs): .list(pairs.flatMap { [.bulk($0.key), flat($0.value)] })
        case .text(let text): .bulk(text)
        default: reply
        }
    }

    /// Lines sorted by id, with the fields that time decides masked.
    private func lines(_ reply: AdminReply?) -> [String] {
        guard case .bulk(let text) = reply.map(Self.flat) else {
            return ["\(String(describing: reply))"]
        }
        return text.split(separator: "\n").map { line in
            var fields = line.split(separator: " ", omittingEmptySubsequences: false)
            if fields.count > 5 { (fields[4], fields[5]) = ("ping", "pong") }
            return fields.joined(separator: " ")
        }.sorted()
    }

    @Test(arguments: servers)
    func `NODES has the same lines`(server: String) throws {
        var node = try Self.node(server)
        #expect(lines(node.reply("nodes")) == lines(try Self.theirs(server, "nodes")))
    }

    @Test(arguments: servers)
    func `REPLICAS has the same line`(server: String) throws {
        var node = try Self.node(server)
        guard case .list(let ours) = node.reply("replicas \(node.state.myID)"),
            case .list(let real) = try Self.theirs(server, "replicas")
        else {
            Issue.record("no list")
            return
        }
        #expect(ours.count == 1 && lines(ours.first) == lines(real.first))
    }

    @Test(arguments: newer)
    func `SLOTS is the same`(server: String) throws {
        var node = try Self.node(server)
        #expect(node.reply("slots").map(Self.flat) == (try Self.theirs(server, "slots")))
    }

    @Test(arguments: newer)
    func `SHARDS has the same shards`(server: String) throws {
        var node = try Self.node(server)
        guard case .list(let ours) = node.reply("shards").map(Self.flat),
            case .list(let real) = try Self.theirs(server, "shards")
        else {
            Issue.record("no list")
            return
        }
        // Valkey 9.1 adds the shard's id at the end; the order of shards and of members is free.
        func normal(_ shards: [AdminReply]) -> [String] {
            shards.map { shard in
                guard case .list(let items) = shard, items.count >= 4,
                    case .list(let nodes) = items[3]
                else { return "\(shard)" }
                let members = nodes.map { "\($0)" }.sorted().joined(separator: "; ")
                return "\(items[0]) \(items[1]) \(items[2]) \(members)"
            }.sorted()
        }
        #expect(normal(ours) == normal(real))
    }

    @Test(arguments: servers)
    func `INFO has the same fields in the same order`(server: String) throws {
        var node = try Self.node(server)
        func fields(_ reply: AdminReply?) -> [String] {
            guard case .bulk(let text) = reply.map(Self.flat) else { return [] }
            return text.split(separator: "\r\n").map(String.init)
        }
        // What counts messages depends on the moment; Valkey 9 adds counts of nodes and bytes.
        let ignored = [
            "messages_ping_", "messages_pong_", "messages_meet_", "cluster_nodes_",
            "cluster_voting_", "bytes_", "buffer_limit",
        ]
        func names(_ all: [String]) -> [String] {
            all.map { String($0.prefix { $0 != ":" }) }
                .filter { name in !ignored.contains { name.contains($0) } }
        }
        let ours = fields(node.reply("info"))
        let real = fields(try Self.theirs(server, "info"))
        // What is asked before it is believed, and whether nodes.conf is saved, are lines of ours.
        let own = ours.firstIndex { $0.hasPrefix("cluster_claims_asked:") } ?? ours.count
        #expect(names(Array(ours[..<own])) == names(real))
        for name in [
            "cluster_slots_assigned", "cluster_slots_ok", "cluster_known_nodes", "cluster_size",
            "cluster_current_epoch", "cluster_my_epoch", "cluster_state",
        ] {
            #expect(
                ours.first { $0.hasPrefix(name + ":") } == real.first { $0.hasPrefix(name + ":") })
        }
        #expect(
            ours[..<own].last?.hasPrefix("total_cluster_links_buffer_limit_exceeded:") == true)
        #expect(ours.last == "cluster_config_saved:yes")
    }

    @Test func `endpoints follow their type`() throws {
        func first(_ type: ClusterConfig.EndpointType, _ hostname: String) -> AdminReply? {
            var node = TestNode("m myself,master - 1 0-16383\nb master - 2") {
                $0.preferredEndpoint = type
                $0.announceHostname = hostname
                $0.announceIP = IPText("127.0.0.1")
            }
            guard case .list(let ranges) = node.reply("slots"),
                case .list(let range)? = ranges.first,
                range.count == 3
            else { return nil }
            return Self.flat(range[2])
        }
        let port = AdminReply.integer(Int64(address("m").port.value))
        let name = AdminReply.bulk(id("m").description)
        let home: [AdminReply] = [.bulk("ip"), .bulk("127.0.0.1")]
        #expect(first(.ip, "") == .list([.bulk("127.0.0.1"), port, name, .list([])]))
        #expect(
            first(.ip, "h")
                == .list([
                    .bulk("127.0.0.1"), port, name, .list([.bulk("hostname"), .bulk("h")]),
                ]))
        #expect(first(.hostname, "h") == .list([.bulk("h"), port, name, .list(home)]))
        #expect(first(.hostname, "") == .list([.bulk("?"), port, name, .list(home)]))
        #expect(
            first(.unknown, "h")
                == .list([.null, port, name, .list(home + [.bulk("hostname"), .bulk("h")])]))
    }

    @Test func `in SHARDS an endpoint that is not told is an empty text`() {
        var node = TestNode("m myself,master - 1 0-16383") { $0.preferredEndpoint = .unknown }
        guard case .list(let list)? = node.reply("shards"), case .map(let shard)? = list.first,
            case .list(let members)? = shard.first(where: { $0.key == "nodes" })?.value,
            case .map(let facts)? = members.first
        else {
            Issue.record("not a shard with a node")
            return
        }
        #expect(facts.first { $0.key == "endpoint" }?.value == .bulk(""))
    }

    @Test func `a node in handshake has no role yet`() {
        var node = TestNode("m myself,master - 1 0-16383")
        node.command("meet 127.0.0.1 7050")
        guard case .text(let text)? = node.reply("nodes") else {
            Issue.record("no text")
            return
        }
        let flags = text.split(separator: "\n").map { $0.split(separator: " ")[2] }
        #expect(flags.sorted() == ["handshake", "myself,master"])
    }

    @Test func `a failed or empty replica is left out of SLOTS and told as it is in SHARDS`() {
        var node = TestNode("m myself,master - 1 0-16383\nr slave m 1\ns slave m 1\nt slave m 1")
        node.hears(.ping(), from: "r") { $0.offset = 5 }
        node.hears(.ping(), from: "s") { $0.offset = 5 }
        node.learnsFailure(of: "s", from: "r")
        guard case .list(let ranges) = node.reply("slots"), case .list(let range)? = ranges.first
        else { return }
        #expect(range.count == 4, "m and r")
        let shards = "\(node.reply("shards").map(Self.flat) ?? .null)"
        for health in ["online", "fail", "loading"] { #expect(shards.contains(health)) }
    }
}
