// The promises that must hold at each step, whatever goes wrong: they look at what machines say and
// note, and at what their disks would give back, never at what a rule intended. What only has to
// come true in the end is in Agreement.swift.

import ClusterCore
import ClusterWire

/// What the rules promise.
package enum Promise: String, Sendable {
    case oneVote = "a node votes once in an epoch"
    case majority = "who wins an election has votes of a majority"
    case quorum = "a node has failed only when a quorum of masters suspects it"
    case durable = "nothing is promised before it is on disk"
    case risingEpochs = "the epochs of an identity never fall"
    case oneClaim = "two masters do not claim a slot at one epoch for long"
    case readableFile = "a node can read what it saved"
    case readableMessage = "a node can read what another says"
    case formation = "a cluster forms in a bounded time"
    case agreement = "once faults stop, those who can talk agree in a bounded time"
}

/// A promise that a run saw broken.
package struct BrokenPromise: Equatable, Sendable {
    package var promise: Promise
    /// Microseconds since the world began.
    package var time: Int64
    package var text: String
}

/// The checkers of safety and what they remember.
struct Safety: Sendable {
    /// An identity: an id since its last reset.
    private struct Life: Sendable {
        var id: NodeID
        var currentEpoch: Epoch = 0
        var configEpoch: Epoch = 0
        var votes: [(epoch: Epoch, candidate: NodeID)] = []
        /// Everybody whom it ever took for failing.
        var suspected: [NodeID] = []
    }

    /// What a node last said of itself.
    private struct Said: Sendable {
        var currentEpoch: Epoch = 0
        var configEpoch: Epoch = 0
        var isMaster = false
        var slots = SlotSet()
        /// Nothing was said since the process started.
        var isUnknown = true
    }

    /// A file, and what is in it once somebody looked.
    private struct File: Sendable {
        var file: VirtualDisk.Snapshot
        var image: DiskImage?
    }

    private var lives: [Life] = []
    /// The identity of each node's process.
    private var current: [Int]
    /// The newest files of each disk, oldest first.
    private var files: [[File]]
    private var said: [Said]
    /// The process' own current epoch.
    private var epochs: [Epoch]
    /// Since when two nodes, that can talk, claim a slot at one epoch.
    private var conflicts: [Int64]

    private static let filesKept = 4
    /// Microseconds between two looks at the claims of all.
    static let surveyInterval: Int64 = 200_000

    init(nodes count: Int) {
        current = [Int](repeating: -1, count: count)
        files = [[File]](repeating: [], count: count)
        said = [Said](repeating: Said(), count: count)
        epochs = [Epoch](repeating: 0, count: count)
        conflicts = [Int64](repeating: 0, count: count * count)
    }

    // MARK: What happens

    mutating func started(_ node: Int, _ id: NodeID, file: VirtualDisk.Snapshot?) {
        said[node] = Said()
        epochs[node] = 0
        files[node] = file.map { [File(file: $0)] } ?? []
        if let known = lives.firstIndex(where: { $0.id == id }) {
            current[node] = known
        } else {
            current[node] = lives.count
            lives.append(Life(id: id))
        }
    }

    mutating func saved(_ node: Int, file: VirtualDisk.Snapshot?) {
        guard let file else { return }
        if files[node].count == Self.filesKept { files[node].removeFirst() }
        files[node].append(File(file: file))
    }

    /// What one of the files of a disk holds; `age` 0 is the newest.
    private mutating func image(of node: Int, age: Int = 0) -> DiskImage? {
        let index = files[node].count - 1 - age
        guard index >= 0 else { return nil }
        if files[node][index].image == nil {
            files[node][index].image = files[node][index].file.image()
        }
        return files[node][index].image
    }

    mutating func stepped(_ node: Int, currentEpoch: Epoch) -> (Promise, String)? {
        defer { epochs[node] = currentEpoch }
        guard currentEpoch < epochs[node] else { return nil }
        return (
            .risingEpochs, "n\(node)'s current epoch fell from \(epochs[node]) to \(currentEpoch)"
        )
    }

    /// A header leaves a node.
    mutating func said(
        _ header: Header, _ body: Body, by node: Int, to target: Int
    ) -> (Promise, String)? {
        if case .vote = body { return voted(header.currentEpoch, by: node, for: target) }
        let last = said[node]
        let isSame =
            !last.isUnknown && last.currentEpoch == header.currentEpoch
            && last.configEpoch == header.configEpoch && last.isMaster == header.saysMaster
            && last.slots.isIdentical(to: header.slots)
        guard !isSame else { return nil }
        said[node] = Said(
            currentEpoch: header.currentEpoch, configEpoch: header.configEpoch,
            isMaster: header.saysMaster, slots: header.slots, isUnknown: false)
        return fell(header, of: node) ?? uncovered(header, of: node)
    }

