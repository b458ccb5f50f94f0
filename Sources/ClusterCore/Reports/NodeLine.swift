// The line about one node, as CLUSTER NODES prints it; nodes.conf shares all but the address.
// Follows bus protocol §8.2, §9.2.

import ClusterWire

package enum NodeLine {
    /// All lines of CLUSTER NODES, each with its newline.
    package static func all(
        _ state: ClusterState, _ now: Instant, _ config: ClusterConfig = ClusterConfig(),
        for family: AddressFamily = .ipv4
    ) -> String {
        var text = ""
        let oldest = now.monotonic - config.nodeTimeout
        for handle in state.nodes.handles
        where state.nodes[handle].isShown(silentSince: oldest) {
            text += self.text(handle, state, now, for: family)
            text += "\n"
        }
        return text
    }

    /// One line of CLUSTER NODES, without newline.
    package static func text(
        _ handle: NodeHandle, _ state: ClusterState, _ now: Instant,
        for family: AddressFamily = .ipv4
    ) -> String {
        let node = state.nodes[handle]
        var address = "\(node.clientIP(family)):\(node.clientPort)@\(node.address.busPort)"
        if !node.hostname.isEmpty { address += ",\(node.hostname)" }
        return line(handle, address: address, state, now)
    }

    /// A line with this address field.
    static func line(
        _ handle: NodeHandle, address: String, _ state: ClusterState, _ now: Instant
    ) -> String {
        let node = state.nodes[handle]
        let isMe = handle == .myself
        var flags = node.flags
        if isMe { flags.insert(.myself) }
        // What it is will be known with its answer.
        if node.isHandshake || node.isKnownFromGossip {
            flags.subtract([.master, .replica])
            flags.insert(.handshake)
        }
        var text = "\(node.id) \(address) \(Word.text(flags)) "
        text += node.master?.description ?? "-"
        text += " \(isMe ? 0 : now.wall(of: node.pingSent))"
        text += " \(isMe ? 0 : now.wall(of: node.heardAt))"
        let master = node.master.flatMap { state.nodes.find($0) }
        text += " \(state.nodes[master ?? handle].configEpoch)"
        let isConnected = isMe || node.outbound.isOpen
        text += isConnected ? " connected" : " disconnected"
        if node.slotCount > 0 { text += " \(node.slots)" }
        if isMe { text += openSlots(state) }
        return text
    }

    private static func openSlots(_ state: ClusterState) -> String {
        var moves = state.slots.migrating.list.map { ($0.slot, "[\($0.slot)->-\($0.node)]") }
        moves += state.slots.importing.list.map { ($0.slot, "[\($0.slot)-<-\($0.node)]") }
        return moves.sorted { $0.0 < $1.0 }.map { " \($0.1)" }.joined()
    }
}
