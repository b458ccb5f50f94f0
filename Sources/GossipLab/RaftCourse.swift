// One run of Raft, from round to round: first what arrives, then who has waited long enough. The
// rules are those of figure 2 of the paper, one function each; what they promise is checked by
// RaftPromises.

import Determinism

struct RaftCourse {
    private let options: LabOptions
    private var network: Network
    private var members: [RaftMember]
    private var messages: RoundQueue<RaftEnvelope>
    private var population: Population
    private var promises = RaftPromises()
    private var meter = Meter()
    private var isCommitted = false
    private var leaders = 0
    private var firstLeader: Int?
    private(set) var round = 0
    /// The longest way of a message, in rounds.
    private let way: Int

    init(_ options: LabOptions, _ random: inout SplitMix64) {
        self.options = options
        network = Network(options, &random)
        population = Population(network)
        members = [RaftMember](repeating: RaftMember(), count: options.nodes)
        way = 1 + options.delay.upperBound
        messages = RoundQueue(horizon: way)
        for node in 0..<options.nodes { waitForLeader(node, &random) }
        meter.endRound(compartments)
    }

    var allKnow: Bool { population.allKnow }

    mutating func run(_ random: inout SplitMix64) {
        round += 1
        network.begin(round, &random)
        population.mature()
        for node in 0..<options.nodes { noteReturn(of: node, &random) }
        for envelope in messages.take(round) where network.isUp(envelope.to) {
            receive(envelope, &random)
        }
        for node in 0..<options.nodes where network.acts(node, in: round) {
            if members[node].role == .leader {
                lead(node, &random)
            } else if round >= members[node].deadline {
                stand(node, &random)
            }
        }
        meter.endRound(compartments)
    }

    /// Who comes back has its term, vote and log, and leads no more.
    private mutating func noteReturn(of node: Int, _ random: inout SplitMix64) {
        let isUp = network.isUp(node)
        if isUp && !members[node].wasUp {
            members[node].role = .follower
            waitForLeader(node, &random)
        }
        members[node].wasUp = isUp
    }

    // MARK: Elections

    /// Many times the way of a message, and drawn from a span that grows with the number of nodes,
    /// so that two seldom stand at once.
    private mutating func waitForLeader(_ node: Int, _ random: inout SplitMix64) {
        members[node].deadline = round + way * (10 + random.below(max(10, options.nodes)))
    }

    private mutating func stand(_ node: Int, _ random: inout SplitMix64) {
        meter.add(1, to: "elections")
        members[node].role = .candidate
        members[node].term += 1
        members[node].votedFor = node
        members[node].votes = 1
        waitForLeader(node, &random)
        countVotes(of: node, &random)
        guard members[node].role == .candidate else { return }
        let request = RaftMessage.requestVote(
            lastPlace: members[node].log.count, lastTerm: members[node].lastTerm)
        for other in 0..<options.nodes where other != node {
            send(request, from: node, to: other, &random)
        }
    }

    private mutating func countVotes(of node: Int, _ random: inout SplitMix64) {
        guard members[node].votes >= RaftLog.majority(of: options.nodes) else { return }
        members[node].role = .leader
        members[node].next = [Int](repeating: members[node].log.count, count: options.nodes)
        members[node].match = [Int](repeating: 0, count: options.nodes)
        members[node].deadline = round
        leaders += 1
        if firstLeader == nil { firstLeader = round }
        promises.leads(node, term: members[node].term, log: members[node].log)
        // Only an entry of its own term tells a leader that those before it are committed: the
        // news, or an empty one when it has the news from a term before.
        let entry = RaftEntry(term: members[node].term, isNews: !members[node].hasNews)
        members[node].log.append(entry)
        promises.makes(members[node].log)
        advanceCommit(of: node)
    }

    private mutating func vote(
        _ node: Int, for candidate: Int, term: Int, lastPlace: Int, lastTerm: Int,
        _ random: inout SplitMix64
    ) {
        let isGranted = members[node].grants(
            candidate, term: term, lastPlace: lastPlace, lastTerm: lastTerm)
        if isGranted {
            members[node].votedFor = candidate
            waitForLeader(node, &random)
        }
        send(.vote(isGranted: isGranted), from: node, to: candidate, &random)
    }

    // MARK: Replication

    /// A leader sends to each what it lacks, or nothing but that it leads.
    private mutating func lead(_ node: Int, _ random: inout SplitMix64) {
        guard round >= members[node].deadline else { return }
        members[node].deadline = round + 2 * way
        for other in 0..<options.nodes where other != node {
            let previous = members[node].next[other]
            let log = members[node].log
            send(
                .append(
                    previous: previous, previousTerm: previous > 0 ? log[previous - 1].term : 0,
                    entries: log[previous...], commit: members[node].commit),
                from: node, to: other, &random)
        }
    }

