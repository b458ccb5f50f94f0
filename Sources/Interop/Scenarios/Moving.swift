// Scenarios of slots on their way, and of epochs.

import ClusterClient

extension Scenario {
    static let moving: [Scenario] = [
        Scenario("slot-ours-to-theirs", "a slot moves from our master to theirs, for all") {
            stage throws(InteropError) in
            try move(stage, from: stage.ours, to: stage.theirs)
        },
        Scenario("slot-theirs-to-ours", "a slot moves from their master to ours, for all") {
            stage throws(InteropError) in
            try move(stage, from: stage.theirs, to: stage.ours)
        },
        Scenario("epoch-collision", "masters that meet at one epoch end at different ones") {
            stage throws(InteropError) in
            let cluster = try stage.cluster([
                stage.ours, stage.theirs, stage.ours, stage.theirs,
            ])
            try cluster.assignSlots(to: cluster.nodes)
            for node in cluster.nodes.dropFirst() { try cluster.meet(cluster.nodes[0], node) }
            try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
            try stage.until("epochs differ") { () throws(InteropError) in
                let epochs = try cluster.nodes[0].nodes().map(\.configEpoch)
                return Set(epochs).count == epochs.count ? nil : "\(epochs)"
            }
            try cluster.waitUntilAgreed()
        },
    ]

    /// Slot 0 goes from the first node to the second, as redis-cli moves it.
    private static func move(
        _ stage: Stage, from source: ServerProgram, to target: ServerProgram
    ) throws(InteropError) {
        let cluster = try stage.formed([source, target, stage.theirs, stage.ours], masters: 4)
        let (from, to) = (cluster.nodes[0], cluster.nodes[1])
        let (fromID, toID) = (
            try from.text("CLUSTER", "MYID"), try to.text("CLUSTER", "MYID")
        )
        try to.command("CLUSTER", "SETSLOT", "0", "IMPORTING", fromID)
        try from.command("CLUSTER", "SETSLOT", "0", "MIGRATING", toID)
        try to.command("CLUSTER", "SETSLOT", "0", "NODE", toID)
        try from.command("CLUSTER", "SETSLOT", "0", "NODE", toID)
        try stage.until("all know the new owner") { () throws(InteropError) in
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
