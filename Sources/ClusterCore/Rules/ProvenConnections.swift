// Which of the connections that speak in a node's name is its own. Anybody can connect and name any node, but only
// the node answers on our own link to its address: of the connections in its name one is proven, the one that comes
// from where it answers, or where none ever does, the oldest. When it ends, another takes its place with the next
// answer on our link and not before. What is said on the others changes nothing.
//
// - Source: DECISIONS D98.

import ClusterWire

enum ProvenConnections {
    /// How far a message is believed, by the connection on which it came.
    enum Standing {
        /// It came on our own link: it is the node that is known at that address.
        case own
        case proven
        case unproven
    }

    /// Connections in one name that are kept beside the proven one.
    private static let keptPerName = 2
    /// Connections of one foreign address, in any names.
    private static let keptPerSource = 32
    /// All of them.
    private static let keptInAll = 256

    static func standing(
        of link: LinkID, as sender: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) -> Standing {
        guard case .inbound(let number) = link else { return .own }
        guard context.config.confirms else { return .own }
        guard state.nodes[sender].inbound == link else { return .unproven }
        state.connections.heard(on: number, at: context.now.monotonic)
        return .proven
    }

    /// A connection begins to speak in a node's name.
    static func introduce(
        _ link: LinkID, as handle: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard context.config.confirms else {
            // Another program may have the id by now, an older one that drops every packet with
            // extensions: a new connection shows anew whether they are taken.
            if state.nodes[handle].inbound != link {
                state.nodes[handle].peerFlags.remove(.takesExtensions)
            }
            return state.bind(link, to: handle, &context)
        }
        guard case .inbound(let number) = link, state.nodes[handle].inbound != link else { return }
        state.connections.doubt(number, in: handle)
        if state.nodes[handle].inbound == nil && isPlainlyItsOwn(link, handle, state) {
            return prove(number, of: handle, &state, &context)
        }
        keepFew(in: handle, newest: number, &state, &context)
    }

    /// The node has answered on our present link, nothing is asked of it, and the connection comes from there.
    private static func isPlainlyItsOwn(
        _ link: LinkID, _ handle: NodeHandle, _ state: ClusterState
    ) -> Bool {
        let node = state.nodes[handle]
        return node.isMember && node.outbound.isOpen && node.pingSent.isNever
            && state.connections[link]?.peer == node.place.ip
    }

    /// A message came on an unproven connection: whether the proven one still stands is found out by a PING on it,
    /// and where there is none the node itself is pinged.
    static func contested(
        by handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard let proven = state.nodes[handle].inbound, case .inbound(let number) = proven,
            let known = state.connections[proven]
        else {
            guard state.claims.mayAsk(handle) else { return }
            return FailureDetection.ask(handle, &state, &context)
        }
        let now = context.now.monotonic
        guard known.testedAt.isNever, now - known.heardAt >= patience(context) else { return }
        let beat = Compose.heartbeat(
            state, to: handle, takesExtensions: known.takesExtensions, amount: .least, &context)
        Sending.send(.ping(beat), on: proven, &state, &context)
        state.connections.test(number, at: now)
    }

    /// How long a proven connection may leave a PING without an answer.
    private static func patience(_ context: StepContext) -> Int64 {
        context.config.nodeTimeout / 8
    }

    /// Tick: ends the proven connections on which nobody answered, and drops words that no proof came for.
    static func expire(_ state: inout ClusterState, _ context: inout StepContext) {
        let now = context.now.monotonic
        for number in state.connections.tested {
            let link = LinkID.inbound(number)
            guard let known = state.connections[link], now - known.testedAt >= patience(context)
            else { continue }
            let node = known.node
            state.closeInbound(link, &context)
            if let node { ended(of: node, &state, &context) }
        }
        state.keptWords.drop(before: now - context.config.nodeTimeout / 2)
    }

    /// The proven connection of a node has ended: if others speak in its name, it is pinged, so that one of them can
    /// be proven.
    static func ended(
        of handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard context.config.confirms, state.nodes.contains(handle),
            !state.connections.unproven(of: handle).isEmpty
        else { return }
        FailureDetection.ask(handle, &state, &context)
    }

    /// An answer on our own link: the node is there. Returns the connection that is proven by that, if any.
    static func answered(
        by handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) -> LinkID? {
        // Nearly always nobody else speaks in any name.
        guard !state.connections.unproven.isEmpty else { return nil }
        let candidates = state.connections.unproven(of: handle)
        guard let oldest = candidates.first else { return nil }
        let home = state.nodes[handle].place.ip
        let present = state.nodes[handle].inbound
        if let present, state.connections[present]?.peer == home { return nil }
        if let own = candidates.first(where: { state.connections[.inbound($0)]?.peer == home }) {
            prove(own, of: handle, &state, &context)
            return .inbound(own)
        }
        // After a start of ours its own connection comes soon: a foreign one has to wait for a node timeout.
        guard present == nil, !state.nodes[handle].peerFlags.contains(.connectsFromHome),
            case .open(_, _, let opened) = state.nodes[handle].outbound,
            context.now.monotonic - opened >= context.config.nodeTimeout
        else { return nil }
        prove(oldest, of: handle, &state, &context)
        return .inbound(oldest)
    }

    private static func prove(
        _ number: UInt32, of handle: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        if case .inbound(let former)? = state.nodes[handle].inbound {
            state.connections.doubt(former, in: handle)
        }
        state.nodes[handle].inbound = nil
        let link = LinkID.inbound(number)
        if state.connections[link]?.peer == state.nodes[handle].place.ip {
            state.nodes[handle].peerFlags.insert(.connectsFromHome)
        }
        state.bind(link, to: handle, &context)
        state.connections.heard(on: number, at: context.now.monotonic)
    }

    /// Connections in names that are not proven are few: in one name, of one address, and in all. Those that come
    /// from where the node answers go last.
    private static func keepFew(
        in handle: NodeHandle, newest: UInt32, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let mine = state.connections.unproven(of: handle)
        if mine.count > keptPerName {
            let others = mine.filter { $0 != newest }
            let foreign = others.first { isForeign($0, state) }
            return state.closeInbound(.inbound(foreign ?? others[0]), &context)
        }
        let all = state.connections.unproven
        let source = state.connections[.inbound(newest)]?.peer
        let ofSource = all.count {
            state.connections[.inbound($0)]?.peer == source && isForeign($0, state)
        }
        if isForeign(newest, state) && ofSource > keptPerSource {
            state.closeInbound(.inbound(newest), &context)
        } else if all.count > keptInAll {
            let foreign = all.first { isForeign($0, state) }
            state.closeInbound(.inbound(foreign ?? newest), &context)
        }
    }

    private static func isForeign(_ number: UInt32, _ state: ClusterState) -> Bool {
        guard let known = state.connections[.inbound(number)], let node = known.node else {
            return true
        }
        return known.peer != state.nodes[node].place.ip
    }
}
