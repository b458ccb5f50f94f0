// The invariants that must hold at each step, whatever fails: one vote an epoch, majorities, quorums, epochs
// that never fall, nothing sent before it is on disk. They look at the messages and notes of machines and at
// their disks, never at what a rule intended. What one step may do to slots and votes is in StepChecker, and
// what must be true at the end of a run in ConvergenceChecker.

import ClusterCore
import ClusterWire

/// Compares what nodes send and note with what they sent, noted and saved before.
struct SafetyChecker: Checker {
    /// What is known of one identity: a node from one RESET to the next.
    private struct History: Sendable {
        /// The number of the first identity with the same id: failure reports about an id outlive a RESET.
        var name: Int
        var currentEpoch: Epoch = 0
        var configEpoch: Epoch = 0
        var votes: [(epoch: Epoch, candidate: Int)] = []
        /// Votes that it received, each once.
        var heard: [(epoch: Epoch, voter: Int)] = []
        /// All nodes that it ever marked PFAIL or FAIL.
        var suspected = IdentitySet()
    }

    /// What the last header of a node said.
    private struct Said: Sendable {
        var currentEpoch: Epoch = 0
        var configEpoch: Epoch = 0
        var isMaster = false
        var slots = SlotSet()
        /// No header was sent since the process started.
        var isUnknown = true
    }

    /// A file on a disk, parsed when its contents are first needed.
    private struct File: Sendable {
        var file: VirtualDisk.Snapshot
        var image: DiskImage?
    }

    private var identities = Identities()
    private var histories: [History] = []
    /// The identity of each node's process.
    private var current: [Int]
    /// The newest files of each disk, oldest first.
    private var files: [[File]]
    private var said: [Said]
    /// The process' own current epoch.
    private var epochs: [Epoch]
    /// The failure reports that each process received; empty in worlds of more than `smallCount` nodes.
    private var heardReports: [HeardReports]
    /// Pairs of nodes that can reach each other and claim the same slot at the same epoch, and since when.
    private var conflicts: [(one: Int, other: Int, since: Int64)] = []

    private static let filesKept = 4
    /// The largest world in which every failure report is kept with its time.
    private static let smallCount = 64

    private let nodeTimeout: Int64

    init(_ setup: WorldSetup) {
        self.init(nodes: setup.options.nodeCount, nodeTimeout: setup.options.nodeTimeout)
    }

