// Scenarios of nodes that are forgotten, reset, or move to another address.

import ClusterClient
import SystemIO

extension Scenario {
    static let membership: [Scenario] = [
        Scenario(
            "forget-told-to-ours", "FORGET told to our node alone is heard by all",
            needs: .version(7, 2, "forgetting spreads by itself since")
        ) { stage throws(InteropError) in try forget(stage, toldTo: 1) },
        Scenario(
            "forget-told-to-theirs", "FORGET told to one of theirs alone is heard by all",
            needs: .version(7, 2, "forgetting spreads by itself since")
        ) { stage throws(InteropError) in try forget(stage, toldTo: 0) },
        Scenario("forget-all", "a node that all were told to forget stays away") {
            stage throws(InteropError) in
            let cluster = try stage.formed([stage.theirs, stage.ours, stage.theirs], masters: 3)
            let gone = try cluster.add(stage.ours)
            try cluster.meet(gone, cluster.nodes[0])
            try cluster.waitUntilAgreed()
            let id = try gone.myself().id
            for node in cluster.nodes.prefix(3) {
                _ = try node.ask(["CLUSTER", "FORGET", id])
            }
            try stage.allowance.sleep(milliseconds: 2 * Stage.timeout)
            for node in cluster.nodes.prefix(3) {
                let knows = try node.nodes().contains { $0.id == id }
                try stage.expect(!knows, "\(node.name) has forgotten it")
            }
        },
        Scenario("reset-rejoin", "a node of either kind is reset and joins under a new id") {
            stage throws(InteropError) in
            for program in [stage.ours, stage.theirs] {
                let cluster = try stage.formed(
                    [stage.theirs, stage.ours, stage.theirs, program], masters: 3)
                let node = cluster.nodes[3]
                let old = try node.myself().id
                try node.command("CLUSTER", "RESET", "HARD")
                for other in cluster.nodes.prefix(3) {
                    _ = try other.ask(["CLUSTER", "FORGET", old])
                }
                try cluster.meet(cluster.nodes[0], node)
                try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
                try stage.expect(try node.myself().id != old, "the id is new")
            }
        },
        Scenario("address-change", "a node of either kind comes back under another port") {
            stage throws(InteropError) in
            for program in [stage.ours, stage.theirs] {
                let cluster = try stage.formed(
                    [stage.theirs, stage.ours, stage.theirs, program], masters: 3)
                let old = cluster.nodes[3]
                let id = try old.myself().id
                let new = try cluster.replace(old, with: program, movesPort: true)
                try stage.until("all know the new address") { () throws(InteropError) in
                    for node in cluster.nodes.prefix(3) {
                        let row = try node.nodes().first { $0.id == id }
                        if row?.port != new.port || row?.isFailing != false {
                            return "\(node.name) lists \(row?.port ?? 0) \(row?.flags ?? [])"
                        }
                    }
                    return nil
                }
            }
        },
    ]

    /// One node goes, and one of the others is told to forget it.
    private static func forget(_ stage: Stage, toldTo index: Int) throws(InteropError) {
        let cluster = try stage.formed([stage.theirs, stage.ours, stage.theirs], masters: 3)
        let gone = try cluster.add(stage.theirs)
        try cluster.meet(gone, cluster.nodes[0])
        try cluster.waitUntilAgreed()
        let id = try gone.myself().id
        gone.stop()
        try cluster.nodes[index].command("CLUSTER", "FORGET", id)
        try stage.until("nobody knows it") { () throws(InteropError) in
            for node in cluster.nodes.prefix(3) {
                if try node.nodes().contains(where: { $0.id == id }) {
                    return "\(node.name) does"
                }
            }
            return nil
        }
    }
}