    private mutating func fell(_ header: Header, of node: Int) -> (Promise, String)? {
        let life = current[node]
        if header.currentEpoch < lives[life].currentEpoch {
            return (
                .risingEpochs,
                "n\(node) says current epoch \(header.currentEpoch), it said "
                    + "\(lives[life].currentEpoch)"
            )
        }
        lives[life].currentEpoch = header.currentEpoch
        guard header.saysMaster else { return nil }
        if header.configEpoch < lives[life].configEpoch {
            return (
                .risingEpochs,
                "n\(node) says config epoch \(header.configEpoch), it said "
                    + "\(lives[life].configEpoch)"
            )
        }
        lives[life].configEpoch = header.configEpoch
        return nil
    }

    private mutating func uncovered(_ header: Header, of node: Int) -> (Promise, String)? {
        let newest = image(of: node)
        guard let newest, newest.currentEpoch >= header.currentEpoch else {
            return (
                .durable,
                "n\(node) says current epoch \(header.currentEpoch), its disk holds "
                    + (newest.map { "\($0.currentEpoch)" } ?? "nothing")
            )
        }
        guard header.saysMaster else { return nil }
        for age in 0..<Self.filesKept {
            if let image = image(of: node, age: age), image.covers(header) { return nil }
        }
        return (
            .durable,
            "n\(node) claims \(header.slots.count) slots at \(header.configEpoch), its disk "
                + "holds \(newest.slots.count) at \(newest.configEpoch)"
        )
    }

    private mutating func voted(
        _ epoch: Epoch, by node: Int, for target: Int
    ) -> (Promise, String)? {
        let life = current[node]
        let candidate = lives[current[target]].id
        if let vote = lives[life].votes.last(where: { $0.epoch == epoch }) {
            return vote.candidate == candidate
                ? nil
                : (
                    .oneVote,
                    "n\(node) votes for n\(target) in epoch \(epoch), it voted for \(vote.candidate.short)"
                )
        }
        lives[life].votes.append((epoch, candidate))
        let newest = image(of: node)
        guard let newest, newest.lastVoteEpoch >= epoch else {
            return (
                .durable,
                "n\(node) votes in epoch \(epoch), its disk holds a last vote in "
                    + (newest.map { "\($0.lastVoteEpoch)" } ?? "none")
            )
        }
        return nil
    }

    /// A node noted something; `quorum` is its own as it stands after the step.
    mutating func noted(_ note: Note, by node: Int, quorum: Int) -> (Promise, String)? {
        let life = current[node]
        switch note {
        case .suspected(let id), .heardFailed(let id, from: _):
            remember(id, by: life)
        case .markedFailed(let id, let agreeing):
            remember(id, by: life)
            return unfounded(id, agreeing, by: node, quorum)
        case .electionWon(let epoch, votes: _):
            return unelected(node, epoch, quorum)
        case .reset:
            current[node] = lives.count
            lives.append(Life(id: lives[life].id))
            said[node] = Said()
            epochs[node] = 0
        default: break
        }
        return nil
    }

    private mutating func remember(_ id: NodeID, by life: Int) {
        if !lives[life].suspected.contains(id) { lives[life].suspected.append(id) }
    }

    private func unfounded(
        _ id: NodeID, _ agreeing: [NodeID], by node: Int, _ quorum: Int
    ) -> (Promise, String)? {
        var counted: [NodeID] = []
        for reporter in agreeing where !counted.contains(reporter) {
            // A word against a node counts only if it was given.
            guard let life = lives.last(where: { $0.id == reporter }),
                life.suspected.contains(id)
            else { continue }
            counted.append(reporter)
        }
        guard counted.count < quorum else { return nil }
        return (
            .quorum,
            "n\(node) marks \(id.short) failed on the word of \(counted.count), its quorum is \(quorum)"
        )
    }

    private func unelected(_ node: Int, _ epoch: Epoch, _ quorum: Int) -> (Promise, String)? {
        let id = lives[current[node]].id
        let votes = lives.count { life in
            life.votes.contains { $0.epoch == epoch && $0.candidate == id }
        }
        guard votes < quorum else { return nil }
        return (
            .majority,
            "n\(node) wins epoch \(epoch) with \(votes) votes of that epoch, its majority is \(quorum)"
        )
    }

    // MARK: Looking at all

    /// Looks at what all say they own; `canTalk` says whether nothing stands between two nodes.
    mutating func survey(
        at now: Int64, limit: Int64, canTalk: (Int, Int) -> Bool
    ) -> (Promise, String)? {
        for one in said.indices {
            for other in said.indices where other > one {
                let cell = one * said.count + other
                guard claimTheSame(one, other), canTalk(one, other) else {
                    conflicts[cell] = 0
                    continue
                }
                if conflicts[cell] == 0 { conflicts[cell] = now }
                if now - conflicts[cell] > limit {
                    return (
                        .oneClaim,
                        "n\(one) and n\(other) claim the same slots at \(said[one].configEpoch) "
                            + "for \((now - conflicts[cell]) / 1000) ms"
                    )
                }
            }
        }
        return nil
    }

    private func claimTheSame(_ one: Int, _ other: Int) -> Bool {
        said[one].isMaster && said[other].isMaster
            && said[one].configEpoch == said[other].configEpoch
            && !said[one].slots.isDisjoint(with: said[other].slots)
    }
}
