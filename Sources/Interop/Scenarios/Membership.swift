// Scenarios of nodes that are forgotten, reset, or move to another address.

import ClusterClient
import SystemIO

extension InteropScenario {
    static let membership: [InteropScenario] = [
        InteropScenario(
            "forget-told-to-ours", "FORGET told to our node alone is heard by all",
            needs: .version(7, 2, "forgetting spreads by itself since")
        ) { context throws(InteropError) in try forget(context, toldTo: 1) },
        InteropScenario(
            "forget-told-to-theirs", "FORGET told to one of theirs alone is heard by all",
            needs: .version(7, 2, "forgetting spreads by itself since")
        ) { context throws(InteropError) in try forget(context, toldTo: 0) },
        InteropScenario("forget-all", "a node that all were told to forget stays away") {
            context throws(InteropError) in
            let cluster = try context.formed(
                [context.theirs, context.ours, context.theirs], masters: 3)
            let gone = try cluster.add(context.ours)
            try cluster.meet(gone, cluster.nodes[0])
            try cluster.waitUntilAgreed()
            let id = try gone.myself().id
            for node in cluster.nodes.prefix(3) {
                _ = try node.ask(["CLUSTER", "FORGET", id])
            }
            try context.deadline.sleep(milliseconds: 2 * ScenarioContext.timeout)
            for node in cluster.nodes.prefix(3) {
                let knows = try node.nodes().contains { $0.id == id }
                try context.expect(!knows, "\(node.name) has forgotten it")
            }
        },
        InteropScenario("reset-rejoin", "a node of either kind is reset and joins under a new id") {
            context throws(InteropError) in
            for program in [context.ours, context.theirs] {
                let cluster = try context.formed(
                    [context.theirs, context.ours, context.theirs, program], masters: 3)
                let node = cluster.nodes[3]
                let old = try node.myself().id
                try node.command("CLUSTER", "RESET", "HARD")
                for other in cluster.nodes.prefix(3) {
                    _ = try other.ask(["CLUSTER", "FORGET", old])
                }
                try cluster.meet(cluster.nodes[0], node)
                try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
                try context.expect(try node.myself().id != old, "the id is new")
            }
        },
        InteropScenario("address-change", "a node of either kind comes back under another port") {
            context throws(InteropError) in
            for program in [context.ours, context.theirs] {
                let cluster = try context.formed(
                    [context.theirs, context.ours, context.theirs, program], masters: 3)
                let old = cluster.nodes[3]
                let id = try old.myself().id
                let new = try cluster.replace(old, with: program, movesPort: true)
                try context.until("all know the new address") { () throws(InteropError) in
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
    private static func forget(_ context: ScenarioContext, toldTo index: Int) throws(InteropError) {
        let cluster = try context.formed(
            [context.theirs, context.ours, context.theirs], masters: 3)
        let gone = try cluster.add(context.theirs)
        try cluster.meet(gone, cluster.nodes[0])
        try cluster.waitUntilAgreed()
        let id = try gone.myself().id
        gone.stop()
        try cluster.nodes[index].command("CLUSTER", "FORGET", id)
        try context.until("nobody knows it") { () throws(InteropError) in
            for node in cluster.nodes.prefix(3) {
                if try node.nodes().contains(where: { $0.id == id }) {
                    return "\(node.name) does"
                }
            }
            return nil
        }
    }
}