    /// `nodeTimeout` in milliseconds.
    init(nodes count: Int, nodeTimeout: Int64) {
        self.nodeTimeout = nodeTimeout
        current = [Int](repeating: -1, count: count)
        files = [[File]](repeating: [], count: count)
        said = [Said](repeating: Said(), count: count)
        epochs = [Epoch](repeating: 0, count: count)
        heardReports =
            count <= Self.smallCount ? [HeardReports](repeating: HeardReports(), count: count) : []
    }

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .received(let header, let body, by: let node):
            heard(header, body, by: node, at: world.now)
        case .said(let header, let body, by: let node, to: let target):
            return said(header, body, by: node, to: target)
        case .stepped(let node):
            return stepped(node, currentEpoch: world.machines[node].state.currentEpoch)
        case .noted(let note, by: let node):
            return noted(note, by: node, world.machines[node].state, at: world.now)
        case .started(let node):
            let state = world.machines[node].state
            return started(
                node, state.myID, lastVoteEpoch: state.lastVoteEpoch,
                file: world.nodes[node].disk.durable)
        case .saved(let node): saved(node, file: world.nodes[node].disk.durable)
        case .surveyed(let network):
            let limit = (4 * nodeTimeout + 5000) * 1000
            return survey(at: world.now, limit: limit) {
                world.nodes[$0].isUnhindered && world.nodes[$1].isUnhindered
                    && network.canTalk($0, $1)
            }
        case .took, .forged, .answered, .ended, .faultBegan, .faultEnded, .data: break
        }
        return nil
    }

    // MARK: What happens

    /// A process starts. It must still know the epoch of its last vote, however the process before it ended;
    /// `lastVoteEpoch` is the one that it knows.
    @discardableResult
    mutating func started(
        _ node: Int, _ id: NodeID, lastVoteEpoch: Epoch = 0, file: VirtualDisk.Snapshot?
    ) -> Violation? {
        said[node] = Said()
        epochs[node] = 0
        if !heardReports.isEmpty { heardReports[node].removeAll() }
        files[node] = file.map { [File(file: $0)] } ?? []
        current[node] = identities.find(id) ?? newIdentity(id)
        guard let vote = histories[current[node]].votes.map(\.epoch).max(), vote > lastVoteEpoch
        else {
            return nil
        }
        return Violation(
            .oneVote,
            "n\(node) voted in epoch \(vote), and starts with the last vote in \(lastVoteEpoch)"
        )
    }

    private mutating func newIdentity(_ id: NodeID) -> Int {
        histories.append(
            History(name: identities.find(id).map { histories[$0].name } ?? histories.count))
        return identities.add(id)
    }

    mutating func saved(_ node: Int, file: VirtualDisk.Snapshot?) {
        guard let file else { return }
        if files[node].count == Self.filesKept { files[node].removeFirst() }
        files[node].append(File(file: file))
    }

    /// One of the last files of a node's disk, parsed; `age` 0 is the newest.
    private mutating func image(of node: Int, age: Int = 0) -> DiskImage? {
        let index = files[node].count - 1 - age
        guard index >= 0 else { return nil }
        if files[node][index].image == nil {
            files[node][index].image = files[node][index].file.image()
        }
        return files[node][index].image
    }

    mutating func stepped(_ node: Int, currentEpoch: Epoch) -> Violation? {
        defer { epochs[node] = currentEpoch }
        guard currentEpoch < epochs[node] else { return nil }
        return Violation(
            .risingEpochs, "n\(node)'s current epoch fell from \(epochs[node]) to \(currentEpoch)"
        )
    }

    // MARK: What nodes send

    /// A node sends a message.
    mutating func said(
        _ header: Header, _ body: Body, by node: Int, to target: Int
    ) -> Violation? {
        if case .vote = body { return voted(header.currentEpoch, by: node, for: target) }
        let isSame =
            !said[node].isUnknown && said[node].currentEpoch == header.currentEpoch
            && said[node].configEpoch == header.configEpoch
            && said[node].isMaster == header.saysMaster
            && said[node].slots.isIdentical(to: header.slots)
        guard !isSame else { return nil }
        said[node] = Said(
            currentEpoch: header.currentEpoch, configEpoch: header.configEpoch,
            isMaster: header.saysMaster, slots: header.slots, isUnknown: false)
        return fell(header, of: node) ?? uncovered(header, of: node)
    }

    private mutating func fell(_ header: Header, of node: Int) -> Violation? {
        let identity = current[node]
        if header.currentEpoch < histories[identity].currentEpoch {
            return Violation(
                .risingEpochs,
                "n\(node) says current epoch \(header.currentEpoch), it said "
                    + "\(histories[identity].currentEpoch)"
            )
        }
        histories[identity].currentEpoch = header.currentEpoch
        guard header.saysMaster else { return nil }
        if header.configEpoch < histories[identity].configEpoch {
            return Violation(
                .risingEpochs,
                "n\(node) says config epoch \(header.configEpoch), it said "
                    + "\(histories[identity].configEpoch)"
            )
        }
        histories[identity].configEpoch = header.configEpoch
        return nil
    }

    private mutating func uncovered(_ header: Header, of node: Int) -> Violation? {
        let newest = image(of: node)
        guard let newest, newest.currentEpoch >= header.currentEpoch else {
            return Violation(
                .durable,
                "n\(node) says current epoch \(header.currentEpoch), its disk holds "
                    + (newest.map { "\($0.currentEpoch)" } ?? "nothing")
            )
        }
        // After a RESET HARD the node has a new id and has promised nothing under it.
        guard header.saysMaster, header.configEpoch > 0 || !header.slots.isEmpty else { return nil }
        for age in 0..<Self.filesKept {
            if let image = image(of: node, age: age), image.covers(header) { return nil }
        }
        return Violation(
            .durable,
            "n\(node) claims \(header.slots.count) slots at \(header.configEpoch), its disk "
                + "holds \(newest.slots.count) at \(newest.configEpoch)"
        )
    }

    private mutating func voted(_ epoch: Epoch, by node: Int, for target: Int) -> Violation? {
        let identity = current[node]
        let candidate = current[target]
        if let vote = histories[identity].votes.last(where: { $0.epoch == epoch }) {
            guard identities.ids[vote.candidate] != identities.ids[candidate] else { return nil }
            return Violation(
                .oneVote,
                "n\(node) votes for n\(target) in epoch \(epoch), it voted for "
                    + identities.ids[vote.candidate].short
            )
        }
        histories[identity].votes.append((epoch, candidate))
        let newest = image(of: node)
        guard let newest, newest.lastVoteEpoch >= epoch else {
            return Violation(
                .durable,
                "n\(node) votes in epoch \(epoch), its disk holds a last vote in "
                    + (newest.map { "\($0.lastVoteEpoch)" } ?? "none")
            )
        }
        return nil
    }

    // MARK: What nodes receive and note

    /// A node receives a message.
    private mutating func heard(_ header: Header, _ body: Body, by node: Int, at time: Int64) {
        if let beat = body.heartbeat {
            heard(beat.gossip, from: header.sender, by: node, at: time)
        }
        if case .fail(let id) = body { heardFail(id, from: header.sender, by: node, at: time) }
        if case .vote = body { heardVote(header.currentEpoch, from: header.sender, by: node) }
    }

    /// A node receives a heartbeat: the failure reports in its gossip section count from now on.
    mutating func heard(_ section: GossipSection, from id: NodeID, by node: Int, at time: Int64) {
        guard !heardReports.isEmpty, let speaker = name(id) else { return }
        for entry in section where !entry.flags.isDisjoint(with: [.pfail, .fail]) {
            guard let subject = name(entry.node) else { continue }
            heardReports[node].heard(speaker, against: subject, at: time)
        }
    }

    /// A node receives FAIL: it counts as a failure report of its sender.
    mutating func heardFail(_ id: NodeID, from speaker: NodeID, by node: Int, at time: Int64) {
        guard !heardReports.isEmpty, let speaker = name(speaker), let subject = name(id) else {
            return
        }
        heardReports[node].heard(speaker, against: subject, at: time)
    }

    /// A node receives a vote.
    mutating func heardVote(_ epoch: Epoch, from id: NodeID, by node: Int) {
        guard let voter = identities.find(id) else { return }
        let isKnown = histories[current[node]].heard.contains {
            $0.epoch == epoch && $0.voter == voter
        }
        if !isKnown { histories[current[node]].heard.append((epoch, voter)) }
    }

    /// A node noted something; `state` is its own after the step.
    mutating func noted(
        _ note: Note, by node: Int, _ state: ClusterState, at time: Int64
    ) -> Violation? {
        if case .markedPFail(let id) = note { remember(id, by: node) }
        if case .failReceived(let id, from: _) = note { remember(id, by: node) }
        if case .markedFail(let id, let agreeing) = note {
            remember(id, by: node)
            // The node's own clock counts whole milliseconds.
            let oldest = time - 2 * nodeTimeout * 1000 - 1000
            return unfounded(id, agreeing, by: node, state, oldest)
        }
        if case .electionWon(let epoch, votes: _) = note {
            return unelected(node, epoch, state.quorum)
        }
        if case .reset = note {
            current[node] = newIdentity(state.myID)
            said[node] = Said()
            epochs[node] = 0
        }
        return nil
    }

    private func name(_ id: NodeID) -> Int? { identities.find(id).map { histories[$0].name } }

    private mutating func remember(_ id: NodeID, by node: Int) {
        guard let subject = name(id) else { return }
        histories[histories[current[node]].name].suspected.insert(subject)
    }

    /// FAIL needs a quorum of failure reports, each by a master with slots and not too old.
    private func unfounded(
        _ id: NodeID, _ agreeing: [NodeID], by node: Int, _ state: ClusterState, _ oldest: Int64
    ) -> Violation? {
        var counted = IdentitySet()
        var count = 0
        for reporter in agreeing {
            guard let speaker = name(reporter), let subject = name(id),
                !counted.contains(speaker), let row = state.nodes.find(reporter),
                state.nodes[row].isVotingMaster,
                reporter == state.myID
                    || wasGiven(speaker, against: subject, to: node, since: oldest)
            else { continue }
            counted.insert(speaker)
            count += 1
        }
        guard count < state.quorum else { return nil }
        return Violation(
            .quorum,
            "n\(node) marks \(id.short) failed on the word of \(count), its quorum is "
                + "\(state.quorum)"
        )
    }

    private func wasGiven(
        _ speaker: Int, against subject: Int, to node: Int, since oldest: Int64
    ) -> Bool {
        guard !heardReports.isEmpty else { return histories[speaker].suspected.contains(subject) }
        return heardReports[node].last(speaker, against: subject).map { $0 >= oldest } ?? false
    }

    private func unelected(_ node: Int, _ epoch: Epoch, _ quorum: Int) -> Violation? {
        let id = identities.ids[current[node]]
        let votes = histories[current[node]].heard.count { heard in
            heard.epoch == epoch
                && histories[heard.voter].votes.contains {
                    $0.epoch == epoch && identities.ids[$0.candidate] == id
                }
        }
        guard votes < quorum else { return nil }
        return Violation(
            .majority,
            "n\(node) wins epoch \(epoch) with \(votes) votes of that epoch, its majority is \(quorum)"
        )
    }

    // MARK: Comparing all nodes

    /// Compares the slots that all nodes claim; `canTalk` says whether two nodes can reach each other.
    mutating func survey(
        at now: Int64, limit: Int64, canTalk: (Int, Int) -> Bool
    ) -> Violation? {
        var going: [(one: Int, other: Int, since: Int64)] = []
        for (one, other) in rivals() where canTalk(one, other) {
            let since = conflicts.first { $0.one == one && $0.other == other }?.since ?? now
            going.append((one, other, since))
        }
        conflicts = going
        guard let long = going.first(where: { now - $0.since > limit }) else { return nil }
        return Violation(
            .oneClaim,
            "n\(long.one) and n\(long.other) claim the same slots at "
                + "\(said[long.one].configEpoch) for \((now - long.since) / 1000) ms"
        )
    }

    /// Pairs of masters that last claimed a slot at one epoch.
    private func rivals() -> [(Int, Int)] {
        let claimants = said.indices.filter { said[$0].isMaster && !said[$0].slots.isEmpty }
            .sorted { left, right in
                let (one, other) = (said[left].configEpoch, said[right].configEpoch)
                return one != other ? one < other : left < right
            }
        var pairs: [(Int, Int)] = []
        for place in claimants.indices {
            var next = place + 1
            while next < claimants.count,
                said[claimants[next]].configEpoch == said[claimants[place]].configEpoch
            {
                let (one, other) = (claimants[place], claimants[next])
                if !said[one].slots.isDisjoint(with: said[other].slots) {
                    pairs.append((one, other))
                }
                next += 1
            }
        }
        return pairs
    }
}
