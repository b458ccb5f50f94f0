// When the nodes of a cluster agree: what each lists, beside what each prints of itself, and waiting for
// it.

import ClusterClient
import RESP
import SystemIO

extension MixedCluster {
    /// The first thing in which these nodes do not say the same; nil when they agree.
    ///
    /// They agree when each lists all of them and nobody else, with the ids, roles, masters, slots
    /// and epochs that those print of themselves, each connected, none suspected or failed.
    package func disagreement(
        _ members: [ServerProcess]? = nil
    ) throws(InteropError) -> String? {
        let members = members ?? running
        var views: [(node: ServerProcess, rows: [ClusterNodesRow])] = []
        var truth: [ClusterNodesRow] = []
        for node in members {
            let rows = try node.nodes()
            let own = rows.filter(\.isMyself)
            guard own.count == 1 else { return "\(node.name) lists itself \(own.count) times" }
            truth += own
            views.append((node, rows))
        }
        for view in views {
            for own in truth {
                guard let row = view.rows.first(where: { $0.id == own.id }) else {
                    return "\(view.node.name) does not know \(own.id) at \(own.port)"
                }
                if let difference = Self.difference(row, own) {
                    return "\(view.node.name) about the node at \(own.port): \(difference)"
                }
            }
            if let other = view.rows.first(where: { row in !truth.contains { $0.id == row.id } }) {
                return "\(view.node.name) knows another: \(other.id) \(other.flags)"
            }
        }
        return nil
    }

    /// What one node says of another against what that says of itself.
    private static func difference(_ row: ClusterNodesRow, _ own: ClusterNodesRow) -> String? {
        func differs(_ what: String, _ said: String, _ true: String) -> String {
            "\(what) “\(said)”, it says “\(`true`)”"
        }
        if row.isFailing || row.isHandshake || row.hasNoAddress {
            return "flags \(row.flags.joined(separator: ","))"
        }
        if !row.isConnected { return "disconnected" }
        let roles = (row.flags, own.flags.filter { $0 != "myself" })
        let role = roles.0.filter { $0 != "myself" }
        if role != roles.1 {
            return differs("flags", "\(role.joined(separator: ","))", "\(roles.1)")
        }
        if row.port != own.port || row.busPort != own.busPort {
            return differs("ports", "\(row.port)@\(row.busPort)", "\(own.port)@\(own.busPort)")
        }
        if row.master != own.master {
            return differs("master", row.master ?? "-", own.master ?? "-")
        }
        if row.slots != own.slots { return differs("slots", row.slotsText, own.slotsText) }
        if row.configEpoch != own.configEpoch {
            return differs("epoch", "\(row.configEpoch)", "\(own.configEpoch)")
        }
        return nil
    }

    /// Waits until `disagreement` finds none.
    /// - Returns: after how many milliseconds that was.
    @discardableResult
    package func waitUntilAgreed(
        _ members: [ServerProcess]? = nil, withinMilliseconds limit: Int = 10_000
    ) throws(InteropError) -> Int {
        try wait("agreement", limit) { () throws(InteropError) in try self.disagreement(members) }
    }

    /// Waits until all say `cluster_state:ok`.
    @discardableResult
    package func waitUntilServing(
        _ members: [ServerProcess]? = nil, withinMilliseconds limit: Int = 20_000
    ) throws(InteropError) -> Int {
        try wait("cluster_state:ok", limit) { () throws(InteropError) in
            for node in members ?? self.running {
                let state = try node.field("cluster_state", of: "CLUSTER", "INFO") ?? "nothing"
                if state != "ok" { return "\(node.name) says \(state)" }
            }
            return nil
        }
    }

    /// Waits until these replicas follow their masters.
    @discardableResult
    package func waitUntilCopied(
        _ replicas: [ServerProcess], withinMilliseconds limit: Int = 20_000
    ) throws(InteropError) -> Int {
        try wait("master_link_status:up", limit) { () throws(InteropError) in
            for node in replicas {
                let state = try node.field("master_link_status", of: "INFO", "REPLICATION")
                if state != "up" { return "\(node.name) says \(state ?? "nothing")" }
            }
            return nil
        }
    }

    func wait(
        _ what: String, _ limit: Int, _ amiss: () throws(InteropError) -> String?
    ) throws(InteropError) -> Int {
        let start = SystemClock.monotonicMilliseconds()
        while true {
            let difference = try amiss()
            let spent = Int(SystemClock.monotonicMilliseconds() - start)
            guard let difference else { return spent }
            guard spent < limit else {
                throw .notInTime(what: what, milliseconds: limit, difference: difference)
            }
            try deadline.sleep(
                milliseconds: Self.pauseMilliseconds, waitingFor: "\(what): \(difference)")
        }
    }
}
