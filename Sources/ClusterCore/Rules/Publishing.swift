// Publications of clients: which nodes are sent one, in which form, and which of those that come are handed to
// the subscribers of this node. Nobody passes on what came, and nothing is sent again. Who subscribes here is for
// the server. Follows bus protocol §7, §2.8, §2.10; differs as DECISIONS D78 says.

import ClusterWire

enum Publishing {
    /// A client of this node publishes: every member to which our link stands is told, or of those the nodes of
    /// our shard.
    static func publish(
        _ publication: Publication, toShard: Bool, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        var light: [LinkID] = []
        var full: [LinkID] = []
        for handle in state.connectedPeers() {
            let peer = state.nodes[handle]
            // Who is known from gossip alone may be made up: it is told nothing that a client said.
            guard peer.isMember, !toShard || isOfOurShard(peer, state),
                let link = peer.outbound.openID
            else { continue }
            if takesLight(peer) { light.append(link) } else { full.append(link) }
        }
        let form: LightBody = toShard ? .publishShard(publication) : .publish(publication)
        Sending.broadcast(.light(LightMessage(form)), on: light, &state, &context)
        guard !full.isEmpty else { return }
        let header = Compose.header(state, context.config)
        let body: Body = toShard ? .publishShard(publication) : .publish(publication)
        Sending.broadcast(.full(header, body), on: full, &state, &context)
    }

    /// A member sent a publication: it is for the subscribers of this node.
    static func received(
        _ publication: Publication, toShard: Bool, _ context: inout StepContext
    ) {
        context.emit(.deliver(publication, toShard: toShard))
    }

    /// By the shard id, and by who replicates whom: after a change of roles either may be known first.
    ///
    /// - Source: bus protocol §12 row 40.
    private static func isOfOurShard(_ peer: KnownNode, _ state: ClusterState) -> Bool {
        let (mine, theirs) = (state.me.master, peer.master)
        return peer.shard == state.me.shard || theirs == state.myID || mine == peer.id
            || mine != nil && mine == theirs
    }

    /// Whether it takes light headers, and has answered on our present link to it: who does not know yet who
    /// is at the other end closes the connection on one.
    ///
    /// - Source: bus protocol §2.10.
    private static func takesLight(_ peer: KnownNode) -> Bool {
        guard peer.peerFlags.contains(.lightPublish), !peer.mayNotKnowUs,
            case .open(_, _, let opened) = peer.outbound
        else { return false }
        return peer.pongReceived >= Moment(opened)
    }
}
