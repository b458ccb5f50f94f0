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
    private var context: StepContext

    /// A node that continues from what it saved. `planted` are bugs that its rules have on purpose:
    /// only a simulation that looks for them plants any.
    package init(
        state: ClusterState, config: ClusterConfig, random: SplitMix64, planted: PlantedBug = []
    ) {
        self.state = state
        context = StepContext(
            now: Instant(monotonic: 0, wall: 0), config: config, random: random, planted: planted)
        self.state.durability = Durability(state.selfFacts)
        if context.has(.forgottenVote) { self.state.votes.forgetEpoch() }
        applyAddress()
    }

    /// A node that was never part of a cluster: a fresh id, a shard of its own, no slots.
    package init(fresh config: ClusterConfig, random: SplitMix64, planted: PlantedBug = []) {
        var random = random
        let id = NodeID(using: &random)
        let shard = ShardID(NodeID(using: &random))
        self.init(
            state: ClusterState(myself: id, shard: shard, address: .none), config: config,
            random: random, planted: planted)
    }

    package var config: ClusterConfig { context.config }

    /// Whether a vote, a request for votes or a claim waits for the disk.
    package var owesPromise: Bool { !state.durability.waiting.isEmpty }

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
        context.begin(at: now)
        if case .configure(let new) = input { context.config = new }
        dispatch(input)
        EndOfStep.finish(&state, &context)
        Invariants.check(state, nodeTimeout: context.config.nodeTimeout)
        return context.end()
    }

    private mutating func dispatch(_ input: Input) {
        switch input {
        case .tick: tick()
        case .timer:
            state.election.timerFired()
            context.pending.insert(.election)
        case .message(let message, let link):
            Receive.message(message, on: link, &state, &context)
        case .refused(let error, let type, let link):
            if let type { state.statistics.countReceived(type) }
            let who = state.boundNode(of: link).map { state.nodes[$0].id }
            context.note(.ignored(.unreadable(error.kind), from: who))
        case .passedBy(let type, let length, let link):
            state.statistics.countReceived(type)
            let sender = state.boundNode(of: link)
            if let sender { state.nodes.heardData(of: sender, at: context.now.monotonic) }
            context.note(
                .ignored(.passedBy(type, length: length), from: sender.map { state.nodes[$0].id }))
        case .filtered(let type, let id):
            state.statistics.countReceived(type)
            // An operator who cuts nodes off from each other wants to see that they know each other.
            if let handle = id.flatMap({ state.nodes.find($0) }), state.nodes[handle].isUnheard {
                state.nodes[handle].isFiltered = true
            }
        case .resetStatistics: state.statistics.reset()
        case .linkOpened(let link, let local, let peer):
            Links.opened(link, local: local, peer: peer, &state, &context)
        case .linkClosed(let link): Links.closed(link, &state, &context)
        case .command(let command, let client):
            Commands.run(command, for: client, &state, &context)
        case .store(let report): Replication.learned(report, &state, &context)
        case .persisted(let generation):
            for action in Saving.confirmed(upTo: generation, &state, &context) { perform(action) }
        case .persistFailed(let generation, let fault):
            for action in Saving.failed(from: generation, because: fault, &state, &context) {
                takeBack(action, because: fault)
            }
        case .configure: configured()
        }
    }

    /// What waited for a save that is on disk now.
    private mutating func perform(_ action: DurableAction) {
        switch action.kind {
        case .vote(let candidate, let epoch):
            Voting.say(to: candidate, in: epoch, &state, &context)
        case .voteRequest(let epoch): Election.ask(epoch, &state, &context)
        case .claim: break  // said when the save was confirmed: the role is news
        }
    }

    /// What waited for a save that failed.
    private mutating func takeBack(_ action: DurableAction, because fault: SystemFault) {
        switch action.kind {
        case .vote(let candidate, let epoch):
            state.votes.withdraw()
            context.note(.voteWithdrawn(to: candidate, epoch, fault))
        case .voteRequest(let epoch):
            if state.election.candidacy?.epoch == epoch { state.election.end() }
            context.note(.claimWithdrawn(epoch, fault))
        case .claim(let master, let epoch, let formerEpoch):
            context.note(.claimWithdrawn(epoch, fault))
            Roles.undoPromotion(from: master, formerEpoch: formerEpoch, &state, &context)
        }
    }

    private mutating func configured() {
        let former = state.me
        applyAddress()
        Replication.flagMyself(&state, context)
        state.nodes.markAllDue()
        context.pending.formUnion([.health, .broadcast])
        // What nodes.conf says of us: most settings are not in it.
        if former.address != state.me.address || former.hostname != state.me.hostname
            || former.nodeName != state.me.nodeName || former.peerFlags != state.me.peerFlags
        {
            context.pending.formUnion([.save, .awaited])
        }
    }

    private mutating func tick() {
        if !state.forgotten.isEmpty { state.forgotten.removeExpired(at: context.now.wall) }
        let due = state.nodes.due(at: context.now.monotonic)
        Links.maintain(among: due, &state, &context)
        Heartbeats.schedule(among: due, &state, &context)
        FailureDetection.tellFailures(&state, &context)
        FailureDetection.suspect(among: due, &state, &context)
        if !state.failures.open.isEmpty {
            FailureDetection.decideOpen(&state, &context)
            Voting.dropWaiting(&state, &context)
        }
        let timeout = context.config.nodeTimeout
        state.nodes.setNextDue(of: due) { $0.nextDue(timeout) }
        ManualFailover.expire(&state, &context)
        // Before the election: a replica that leaves does not stand for the master it left.
        ReplicaMigration.consider(&state, &context)
        context.pending.insert(.election)
        if !state.health.isOK || !state.slots.notClaimed.isEmpty { context.pending.insert(.health) }
    }

    /// Our own row says what we announce.
    private mutating func applyAddress() {
        let config = context.config
        if let ip = config.announceIP { state.nodes[.myself].announce(ip: ip) }
        state.nodes[.myself].announce(
            port: config.announcedPort, busPort: config.announcedBusPort)
        state.nodes[.myself].name(
            hostname: config.announceHostname, nodeName: config.announceNodeName)
    }
}
