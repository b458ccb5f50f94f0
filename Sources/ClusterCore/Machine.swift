// The table of contents of the protocol: it decides nothing, it only fixes the order of the rules.

package import ClusterWire
package import Determinism

/// One node's rules and what it believes: input in, effects out.
///
/// A value. It has no clock, no chance but its own generator, no file and no socket: the same
/// inputs give the same effects on every machine.
package struct Machine: Sendable {
    package private(set) var state: ClusterState
    /// Kept from step to step, so that settings are not copied for each.
    private var turn: Turn

    package init(state: ClusterState, config: ClusterConfig, random: SplitMix64) {
        self.state = state
        turn = Turn(now: Instant(monotonic: 0, wall: 0), config: config, random: random)
        self.state.durable = Promises.facts(state)
        if turn.has(.forgottenVote) { self.state.lastVoteEpoch = 0 }
        applyAddress()
    }

    /// A node that was never part of a cluster: a fresh id, a shard of its own, no slots.
    package init(fresh config: ClusterConfig, random: SplitMix64) {
        var random = random
        let id = NodeID(using: &random)
        let shard = ShardID(NodeID(using: &random))
        self.init(
            state: ClusterState(myself: id, shard: shard, address: .none), config: config,
            random: random)
    }

    package var config: ClusterConfig { turn.config }

    /// Whether a vote, a request for votes or a claim waits for the disk.
    package var owesPromise: Bool { !state.promises.isEmpty }

    /// Asked of many machines at once: to look at the state from outside copies it.
    package var id: NodeID { state.myID }
    package var isVotingMaster: Bool { state.me.isVotingMaster }
    package func hasHeard(of id: NodeID) -> Bool { state.nodes.findHeard(id) != nil }

    package func holdsFailed(_ id: NodeID) -> Bool {
        state.nodes.find(id).map { state.nodes[$0].condition.isFailed } ?? false
    }
    /// Whether it has met it.
    package func hasMet(_ id: NodeID) -> Bool {
        state.nodes.find(id).map { !state.nodes[$0].isHandshake } ?? false
    }
    package func slots(of id: NodeID) -> SlotSet? {
        state.nodes.find(id).map { state.nodes[$0].slots }
    }

    /// Whether this node knows of another.
    package func knows(_ id: NodeID) -> Bool { state.nodes.find(id) != nil }

    /// Where it believes a node to be.
    package func place(of id: NodeID) -> NodeAddress? {
        state.nodes.find(id).map { state.nodes[$0].place }
    }

    /// Whether a connection belongs to a node whose name is known: it may send more.
    package func isKnownPeer(on link: LinkID) -> Bool { state.isKnownPeer(on: link) }

    /// What this node is.
    package var role: Role { state.me.role }

    /// Where a command belongs.
    package func route(_ query: SlotQuery) -> SlotRoute { state.route(query) }

    /// What a node announces as its address.
    package func address(of id: NodeID) -> NodeAddress? {
        state.nodes.find(id).map { state.nodes[$0].address }
    }

    /// Whether an inbound connection is that of a handshake.
    package func isMeeting(on link: LinkID) -> Bool { state.isMeeting(on: link) }

    /// Takes one input and says what is to be done, in order.
    package mutating func step(_ input: Input, at now: Instant) -> [Effect] {
        turn.begin(at: now)
        if case .configure(let new) = input { turn.config = new }
        dispatch(input)
        Settle.finish(&state, &turn)
        Invariants.check(state, nodeTimeout: turn.config.nodeTimeout)
        return turn.end()
    }

    private mutating func dispatch(_ input: Input) {
        switch input {
        case .tick: tick()
        case .timer:
            state.candidacy?.timerAt = 0
            turn.pending.insert(.election)
        case .message(let message, let link):
            Receive.message(message, on: link, &state, &turn)
        case .refused(let error, let type, let link):
            if let type { state.statistics.countReceived(type) }
            let who = Identity.bound(to: link, state).map { state.nodes[$0].id }
            turn.note(.ignored(.unreadable(error.kind), from: who))
        case .passedBy(let type, let length, let link):
            state.statistics.countReceived(type)
            let sender = Identity.bound(to: link, state)
            if let sender { state.nodes.heardData(of: sender, at: turn.now.monotonic) }
            turn.note(
                .ignored(.passedBy(type, length: length), from: sender.map { state.nodes[$0].id }))
        case .filtered(let type, let id):
            state.statistics.countReceived(type)
            // An operator who cuts nodes off from each other wants to see that they know each other.
            if let handle = id.flatMap({ state.nodes.find($0) }), state.nodes[handle].isUnheard {
                state.nodes[handle].traits.insert(.filtered)
            }
        case .resetStatistics: state.statistics.reset()
        case .linkOpened(let link, let local, let peer):
            Links.opened(link, local: local, peer: peer, &state, &turn)
        case .linkClosed(let link): Links.closed(link, &state, &turn)
        case .command(let command, let client):
            Commands.run(command, for: client, &state, &turn)
        case .store(let report): Replication.learned(report, &state, &turn)
        case .persisted(let generation): Promises.release(upTo: generation, &state, &turn)
        case .persistFailed(let generation, let fault):
            Promises.withdraw(from: generation, because: fault, &state, &turn)
        case .configure: configured()
        }
    }

    private mutating func configured() {
        let former = state.me
        applyAddress()
        Replication.flagMyself(&state, turn)
        state.nodes.lookAtAll()
        turn.pending.formUnion([.health, .broadcast])
        // What nodes.conf says of us: most settings are not in it.
        if former.address != state.me.address || former.hostname != state.me.hostname
            || former.nodeName != state.me.nodeName || former.traits != state.me.traits
        {
            turn.pending.formUnion([.save, .awaited])
        }
    }

    private mutating func tick() {
        if !state.forgotten.isEmpty { state.forgotten.removeExpired(at: turn.now.wall) }
        let due = state.nodes.due(at: turn.now.monotonic)
        Links.maintain(among: due, &state, &turn)
        Heartbeats.schedule(among: due, &state, &turn)
        FailureDetection.tellFailures(&state, &turn)
        FailureDetection.suspect(among: due, &state, &turn)
        if !state.openFailures.isEmpty {
            FailureDetection.decideOpen(&state, &turn)
            Voting.dropWaiting(&state, &turn)
        }
        state.nodes.lookWhenDue(at: due, nodeTimeout: turn.config.nodeTimeout)
        ManualFailover.expire(&state, &turn)
        // Before the election: a replica that leaves does not stand for the master it left.
        ReplicaMigration.consider(&state, &turn)
        turn.pending.insert(.election)
        if !state.health.isOK || !state.slots.notClaimed.isEmpty { turn.pending.insert(.health) }
    }

    /// Our own row says what we announce.
    private mutating func applyAddress() {
        let config = turn.config
        if let ip = config.announceIP { state.nodes[.myself].announce(ip: ip) }
        state.nodes[.myself].announce(
            port: config.announcedPort, busPort: config.announcedBusPort)
        state.nodes[.myself].hostname = config.announceHostname
        state.nodes[.myself].nodeName = config.announceNodeName
    }
}
