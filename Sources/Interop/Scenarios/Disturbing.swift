// Scenarios of pauses, below and above the node timeout.

import ClusterClient
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
}
