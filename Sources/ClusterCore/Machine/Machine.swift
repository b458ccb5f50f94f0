// The table of contents of the protocol: it decides nothing, it only fixes the order of the rules. What can be
// asked of a machine is in MachineQuestions.

import ClusterWire
package import Determinism

/// One node's rules and what it believes: input in, effects out.
///
/// A value. It has no clock, no file, no socket, and no randomness but a seeded generator: the same
/// inputs give the same effects on every computer.
public struct Machine: Sendable {
    package private(set) var state: ClusterState
    /// Kept from step to step, so that settings are not copied for each.
    private(set) var context: StepContext

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

    /// A node that was never part of a cluster: a fresh id, a shard of its own, no slots.
    ///
    /// - Parameters:
    ///   - config: its settings.
    ///   - seed: the seed of all random choices, the node's id among them; it must differ from node to node
    ///     and from start to start.
    public init(fresh config: ClusterConfig, seed: UInt64) {
        self.init(fresh: config, random: SplitMix64(seed: seed))
    }

    /// A node that continues from its nodes.conf, ours or that of a reference server.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - config: its settings.
    ///   - seed: as for a fresh node.
    ///   - now: the time of the start.
    /// - Throws: what is wrong with the file, with its line; nothing is taken from such a file.
    public init(
        nodesFile bytes: [UInt8], config: ClusterConfig, seed: UInt64, at now: Instant
    ) throws(NodesFileError) {
        var random = SplitMix64(seed: seed)
        let state = try NodesFile.parse(bytes, at: now, random: &random)
        self.init(state: state, config: config, random: random)
    }

    /// The settings, as they were given last.
    public var config: ClusterConfig { context.config }

    /// Takes one input and says what is to be done, in order.
    ///
    /// - Parameters:
    ///   - input: what happened.
    ///   - now: the time of the step; the monotonic clock never goes back.
    /// - Returns: what is to be done, in this order. `Effect.persist` stands first: what the step decided is
    ///   in nodes.conf before anything that follows from it is sent.
    public mutating func step(_ input: Input, at now: Instant) -> [Effect] {
        context.begin(at: now)
        if case .configure(let new) = input { context.config = new }
        dispatch(input)
        EndOfStep.finish(&state, &context)
        Invariants.check(state, nodeTimeout: context.config.nodeTimeout)
        Returning.keepSilent(&state, &context)
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
        case .oversized(let type, let length, let link):
            state.statistics.countReceived(type)
            let sender = state.boundNode(of: link)
            if let sender { state.nodes.noteData(of: sender, at: context.now.monotonic) }
            context.note(
                .ignored(.oversized(type, length: length), from: sender.map { state.nodes[$0].id }))
        case .filtered(let type, let id):
            state.statistics.countReceived(type)
            // An operator who cuts nodes off from each other wants to see that they know each other.
            if let handle = id.flatMap({ state.nodes.find($0) }),
                state.nodes[handle].isKnownFromGossip
            {
                state.nodes[handle].isFiltered = true
            }
        case .resetStatistics: state.statistics.reset()
        case .linkOpened(let link, let local, let peer):
            Links.opened(link, local: local, peer: peer, &state, &context)
        case .linkClosed(let link): linkClosed(link)
        case .command(let command, let client):
            Commands.run(command, for: client, &state, &context)
        case .publish(let publication, let toShard):
            Publishing.publish(publication, toShard: toShard, &state, &context)
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

    private mutating func linkClosed(_ link: LinkID) {
        let target = state.target(of: link)
        let speaker = state.connections[link]?.node
        Links.closed(link, &state, &context)
        if let target { Addresses.linkEnded(of: target, &state, &context) }
        if let speaker { ProvenConnections.ended(of: speaker, &state, &context) }
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
            || former.clients != state.me.clients
        {
            context.pending.formUnion([.save, .awaited])
        }
    }

    private mutating func tick() {
        if !state.forgotten.isEmpty { state.forgotten.removeExpired(at: context.now.wall) }
        let due = state.nodes.due(at: context.now.monotonic)
        ProvenConnections.expire(&state, &context)
        Claims.expire(&state, &context)
        Links.maintain(among: due, &state, &context)
        Addresses.maintain(&state, &context)
        Heartbeats.schedule(among: due, &state, &context)
        FailureDetection.tellFailures(&state, &context)
        FailureDetection.suspect(among: due, &state, &context)
        if !state.failures.open.isEmpty {
            FailureDetection.decideOpen(&state, &context)
            Voting.dropWaiting(&state, &context)
        }
        DueTimes.plan(among: due, &state, context)
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
            port: config.announcedPort, secondaryPort: config.announceTLSPort ?? 0,
            busPort: config.announcedBusPort)
        state.nodes[.myself].name(
            hostname: config.announceHostname, nodeName: config.announceNodeName)
        state.nodes[.myself].clients = config.clients
    }
}
