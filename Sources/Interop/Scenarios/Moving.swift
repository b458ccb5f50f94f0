// Scenarios of slots on their way, and of epochs.

import ClusterClient

extension InteropScenario {
    static let moving: [InteropScenario] = [
        InteropScenario("slot-ours-to-theirs", "a slot moves from our master to theirs, for all") {
            context throws(InteropError) in
            try move(context, from: context.ours, to: context.theirs)
        },
        InteropScenario("slot-theirs-to-ours", "a slot moves from their master to ours, for all") {
            context throws(InteropError) in
            try move(context, from: context.theirs, to: context.ours)
        },
        InteropScenario("epoch-collision", "masters that meet at one epoch end at different ones") {
            context throws(InteropError) in
            let cluster = try context.cluster([
                context.ours, context.theirs, context.ours, context.theirs,
            ])
            try cluster.assignSlots(to: cluster.nodes)
            for node in cluster.nodes.dropFirst() { try cluster.meet(cluster.nodes[0], node) }
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try context.until("epochs differ") { () throws(InteropError) in
                let epochs = try cluster.nodes[0].nodes().map(\.configEpoch)
                return Set(epochs).count == epochs.count ? nil : "\(epochs)"
            }
            try cluster.waitUntilAgreed()
        },
    ]

    /// Slot 0 goes from the first node to the second, as redis-cli moves it.
    private static func move(
        _ context: ScenarioContext, from source: ServerProgram, to target: ServerProgram
    ) throws(InteropError) {
        let cluster = try context.formed(
            [source, target, context.theirs, context.ours], masters: 4)
        let (from, to) = (cluster.nodes[0], cluster.nodes[1])
        let (fromID, toID) = (
            try from.text("CLUSTER", "MYID"), try to.text("CLUSTER", "MYID")
        )
        try to.command("CLUSTER", "SETSLOT", "0", "IMPORTING", fromID)
        try from.command("CLUSTER", "SETSLOT", "0", "MIGRATING", toID)
        try to.command("CLUSTER", "SETSLOT", "0", "NODE", toID)
        try from.command("CLUSTER", "SETSLOT", "0", "NODE", toID)
        try context.until("all know the new owner") { () throws(InteropError) in
            for node in cluster.nodes {
                let row = try node.nodes().first { $0.id == toID }
                if row?.slots.contains(where: { $0.contains(0) }) != true {
                    return "\(node.name) lists \(row?.slotsText ?? "nothing")"
                }
                if let open = try node.nodes().first(where: { !$0.openSlots.isEmpty }) {
                    return "\(node.name) has the open slot \(open.openSlots)"
                }
            }
            return nil
        }
        try cluster.waitUntilAgreed()
    }
}
