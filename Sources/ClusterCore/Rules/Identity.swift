// Who speaks: the node to which the connection belongs, if its headers bear that out. A header that
// names another node on a connection that was another's is not believed and ends the connection;
// the reference goes by the connection and never looks again. Follows bus protocol §1.4, §4.1, §4.5;
// §12 row 10.

import ClusterWire

enum Identity {
    enum Speaker {
        case node(NodeHandle)
        case myself
        case stranger
        /// The message was spent on finding out, or is not believed.
        case nobody
    }

    static func speaker(
        of header: Header, _ body: Body, on link: LinkID, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> Speaker {
        // A connection that was closed in the meantime says nothing more.
        guard state.target(of: link) != nil || state.connections[link] != nil else {
            return .nobody
        }
        guard let owner = state.boundNode(of: link) else {
            return lookUp(header.sender, on: link, &state, &context)
        }
        if state.nodes[owner].id == header.sender { return .node(owner) }
        context.note(
            .ignored(
                .senderMismatch(expected: state.nodes[owner].id, got: header.sender), from: nil))
        switch link {
        case .inbound: state.closeInbound(link, &context)
        case .outbound:
            if body.heartbeat != nil {
                Handshake.answeredByOther(header, at: owner, &state, &context)
            }
        }
        return .nobody
    }

    private static func lookUp(
        _ id: NodeID, on link: LinkID, _ state: inout ClusterState, _ context: inout StepContext
    ) -> Speaker {
        guard let handle = state.nodes.find(id) else { return .stranger }
        guard handle != .myself else { return .myself }
        // Temporary names are ours alone: nobody can speak under one.
        guard !state.nodes[handle].isHandshake else { return .stranger }
        if case .inbound = link {
            ProvenConnections.introduce(link, as: handle, &state, &context)
        }
        return .node(handle)
    }
}
