// What is required of a single step in which a node takes a message: for whom it votes, which slots change
// their owner, and that a collision of epochs ends with the first header that shows it. Each requirement is
// written anew here, without the code of the rules, from the node's state before and after.

import ClusterCore
import ClusterWire

/// Checks each step in which a message was taken and a vote, a slot or an epoch may have changed.
struct StepChecker: Checker {
    /// The config epoch that each node last said as a master; nil when it did not.
    private var claimedEpochs: [Epoch?]
    /// Nodes that received a header with their own configEpoch and kept it: from whom, and which epoch.
    private var stays: [(node: Int, other: NodeID, epoch: Epoch)] = []

    /// The last request for votes of each candidate that each node received. It may be granted later than in the step in
    /// which it came.
    private var requests: [(node: Int, header: Header)] = []

    init(_ setup: WorldSetup) {
        claimedEpochs = [Epoch?](repeating: nil, count: setup.options.nodeCount)
    }

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .took(let step): return look(at: step, world)
        case .said(_, .vote, by: _, to: _): return nil
        case .said(let header, _, by: let node, to: _):
            claimedEpochs[node] = header.saysMaster ? header.configEpoch : nil
        case .received(let header, .voteRequest, by: let node):
            requests.removeAll { $0.node == node && $0.header.sender == header.sender }
            requests.append((node, header))
        case .started(let node), .noted(.reset, by: let node): claimedEpochs[node] = nil
        case .noted, .received, .forged, .stepped, .answered, .saved, .ended, .faultBegan,
            .faultEnded,
            .surveyed, .data:
            break
        }
        return nil
    }

    private mutating func look(at step: TakenMessage, _ world: WorldView) -> Violation? {
        var votes: [NodeID] = []
        var moved =
            world.machines[step.node].state.slots.assignedCount < step.before.assignedCount
        for case .note(let note) in step.effects {
            if case .voteGranted(let candidate, _) = note { votes.append(candidate) }
            if case .slotsTaken = note { moved = true }
        }
        let header = step.header
        let mayCollide =
            header.saysMaster && claimedEpochs[step.node] == header.configEpoch
            && !world.machines[step.node].state.waits(forAnswerOf: header.sender)
        guard moved || mayCollide || !votes.isEmpty else { return nil }
        let instant = world.nodes[step.node].instant(at: world.now)
        let change = BeliefChange(step, after: world.machines[step.node].state)
        for candidate in votes {
            let request = requests.last {
                $0.node == step.node && $0.header.sender == candidate
            }
            if let violation = change.vote(for: candidate, asked: request?.header ?? header) {
                return violation
            }
        }
        if moved, let violation = change.slots() { return violation }
        if mayCollide, let violation = change.collision(at: instant), hasStayed(step.node, header) {
            return violation
        }
        return nil
    }

    /// A node received a header with its own configEpoch and did not take a greater one, as it must. It may do
    /// so once, since a header may only serve to identify its sender. Returns whether it is the second time.
    private mutating func hasStayed(_ node: Int, _ header: Header) -> Bool {
        let isKnown = stays.contains {
            $0.node == node && $0.other == header.sender && $0.epoch == header.configEpoch
        }
        if !isKnown { stays.append((node, header.sender, header.configEpoch)) }
        return isKnown
    }
}

/// A node's state before and after it took a message.
private struct BeliefChange {
    let node: Int
    let header: Header
    let body: Body
    /// Who owned what before.
    let before: SlotMap
    /// What the node believes after.
    let after: ClusterState

    init(_ step: TakenMessage, after: ClusterState) {
        (node, header, body) = (step.node, step.header, step.body)
        before = step.before
        self.after = after
    }

    // MARK: Votes

    /// A vote was granted to a candidate.
    func vote(for candidate: NodeID, asked header: Header) -> Violation? {
        guard let row = after.nodes.find(candidate), let id = after.nodes[row].master,
            let master = after.nodes.find(id)
        else {
            return Violation(
                .foundedVote, "n\(node) votes for \(candidate.short), whose master is unknown")
        }
        let isForced = header.messageFlags.contains(.forceAck)
        guard isForced || after.nodes[master].condition.isFailed else {
            return Violation(
                .foundedVote,
                "n\(node) votes for \(candidate.short), whose master \(id.short) has not failed"
            )
        }
        for slot in header.slots {
            guard let owner = before.owner(of: slot), owner != row, after.nodes.contains(owner),
                after.nodes[owner].configEpoch > header.configEpoch,
                !before.notClaimed.contains(slot)
            else { continue }
            return Violation(
                .newestVote,
                "n\(node) votes for \(candidate.short) at \(header.configEpoch), slot \(slot) is "
                    + "\(after.nodes[owner].id.short)'s at \(after.nodes[owner].configEpoch)"
            )
        }
        return nil
    }

    // MARK: Slots

    /// Slots changed hands, or lost their owner.
    func slots() -> Violation? {
        guard before.assignedCount > 0 else { return nil }
        for slot in after.slots.handedOver(since: before) {
            // Whoever is forgotten owns nothing.
            guard let former = before.owner(of: slot), after.nodes.contains(former) else {
                continue
            }
            guard let latter = after.slots.owner(of: slot) else {
                return Violation(
                    .keptSlots,
                    "n\(node) takes slot \(slot) from \(after.nodes[former].id.short) and gives it "
                        + "to nobody"
                )
            }
            if mayTake(slot, from: former, by: latter) { continue }
            return Violation(
                .risingOwners,
                "n\(node) gives slot \(slot) of \(after.nodes[former].id.short) at "
                    + "\(after.nodes[former].configEpoch) to \(after.nodes[latter].id.short) at "
                    + "\(epoch.map { "\($0)" } ?? "none")"
            )
        }
        return nil
    }

    /// The epoch of the claim that the message makes.
    private var epoch: Epoch? {
        if case .update(let update) = body { return update.configEpoch }
        return body.heartbeat == nil ? nil : header.configEpoch
    }

    private func mayTake(_ slot: Slot, from former: NodeHandle, by latter: NodeHandle) -> Bool {
        if before.notClaimed.contains(slot) { return true }
        // A demoted master's own word gives its slots up, whoever it names.
        if after.nodes[former].id == header.sender && !header.saysMaster { return true }
        if latter == .myself { return isFinishedImport(slot, from: former) }
        return epoch.map { $0 > after.nodes[former].configEpoch } ?? false
    }

    /// The source of an import does not claim the slot any more.
    private func isFinishedImport(_ slot: Slot, from former: NodeHandle) -> Bool {
        before.importing[slot] == after.nodes[former].id && !header.slots.contains(slot)
    }

    // MARK: Epochs

    /// A master with a smaller id that heard another at its own epoch, and stays there.
    func collision(at now: Instant) -> Violation? {
        guard body.heartbeat != nil, header.saysMaster, let row = after.nodes.find(header.sender),
            row != .myself, after.nodes[row].dataReceived == Moment(now.monotonic),
            after.nodes[row].isMaster, after.nodes[.myself].isMaster,
            after.nodes[.myself].configEpoch == header.configEpoch, after.myID < header.sender
        else { return nil }
        return Violation(
            .oneClaim,
            "n\(node) hears \(header.sender.short) at its own epoch \(header.configEpoch) and stays"
        )
    }
}
