// Scenarios of pauses and partitions, and of messages that mean nothing to us.

import RESP
import SystemIO

extension Scenario {
    static let disturbing: [Scenario] = [
        Scenario("pause-below", "a pause below the node timeout is not noticed by either kind") {
            stage throws(InteropError) in
            let cluster = try stage.formed([stage.ours, stage.theirs, stage.ours], masters: 3)
            for index in 0...1 {
                cluster.nodes[index].send(.stop)
                // Links are made again after half a node timeout without an answer.
                try stage.allowance.sleep(milliseconds: Stage.timeout / 3)
                cluster.nodes[index].send(.resume)
                if let change = try cluster.watch(milliseconds: Stage.timeout) {
                    throw .notInTime(
                        what: "nothing changes", milliseconds: Stage.timeout, difference: change)
                }
            }
        },
        Scenario("pause-above", "a master paused above it is failed, and cleared when it is back") {
            stage throws(InteropError) in
            for paused in 0...1 {
                let cluster = try stage.formed([stage.ours, stage.theirs, stage.ours], masters: 3)
                let node = cluster.nodes[paused]
                node.send(.stop)
                do throws(InteropError) {
                    try flagged(node, "fail", cluster, stage)
                } catch {
                    node.send(.resume)
                    throw error
                }
                node.send(.resume)
                try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
                try cluster.waitUntilServing()
            }
        },
        Scenario("minority", "a master of either kind that hears no majority stops serving") {
            stage throws(InteropError) in
            for lone in 0...1 {
                let cluster = try stage.formed(
                    [stage.ours, stage.theirs, stage.theirs], masters: 3)
                let others = cluster.nodes.indices.filter { $0 != lone }
                for index in others { cluster.nodes[index].send(.stop) }
                var failure: InteropError?
                do throws(InteropError) {
                    try stage.until("it stops serving") { () throws(InteropError) in
                        let state = try cluster.nodes[lone].field(
                            "cluster_state", of: "CLUSTER", "INFO")
                        return state == "fail" ? nil : "it says \(state ?? "nothing")"
                    }
                } catch {
                    failure = error
                }
                for index in others { cluster.nodes[index].send(.resume) }
                if let failure { throw failure }
                try cluster.waitUntilServing()
                try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            }
        },
        Scenario("publish", "PUBLISH of theirs, small and large, does our node no harm") {
            stage throws(InteropError) in
            try publish(stage, "PUBLISH")
        },
        Scenario(
            "spublish", "SPUBLISH of theirs does our node no harm",
            needs: .version(7, 0, "SPUBLISH came with")
        ) { stage throws(InteropError) in try publish(stage, "SPUBLISH") },
    ]

    private static func flagged(
        _ node: ServerProcess, _ flag: String, _ cluster: MixedCluster, _ stage: Stage
    ) throws(InteropError) {
        try stage.until("all say \(flag) of \(node.name)") { () throws(InteropError) in
            for other in cluster.nodes where other !== node {
                let row = try other.nodes().first { $0.port == node.port }
                if row?.flags.contains(flag) != true {
                    return "\(other.name) says \(row?.flags ?? [])"
                }
            }
            return nil
        }
    }

    private static func publish(_ stage: Stage, _ command: String) throws(InteropError) {
        let cluster = try stage.formed(
            [stage.theirs, stage.ours, stage.theirs, stage.theirs], masters: 3)
        for size in [1, 100, 20_000, 2_000_000] {
            // "{a}" hashes to a slot of the first or another node: who refuses is not asked again.
            for node in cluster.nodes {
                _ = try node.ask([command, "{a}channel", String(repeating: "x", count: size)])
            }
        }
        for node in cluster.ours {
            try stage.expect(try node.text("PING") == "PONG", "our node answers")
        }
        if let change = try cluster.watch(milliseconds: 2 * Stage.timeout) {
            throw .notInTime(
                what: "nothing changes", milliseconds: 2 * Stage.timeout, difference: change)
        }
    }
}
