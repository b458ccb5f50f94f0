// Scenarios of nodes.conf handed from one kind to the other, up to a whole cluster replaced node by
// node and back.

import ClusterClient
import SystemIO

extension InteropScenario {
    static let files: [InteropScenario] = [
        InteropScenario("nodes-conf-to-ours", "our node goes on with their nodes.conf") {
            context throws(InteropError) in
            try hand(context, context.theirs, to: context.ours)
        },
        InteropScenario("nodes-conf-to-theirs", "their server goes on with our nodes.conf") {
            context throws(InteropError) in
            try hand(context, context.ours, to: context.theirs)
        },
        InteropScenario(
            "rolling-replacement",
            "a cluster of theirs becomes ours and theirs again, clean all along",
            needs: .redisCLI, limitSeconds: 240
        ) { context throws(InteropError) in
            let cluster = try context.formed(
                Array(repeating: context.theirs, count: 6), masters: 3)
            let before = try cluster.nodes[0].nodes().filter { $0.isMaster && !$0.slots.isEmpty }
            for program in [context.ours, context.theirs] {
                for index in cluster.nodes.indices.reversed() {
                    try cluster.replace(cluster.nodes[index], with: program)
                    try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
                    try cluster.waitUntilServing()
                    try context.checkCluster(at: cluster.nodes[0])
                }
            }
            let after = try cluster.nodes[0].nodes().filter { $0.isMaster && !$0.slots.isEmpty }
            try context.expect(
                Set(before.map(\.slotsText)) == Set(after.map(\.slotsText)),
                "the slots are divided as before")
        },
    ]

    private static func hand(
        _ context: ScenarioContext, _ first: ServerProgram, to second: ServerProgram
    ) throws(InteropError) {
        let cluster = try context.formed([first, first, first, first], masters: 3)
        for index in [0, 3] {
            let node = cluster.nodes[index]
            let before = try node.myself()
            let other = try cluster.replace(node, with: second)
            let own = try other.myself()
            try context.expect(own.id == before.id, "the id is the same")
            try context.expect(own.slots == before.slots, "the slots are the same")
            try context.expect(own.master == before.master, "the master is the same")
            try context.until("it is a member again") { () throws(InteropError) in
                let row = try cluster.nodes[1].nodes().first { $0.id == own.id }
                return row?.isConnected == true && row?.isFailing == false
                    ? nil : "\(row?.flags ?? [])"
            }
        }
    }
}
