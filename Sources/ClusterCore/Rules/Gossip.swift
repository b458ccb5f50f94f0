// What to take from the gossip sections of other nodes: failure reports by masters with slots, the time of a
// pong that another node received, a new address of a node in PFAIL or FAIL, and nodes that we did not know.
// Most entries of most messages change nothing; that path is kept short.
// Follows bus protocol §4.9; differs as DECISIONS D6 says.

import ClusterWire

enum Gossip {
    private static let suspectFlags: NodeFlags = [.pfail, .fail]

    /// Learns nodes from the MEET of an unknown node, but only while this node knows nobody: then it has no
    /// cluster that could be flooded with made-up nodes, and the handshake with the sender may still fail.
    ///
    /// - Source: DECISIONS D60.
    static func learnAlone(
        _ section: GossipSection, from stranger: NodeID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard state.nodes.memberCount == 1, let handles = state.nodes.find(in: section) else {
            return
        }
        var places = Places()
        for position in 0..<section.count
        where handles[position] == nil && state.nodes.find(section.node(position)) == nil {
            meet(section[position], from: stranger, &places, &state, &context)
        }
        // If the handshake fails, nobody else can tell these nodes of us: they are to be sent MEET.
        for handle in state.nodes.handles where state.nodes[handle].isKnownFromGossip {
            state.nodes[handle].mayNotKnowUs = true
        }
    }

    /// Reads a gossip section of a known node. A section with one invalid id is ignored as a whole.
    static func learn(
        _ section: GossipSection, from speaker: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let handles = state.nodes.find(in: section) else {
            return context.note(.ignored(.invalidGossip, from: state.nodes[speaker].id))
        }
        let isVoter = FailureDetection.mayReport(speaker, state, context)
        var places = Places()
        for position in 0..<section.count {
            // A section may name a node twice: the second time it may be known.
            guard let handle = handles[position] ?? state.nodes.find(section.node(position)) else {
                meet(section[position], from: state.nodes[speaker].id, &places, &state, &context)
                continue
            }
            guard handle != .myself else { continue }
            if state.nodes.isKnownFromGossip(handle) {
                if state.nodes[handle].isUnanswering(context) {
                    adoptAddress(section[position], handle, &state, &context)
                }
                continue
            }
            let saysSuspect = !section.flags(position).isDisjoint(with: suspectFlags)
            if isVoter {
                if saysSuspect {
                    FailureDetection.report(handle, by: speaker, &state, &context)
                } else if state.nodes.isReported(handle) {
                    FailureDetection.retract(handle, by: speaker, &state, &context)
                }
            }
            guard !saysSuspect else { continue }
            adoptPong(section.pongReceived(position), of: handle, &state, context)
            if state.nodes.isUnhealthy(handle) {
                adoptAddress(section[position], handle, &state, &context)
            }
        }
    }

    /// Takes over the second at which the sender received a pong of the node.
    @inline(__always)
    private static func adoptPong(
        _ second: UInt32, of handle: NodeHandle, _ state: inout ClusterState,
        _ context: borrowing StepContext
    ) {
        let wall = Int64(second) * 1000
        guard wall <= context.now.wall + ClusterConfig.gossipClockSlack else { return }
        state.nodes.notePong(of: handle, at: context.now.monotonic(of: wall))
    }

    /// Takes over the sender's address of a node that is PFAIL or FAIL, or that is known from gossip alone and
    /// does not answer: the address that we were told first may be wrong.
    private static func adoptAddress(
        _ entry: GossipEntry, _ handle: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard !entry.flags.contains(.noAddress), Addresses.isUsable(entry.address),
            IPLiteral.isLiteral(entry.address.ip)
        else { return }
        var address = entry.address
        address.ip = Addresses.normalised(address.ip)
        Addresses.told(of: handle, at: address, &state, &context)
    }

    /// Nodes known from gossip alone that may be deleted to make room for new ones; looked for once a section.
    private struct Places {
        private var silent: [NodeHandle]?

        /// The one that has gone without an answer for longest, if there is any.
        mutating func next(_ state: ClusterState, _ context: StepContext) -> NodeHandle? {
            if silent == nil {
                silent = state.nodes.handles
                    .filter {
                        state.nodes[$0].isKnownFromGossip && state.nodes[$0].isUnanswering(context)
                    }
                    .sorted { state.nodes[$0].pingSent > state.nodes[$1].pingSent }
            }
            return silent?.popLast()
        }
    }

    /// A node that we did not know: it is added under that id, without slots and epochs, which only its own
    /// header can tell, and connected to at once. Until its own header has come it may be made up: the number
    /// of such nodes is limited, and one that does not answer is deleted for the next.
    ///
    /// - Source: DECISIONS D44.
    private static func meet(
        _ entry: GossipEntry, from speaker: NodeID, _ places: inout Places,
        _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard !entry.flags.contains(.noAddress), !entry.flags.contains(.handshake),
            Addresses.isUsable(entry.address),
            !state.forgotten.contains(entry.node, at: context.now.wall)
        else { return }
        let limit = ClusterConfig.gossipNodeLimit(heard: state.nodes.memberCount)
        if state.nodes.counts.unheard >= limit {
            guard let silent = places.next(state, context) else {
                return context.note(.ignored(.gossipNodeLimit, from: speaker))
            }
            state.delete(silent, &context)
        }
        var address = entry.address
        address.ip = Addresses.normalised(address.ip)
        guard let handle = state.add(entry.node, at: address, as: .knownFromGossip, &context) else {
            return
        }
        if entry.flags.contains(.noFailover) {
            state.nodes[handle].peerFlags.insert(.noFailover)
        }
        if entry.flags.contains(.replica) { state.setRole(.replica(of: nil), of: handle, &context) }
        context.note(.nodeLearned(entry.node, from: speaker))
        Links.connect(to: handle, &state, &context)
    }
}
