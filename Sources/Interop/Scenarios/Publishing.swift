// Scenarios of publications that real servers send over the bus, in both forms that they have: our node
// takes them and is none the worse. That they came, and in which form, is seen in our node's own capture.

import Capture
import Playback
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
    ]

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
            for node in cluster.nodes {
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
