// Scenarios of publications between our nodes and real servers, in both forms that they have: subscribers of either
// get what is published at the other, byte by byte, and our node is none the worse for any of it. That they came,
// and in which form, is seen in our node's own capture.

import Capture
import ClusterClient
import Playback
import RESP
import SystemIO

extension InteropScenario {
    static let publishing: [InteropScenario] = [
        InteropScenario("publish", "PUBLISH of theirs, small and large, does our node no harm") {
            context throws(InteropError) in
            try publish(context, "PUBLISH", isLight: false)
        },
        InteropScenario(
            "publish-light", "so does PUBLISH of theirs with the light header",
            needs: .valkey(8, 0, "light headers came with")
        ) { context throws(InteropError) in try publish(context, "PUBLISH", isLight: true) },
        InteropScenario(
            "spublish", "SPUBLISH of theirs does our replica no harm",
            needs: .version(7, 0, "SPUBLISH came with")
        ) { context throws(InteropError) in try publish(context, "SPUBLISH", isLight: false) },
        InteropScenario(
            "spublish-light", "nor does SPUBLISH of theirs with the light header",
            needs: .valkey(8, 0, "light headers came with")
        ) { context throws(InteropError) in try publish(context, "SPUBLISH", isLight: true) },
        InteropScenario(
            "publish-delivered", "what is published at any node reaches the subscribers of all"
        ) { context throws(InteropError) in
            let cluster = try exchange(context)
            try deliver(context, "PUBLISH", "news", among: cluster.nodes)
            try checkForms("PUBLISH", cluster, context)
        },
        InteropScenario(
            "spublish-delivered", "what is published in a shard reaches its subscribers",
            needs: .version(7, 0, "SPUBLISH came with")
        ) { context throws(InteropError) in
            let cluster = try exchange(context)
            let nodes = cluster.nodes
            // A shard whose master is theirs, and one whose master is ours.
            try deliver(context, "SPUBLISH", "{bar}", among: [nodes[0], nodes[2]])
            try deliver(context, "SPUBLISH", "{foo}", among: [nodes[1], nodes[3]])
            try checkForms("PUBLISHSHARD", cluster, context)
        },
    ]

    /// A master of theirs with a replica of ours, and the other way round.
    private static func exchange(
        _ context: ScenarioContext
    ) throws(InteropError) -> MixedCluster {
        let cluster = try context.cluster(
            [context.theirs, context.ours, context.ours, context.theirs], recordsTraffic: true)
        try cluster.form(cluster.nodes, masters: 2)
        // A light message follows a heartbeat that allowed it.
        try context.deadline.sleep(milliseconds: 2 * ScenarioContext.timeout)
        return cluster
    }

    private static let sizes = [0, 1, 700, 128 << 10, 10 << 20]

    /// Each of these publishes messages of all sizes, of which each is told.
    private static func deliver(
        _ context: ScenarioContext, _ command: String, _ channel: String,
        among nodes: [ServerProcess]
    ) throws(InteropError) {
        let subscribers = try nodes.map { node throws(InteropError) in try node.connect() }
        for subscriber in subscribers {
            let subscribe = command == "PUBLISH" ? "SUBSCRIBE" : "SSUBSCRIBE"
            _ = try answered { () throws(AdminClientError) in
                try subscriber.send([subscribe, channel])
            }
        }
        let kind = command == "PUBLISH" ? "message" : "smessage"
        for publisher in nodes {
            for size in sizes {
                let message = message(size)
                let count = try publisher.ask([command, channel, message])
                try context.expect(
                    count == .integer(1), "\(publisher.name) answers \(count) to \(command)")
                for (node, subscriber) in zip(nodes, subscribers) {
                    let told = try answered { () throws(AdminClientError) in
                        try subscriber.reply()
                    }
                    let expected = [kind, channel, message].map { RESPValue.bulk(Array($0.utf8)) }
                    try context.expect(
                        told == .array(expected),
                        "\(node.name) has the \(size) bytes that \(publisher.name) published")
                }
            }
        }
    }

    /// So many bytes, of all values that a text can have.
    private static func message(_ size: Int) -> String {
        var text = ""
        var scalar: UInt8 = 0
        while text.utf8.count + 2 <= size {
            text.unicodeScalars.append(UnicodeScalar(scalar))
            scalar &+= 1
        }
        return text + String(repeating: "x", count: size - text.utf8.count)
    }

    private static func answered(
        _ ask: () throws(AdminClientError) -> RESPValue
    ) throws(InteropError) -> RESPValue {
        do throws(AdminClientError) {
            return try ask()
        } catch {
            throw .noAnswer(server: "a node", command: "a subscription", error)
        }
    }

    /// Between servers that know light headers publications have them, with others none has.
    private static func checkForms(
        _ kind: String, _ cluster: MixedCluster, _ context: ScenarioContext
    ) throws(InteropError) {
        let knowsLight = context.server.kind == .valkey && context.server.isAtLeast(8, 0)
        for node in cluster.ours {
            let heard = heard(kind, by: node)
            let isWell = knowsLight ? heard.light >= sizes.count : heard.full >= sizes.count
            try context.expect(
                isWell, "the form is right: \(heard.full) full, \(heard.light) light")
        }
    }

    /// Three masters of theirs, of which our node replicates the first: it is in that one's shard.
    private static func publish(
        _ context: ScenarioContext, _ command: String, isLight: Bool
    ) throws(InteropError) {
        let cluster = try context.cluster(
            [context.theirs, context.theirs, context.theirs, context.ours], recordsTraffic: true)
        for node in cluster.ours {
            try node.command("CONFIG", "SET", "cluster-light-publish", isLight ? "yes" : "no")
        }
        try cluster.form(cluster.nodes, masters: 3)
        // A light message follows a heartbeat that allowed it.
        try context.deadline.sleep(milliseconds: 2 * ScenarioContext.timeout)
        let kind = command == "PUBLISH" ? "PUBLISH" : "PUBLISHSHARD"
        for size in [0, 1, 100, 20_000, 2_000_000] {
            // Ours would send the light form to whoever takes it.
            for node in cluster.theirs {
                // Channels of all three masters; who does not own one's slot refuses.
                for channel in ["{a}", "{b}", "{c}"] {
                    _ = try node.ask([command, channel, String(repeating: "x", count: size)])
                }
            }
        }
        for node in cluster.ours {
            try context.expect(try node.text("PING") == "PONG", "our node answers")
            try context.until("all \(kind) are there") { () throws(InteropError) in
                let heard = heard(kind, by: node)
                let count = isLight ? heard.light : heard.full
                return count >= 5 ? nil : "\(heard.full) full, \(heard.light) light"
            }
            if !isLight { try context.expect(heard(kind, by: node).light == 0, "none is light") }
        }
        if let change = try cluster.watch(milliseconds: 2 * ScenarioContext.timeout) {
            throw .notInTime(
                what: "nothing changes", milliseconds: 2 * ScenarioContext.timeout,
                difference: change)
        }
    }

    /// Messages of a kind that our node recorded so far.
    private static func heard(_ kind: String, by node: ServerProcess) -> TrafficSummary.Kind {
        let file = ServerProcess.trafficPaths(node.folder)[0]
        // While it is being written it may end inside a packet.
        let summary = (try? File.read(file)).flatMap { try? TrafficSummary(of: $0) }
        return summary?[kind] ?? TrafficSummary.Kind(name: kind)
    }
}