    /// A follower takes entries only where the one before agrees.
    private mutating func append(
        _ node: Int, previous: Int, previousTerm: Int, _ entries: ArraySlice<RaftEntry>,
        commit: Int
    ) -> RaftMessage {
        guard members[node].agrees(previous: previous, previousTerm: previousTerm) else {
            return .answer(isSuccess: false, match: min(members[node].log.count, previous - 1))
        }
        var place = previous
        for entry in entries {
            if place < members[node].log.count && members[node].log[place].term != entry.term {
                promises.drops(node, from: place, commit: members[node].commit)
                members[node].log.removeSubrange(place...)
            }
            if place == members[node].log.count {
                members[node].log.append(entry)
                promises.takes(node, members[node].log)
            }
            place += 1
        }
        setCommit(of: node, to: min(commit, place))
        return .answer(isSuccess: true, match: place)
    }

    private mutating func note(
        _ isSuccess: Bool, _ match: Int, of other: Int, at node: Int
    ) {
        guard isSuccess else {
            members[node].next[other] = max(0, min(match, members[node].next[other] - 1))
            return
        }
        members[node].match[other] = max(members[node].match[other], match)
        members[node].next[other] = max(members[node].next[other], match)
        advanceCommit(of: node)
    }

    private mutating func advanceCommit(of node: Int) {
        members[node].match[node] = members[node].log.count
        let majority = RaftLog.majority(of: options.nodes)
        setCommit(of: node, to: members[node].committed(majority: majority))
    }

    private mutating func setCommit(of node: Int, to count: Int) {
        guard count > members[node].commit else { return }
        members[node].commit = count
        promises.commits(node, members[node].log, count: count)
        if members[node].knowsNews {
            isCommitted = true
            population.hear(node, in: round)
        }
    }

    // MARK: Messages

    private mutating func receive(_ envelope: RaftEnvelope, _ random: inout SplitMix64) {
        let (node, from) = (envelope.to, envelope.from)
        if envelope.term > members[node].term {
            if members[node].role != .follower { waitForLeader(node, &random) }
            members[node].term = envelope.term
            members[node].votedFor = nil
            members[node].role = .follower
        }
        let isCurrent = envelope.term == members[node].term
        switch envelope.message {
        case .requestVote(let lastPlace, let lastTerm):
            vote(
                node, for: from, term: envelope.term, lastPlace: lastPlace, lastTerm: lastTerm,
                &random)
        case .vote(let isGranted):
            guard isCurrent, isGranted, members[node].role == .candidate else { return }
            members[node].votes += 1
            countVotes(of: node, &random)
        case .append(let previous, let previousTerm, let entries, let commit):
            var answer = RaftMessage.answer(isSuccess: false, match: members[node].log.count)
            if isCurrent {
                members[node].role = .follower
                waitForLeader(node, &random)
                answer = append(
                    node, previous: previous, previousTerm: previousTerm, entries, commit: commit)
            }
            send(answer, from: node, to: from, &random)
        case .answer(let isSuccess, let match):
            guard isCurrent, members[node].role == .leader else { return }
            note(isSuccess, match, of: from, at: node)
        }
    }

    private mutating func send(
        _ message: RaftMessage, from node: Int, to other: Int, _ random: inout SplitMix64
    ) {
        meter.asTaught += 1
        switch message {
        case .requestVote:
            meter.contacts += 1
            meter.add(1, to: "requests for a vote")
        case .vote: meter.add(1, to: "votes")
        case .append(_, _, let entries, _):
            meter.contacts += 1
            meter.add(1, to: "appends")
            if entries.contains(where: { $0.isNews }) { meter.updates += 1 }
        case .answer: meter.add(1, to: "answers to appends")
        }
        guard network.delivers(from: node, to: other, &random) else {
            meter.lost += 1
            return
        }
        messages.add(
            RaftEnvelope(from: node, to: other, term: members[node].term, message: message),
            at: round + 1 + network.delay(&random))
    }

    // MARK: What came of it

    private var compartments: Compartments {
        var (infective, removed) = (0, 0)
        for node in 0..<options.nodes where !network.isGoneForGood(node) {
            if members[node].knowsNews {
                removed += 1
            } else if members[node].hasNews {
                infective += 1
            }
        }
        return Compartments(
            susceptible: network.upCount - infective - removed, infective: infective,
            removed: removed)
    }

    func complete(_ result: inout RunResult) {
        population.complete(&result, rounds: Double(round))
        result.meter = meter
        result.violation = promises.violation
        result.figures = [
            ("committed", isCommitted ? 1 : 0), ("knowing share", 1 - result.residue),
            ("leaders", Double(leaders)), ("messages", Double(meter.asTaught)),
        ]
        if let firstLeader {
            result.figures.append(("round of the first leader", Double(firstLeader)))
        }
    }
}
