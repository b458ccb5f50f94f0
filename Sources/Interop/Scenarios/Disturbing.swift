// Scenarios of pauses, below and above the node timeout.

import ClusterClient
import SystemIO

extension InteropScenario {
    static let disturbing: [InteropScenario] = [
        InteropScenario(
            "pause-below", "a pause below the node timeout is not noticed by either kind"
        ) {
            context throws(InteropError) in
            let cluster = try context.formed(
                [context.ours, context.theirs, context.ours], masters: 3)
            for index in 0...1 {
                cluster.nodes[index].send(.stop)
                // Links are made again after half a node timeout without an answer.
                try context.deadline.sleep(milliseconds: ScenarioContext.timeout / 3)
                cluster.nodes[index].send(.resume)
                if let change = try cluster.watch(milliseconds: ScenarioContext.timeout) {
                    throw .notInTime(
                        what: "nothing changes", milliseconds: ScenarioContext.timeout,
                        difference: change)
                }
            }
        },
        InteropScenario(
            "pause-above", "a master paused above it is failed, and cleared when it is back"
        ) {
            context throws(InteropError) in
            for paused in 0...1 {
                let cluster = try context.formed(
                    [context.ours, context.theirs, context.ours], masters: 3)
                let node = cluster.nodes[paused]
                node.send(.stop)
                do throws(InteropError) {
                    try flagged(node, "fail", cluster, context)
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
        _ node: ServerProcess, _ flag: String, _ cluster: MixedCluster, _ context: ScenarioContext
    ) throws(InteropError) {
        try context.until("all say \(flag) of \(node.name)") { () throws(InteropError) in
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
