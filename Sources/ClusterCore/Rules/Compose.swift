// State → outgoing header, gossip and extensions; writes nothing. The header says what is durable:
// an epoch, role or slot that is not yet on disk is not said (bus protocol §3.1, §12 row 17). The
// gossip section follows §3.2: a few nodes by chance, and every suspect always.

import ClusterWire
import Determinism

enum Compose {
    /// What this node says of itself in front of every message.
    ///
    /// - Source: bus protocol §3.1.
    static func header(_ state: ClusterState, _ config: borrowing ClusterConfig) -> Header {
        let me = state.me
        let said = state.durability.facts
        var header = Header(sender: me.id, currentEpoch: said.currentEpoch)
        var flags = me.flags.intersection([.pfail, .fail, .migrateTo, .noFailover])
        flags.formUnion([.myself, .authNack])
        if config.takesLightPublish { flags.insert(.lightPublish) }
        switch said.role {
        case .master:
            flags.insert(.master)
            header.configEpoch = said.configEpoch
            header.slots = said.slots
        case .replica(let master):
            flags.insert(.replica)
            header.replicaOf = master ?? .zero
            if let master, let row = state.nodes.find(master) {
                header.configEpoch = state.nodes[row].configEpoch
                header.slots = state.nodes[row].slots
            }
        }
        header.offset = me.offset
        header.flags = flags
        header.ip = config.announceIP ?? IPText()
        header.port = config.announcedPort
        header.secondaryPort = config.announceTLSPort ?? 0
        header.busPort = config.announcedBusPort
        header.state = state.health.isOK ? 0 : 1
        if case .pausing = state.manualFailover { header.messageFlags.insert(.paused) }
        return header
    }

    /// How many nodes drawn by chance a heartbeat tells of.
    enum Amount {
        /// A tenth of all, or as many as `gossipPercent` says: over time all hear of all.
        case usual
        /// A few, where the header is what is told and everybody tells everybody: greetings on new links,
        /// trials of idle ones and the answers to both, and who has a new role or slots.
        ///
        /// - Source: DECISIONS D40.
        case least
    }

    /// Nodes drawn by chance that any heartbeat tells of.
    static let leastCount = 3

    /// Gossip and extensions for a node, or for a stranger when `handle` is nil.
    static func heartbeat(
        _ state: ClusterState, to handle: NodeHandle?, takesExtensions: Bool? = nil,
        telling news: [NodeHandle] = [], amount: Amount = .usual, _ context: inout StepContext
    ) -> Heartbeat {
        let takes =
            takesExtensions
            ?? handle.map { state.nodes[$0].peerFlags.contains(.takesExtensions) } ?? false
        return Heartbeat(
            gossip: gossip(state, to: handle, telling: news, amount, &context),
            extensions: takes ? extensions(state, context) : [])
    }

    /// Whom to tell of: nodes by chance, then news, then every suspect.
    ///
    /// - Source: bus protocol §3.2.
    private static func gossip(
        _ state: ClusterState, to receiver: NodeHandle?, telling news: [NodeHandle],
        _ amount: Amount, _ context: inout StepContext
    ) -> GossipSection {
        let all = state.nodes.handles
        var fresh = all.count - 2
        let percent = context.config.gossipPercent
        // Who asks for more than is usual gets it in every heartbeat.
        let isLeast = amount == .least && percent <= ClusterConfig.usualGossipPercent
        let share = isLeast ? 0 : all.count * percent / 100
        let wanted = min(max(leastCount, share), fresh)
        var chosen = Choice(capacity: state.nodes.capacity, wanted: wanted + news.count)
        var draws = 3 * max(wanted, 0)
        while draws > 0 && fresh > 0 && chosen.handles.count < wanted {
            draws -= 1
            let handle = all[context.random.below(all.count)]
            guard handle != .myself, handle != receiver, !chosen.contains(handle),
                !state.nodes.isPFail(handle)
            else { continue }
            fresh -= 1
            if state.nodes.isWorthTelling(handle) { chosen.insert(handle) }
        }
        // Where most are wanted, chance is long in finding the last of them.
        if wanted > max(leastCount, all.count / 2) {
            let first = context.random.below(all.count)
            for place in all.indices where chosen.handles.count < wanted {
                let handle = all[(first + place) % all.count]
                guard handle != .myself, handle != receiver, !chosen.contains(handle),
                    !state.nodes.isPFail(handle), state.nodes.isWorthTelling(handle)
                else { continue }
                chosen.insert(handle)
            }
        }
        for handle in news where handle != receiver && state.nodes.contains(handle) {
            guard state.nodes.isWorthTelling(handle), !chosen.contains(handle) else { continue }
            chosen.insert(handle)
        }
        for handle in state.nodes.counts.suspects
        where handle != receiver && !state.nodes[handle].isHandshake {
            chosen.handles.append(handle)
        }
        let now = context.now
        state.nodes.fetch(chosen.handles)
        return GossipSection(count: chosen.handles.count) {
            state.nodes.entry(about: chosen.handles[$0], at: now)
        }
    }

    /// Nodes drawn for a section, each once.
    private struct Choice {
        var handles: [NodeHandle] = []
        /// By handle; empty while so few are wanted that looking through them is quicker.
        private var isChosen: [Bool] = []

        init(capacity: Int, wanted: Int) {
            handles.reserveCapacity(wanted)
            if wanted > 12 { isChosen = [Bool](repeating: false, count: capacity) }
        }

        func contains(_ handle: NodeHandle) -> Bool {
            isChosen.isEmpty ? handles.contains(handle) : isChosen[handle.index]
        }

        mutating func insert(_ handle: NodeHandle) {
            handles.append(handle)
            if !isChosen.isEmpty { isChosen[handle.index] = true }
        }
    }

    /// Names, forgotten nodes and the shard id, in the order of the reference.
    ///
    /// - Source: bus protocol §2.6.
    private static func extensions(_ state: ClusterState, _ context: borrowing StepContext)
        -> [PingExtension]
    {
        var list: [PingExtension] = []
        let config = context.config
        if !config.announceHostname.isEmpty { list.append(.hostname(config.announceHostname)) }
        if !config.announceNodeName.isEmpty { list.append(.nodeName(config.announceNodeName)) }
        list += config.clients.extensions
        for forgotten in state.forgotten.announcements(at: context.now.wall) {
            list.append(.forgottenNode(forgotten.id, secondsLeft: forgotten.secondsLeft))
        }
        list.append(.shardID(state.durability.facts.shard))
        return list
    }

    /// An UPDATE about the owner of slots; nil when the owner is this node and its claim is not
    /// durable yet.
    ///
    /// - Source: bus protocol §2.9.
    static func update(_ state: ClusterState, about owner: NodeHandle) -> SlotUpdate? {
        let node = state.nodes[owner]
        var slots = node.slots
        if owner == .myself {
            guard state.durability.facts.configEpoch == node.configEpoch,
                state.durability.facts.role == .master
            else { return nil }
            slots = state.durability.facts.slots
        }
        if !state.slots.notClaimed.isEmpty { slots = slots.subtracting(state.slots.notClaimed) }
        return SlotUpdate(configEpoch: node.configEpoch, node: node.id, slots: slots)
    }
}
