// What to believe of what others say about third nodes: failure reports from masters that count, a
// pong that somebody else had, a new address of a suspect, and nodes that we did not know. Most
// entries of most messages change nothing; that path is short.
// Follows bus protocol §4.9; differs as DECISIONS D6 says.

import ClusterWire

enum Gossip {
    private static let suspectFlags: NodeFlags = [.pfail, .fail]

    /// Hears a gossip section. A section with one invalid id is ignored whole.
    static func hear(
        _ section: GossipSection, from speaker: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard let handles = known(section, state) else {
            return turn.note(.ignored(.invalidGossip, from: state.nodes[speaker].id))
        }
        let isVoter = FailureDetection.mayReport(speaker, state, turn)
        for index in 0..<section.count {
            let entry = section[index]
            // A section may name a node twice: the second time it may be known.
            guard let handle = handles[index] ?? state.nodes.find(entry.node) else {
                meet(entry, from: speaker, &state, &turn)
                continue
            }
            guard handle != .myself else { continue }
            let saysSuspect = !entry.flags.isDisjoint(with: suspectFlags)
            if isVoter {
                if saysSuspect {
                    FailureDetection.report(handle, by: speaker, &state, &turn)
                } else if !state.nodes[handle].reports.isEmpty {
                    FailureDetection.retract(handle, by: speaker, &state, &turn)
                }
            }
            guard !saysSuspect else { continue }
            if state.nodes[handle].pingSent == 0 && state.nodes[handle].reports.isEmpty {
                adoptPong(entry, handle, &state, turn)
            }
            if state.nodes[handle].isSuspect { adoptAddress(entry, handle, &state, &turn) }
        }
    }

    /// The rows that a section is about, nil for nodes that we do not know; nil instead of all when
    /// one of those has an id that no node can have. Ids that we know are valid.
    private static func known(
        _ section: GossipSection, _ state: ClusterState
    ) -> [NodeHandle?]? {
        var handles: [NodeHandle?] = []
        handles.reserveCapacity(section.count)
        for index in 0..<section.count {
            let id = section.node(index)
            let handle = state.nodes.find(id)
            guard handle != nil || id.isValid else { return nil }
            handles.append(handle)
        }
        return handles
    }

    /// Somebody else had a pong that is newer than ours.
    private static func adoptPong(
        _ entry: GossipEntry, _ handle: NodeHandle, _ state: inout ClusterState, _ turn: Turn
    ) {
        let wall = Int64(entry.pongReceived) * 1000
        guard wall <= turn.now.wall + ClusterConfig.gossipClockSlack else { return }
        let time = turn.now.monotonic(of: wall)
        if time > state.nodes[handle].pongReceived {
            state.nodes.heardPong(of: handle, at: time)
        }
    }

    /// A node that we suspect is well for another at another address.
    private static func adoptAddress(
        _ entry: GossipEntry, _ handle: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard !entry.flags.contains(.noAddress), Handshake.isUsable(entry.address) else { return }
        var address = entry.address
        address.ip = Handshake.normalised(address.ip)
        Handshake.moveAddress(of: handle, to: address, &state, &turn)
    }

    /// A node that we did not know: added under exactly that id, with what only its own header can
    /// tell left out, and connected to at once.
    private static func meet(
        _ entry: GossipEntry, from speaker: NodeHandle, _ state: inout ClusterState,
        _ turn: inout Turn
    ) {
        guard !entry.flags.contains(.noAddress), !entry.flags.contains(.handshake),
            Handshake.isUsable(entry.address),
            !state.forgotten.contains(entry.node, at: turn.now.wall)
        else { return }
        var address = entry.address
        address.ip = Handshake.normalised(address.ip)
        var traits: Traits = .news
        if entry.flags.contains(.noFailover) { traits.insert(.noFailover) }
        guard let handle = state.add(entry.node, at: address, traits: traits, &turn) else {
            return
        }
        if entry.flags.contains(.replica) { state.setRole(.replica(of: nil), of: handle) }
        turn.note(.nodeHeardOf(entry.node, from: state.nodes[speaker].id))
        Links.connect(to: handle, &state, &turn)
        turn.pending.formUnion([.save, .health])
    }
}
