// What our rules did beside what the real node said. Times may differ by what pacing allows: a value of
// the node's must have been the machine's within a moment of it. What is chance or pacing itself (which
// entries were gossiped, when exactly a ping went out) is counted and not compared.

import ClusterCore
package import ClusterWire

/// The outcome of a replay.
package struct ReplayResult: Equatable, Sendable {
    /// One thing in which our rules and the node differ.
    package struct Difference: Equatable, Sendable {
        /// Nanoseconds since the Unix epoch.
        package var time: Int64
        package var rule: String
        package var input: String
        package var expected: String
        package var got: String
        /// The number in DECISIONS.md of a difference on purpose.
        package var decision: Int?
    }

    package var node: NodeID
    package var inputs: Int
    package var compared: [String: Int]
    package var notCompared: [String: Int]
    package var differences: [Difference]
}

struct ReplayComparison {
    private let record: ReplayRecord
    private let capture: IndexedCapture
    private let actions: ReplayActions
    private var compared: [String: Int] = [:]
    private var notCompared: [String: Int]
    private var differences: [ReplayResult.Difference] = []
    /// Differences that were told, so that a lasting one is told once.
    private var reported: Set<String> = []

    /// Nanoseconds by which a save, a command or a connection may come earlier or later.
    private static let moment: Int64 = 1_000_000_000

    init(_ record: ReplayRecord, _ capture: IndexedCapture) {
        self.record = record
        self.capture = capture
        actions = ReplayActions(record)
        notCompared = record.notCompared
    }

    /// Suspicion begins with a ping, whose time is not compared.
    private var suspicionMoment: Int64 {
        Self.moment + record.nodeTimeout * 1_000_000
    }

    func result() -> ReplayResult {
        var work = self
        for message in record.messages { work.compare(message) }
        work.compareVotes()
        work.compareActions()
        return ReplayResult(
            node: record.node, inputs: record.inputs, compared: work.compared,
            notCompared: work.notCompared,
            differences: work.differences.sorted { $0.time < $1.time })
    }

    private mutating func compare(_ message: ReplayRecord.NodeMessage) {
        let (from, to) = (message.time - Self.moment, message.time + Self.moment)
        let record = record
        let selfReport = SelfReport(message.header)
        check(
            "role", "Roles", message,
            record.machine.master.holds(selfReport.replicaOf, from: from, to: to),
            Self.role(selfReport.replicaOf),
            record.machine.master.value(at: message.time).map(Self.role))
        check(
            "currentEpoch", "Epochs", message,
            record.machine.currentEpoch.holds(message.header.currentEpoch, from: from, to: to),
            "\(message.header.currentEpoch)",
            record.machine.currentEpoch.value(at: message.time).map { "\($0)" })
        check(
            "slots", "SlotOwnership", message,
            record.machine.slots.holds(message.header.slots, from: from, to: to),
            message.header.slots.description,
            record.machine.slots.value(at: message.time).map(\.description))
        check(
            "configEpoch", "Epochs", message,
            record.machine.configEpoch.holds(message.header.configEpoch, from: from, to: to),
            "\(message.header.configEpoch)",
            record.machine.configEpoch.value(at: message.time).map { "\($0)" })
        notCompared["replication offset", default: 0] += 1
        guard let beat = message.body.heartbeat else { return }
        notCompared["choice of gossip", default: 0] += beat.gossip.count
        notCompared["time of a heartbeat", default: 0] += 1
        for entry in beat.gossip { compare(entry, message) }
    }

    private static func role(_ master: NodeID) -> String {
        master.isZero ? "master" : "replica of \(master.short)"
    }

    /// What it thinks of a third.
    private mutating func compare(_ entry: GossipEntry, _ message: ReplayRecord.NodeMessage) {
        guard !entry.flags.contains(.handshake), !entry.flags.contains(.noAddress) else {
            notCompared["flags of a node being met", default: 0] += 1
            return
        }
        let word =
            entry.flags.contains(.fail) ? "fail" : entry.flags.contains(.pfail) ? "fail?" : "-"
        let history = record.machine.conditions[entry.node]
        let holds =
            history?.holds(
                word, from: message.time - suspicionMoment, to: message.time + suspicionMoment)
            ?? (word == "-")
        check(
            "failure flag", "FailureDetection", message, holds,
            "\(entry.node.short) \(word)",
            "\(entry.node.short) \(history?.value(at: message.time) ?? "-")")
    }

    private mutating func check(
        _ kind: String, _ rule: String, _ message: ReplayRecord.NodeMessage, _ holds: Bool,
        _ expected: @autoclosure () -> String, _ got: @autoclosure () -> String?
    ) {
        compared[kind, default: 0] += 1
        guard !holds else { return }
        differ(kind, rule, message.time, message.input, expected(), got() ?? "nothing")
    }

    private mutating func differ(
        _ kind: String, _ rule: String, _ time: Int64, _ input: String, _ expected: String,
        _ got: String, decision: Int? = nil
    ) {
        guard reported.insert("\(kind) \(expected) \(got)").inserted else { return }
        differences.append(
            ReplayResult.Difference(
                time: time, rule: rule, input: input, expected: "\(kind) \(expected)",
                got: "\(kind) \(got)",
                decision: decision))
    }
}

extension ReplayComparison {
    /// A request for votes is answered with a vote or not at all.
    private mutating func compareVotes() {
        for request in record.requests {
            let vote = ReplayActions.Vote(to: request.candidate, epoch: request.epoch)
            let real = actions.lastVote[vote].map { $0 >= request.time } ?? false
            if !real && record.end - request.time < Self.moment / 2 {
                notCompared["vote at the end of the capture", default: 0] += 1
                continue
            }
            compared["vote", default: 0] += 1
            let ours = actions.ourVotes.contains(vote)
            guard real != ours else { continue }
            let why = actions.refusals[vote]
            let who = "for \(request.candidate.short) in epoch \(request.epoch)"
            differ(
                "vote", "Voting", request.time, request.input, real ? "\(who)" : "none \(who)",
                ours ? "\(who)" : "none \(who)\(why.map { ": \(MissingVote.refused($0))" } ?? "")")
        }
    }

    /// FAIL said, votes asked for, UPDATEs sent: each by both sides, or by none.
    private mutating func compareActions() {
        for message in record.messages {
            switch message.body {
            case .fail(let id):
                compared["FAIL", default: 0] += 1
                let holds =
                    record.machine.conditions[id]?.holds(
                        "fail", from: message.time - suspicionMoment,
                        to: message.time + suspicionMoment)
                    ?? false
                if !holds {
                    differ(
                        "FAIL", "FailureDetection", message.time, message.input, "of \(id.short)",
                        "none of \(id.short)",
                        decision: isAddressLost(id, at: message.time)
                            ? ReplayDecisions.addressOfAnother : nil)
                }
            case .voteRequest:
                compared["vote request", default: 0] += 1
                let epoch = message.header.currentEpoch
                if !actions.ourElections.contains(epoch) {
                    differ(
                        "vote request", "Election", message.time, message.input,
                        "in epoch \(epoch)",
                        "none in epoch \(epoch)")
                }
            case .update(let update):
                compared["UPDATE", default: 0] += 1
                let ours =
                    actions.ourUpdates[ReplayActions.Update(about: update.node, to: message.to)]?
                    .isNear(message.time, within: Self.moment) ?? false
                if !ours {
                    differ(
                        "UPDATE", "SlotOwnership", message.time, message.input,
                        "about \(update.node.short)", "none about \(update.node.short)")
                }
            case .ping, .pong, .meet, .publish, .publishShard, .vote, .manualFailoverStart,
                .module, .unknown:
                break
            }
        }
        compareOurs()
    }

    /// Whether another node answers where this one was.
    private func isAddressLost(_ id: NodeID, at time: Int64) -> Bool {
        if record.actions.addressLost.contains(id) { return true }
        guard let place = capture.observed.find(id), !capture.observed.nodes[place].hasSpoken else {
            return false
        }
        return actions.unknownNodeAnswered.isNear(time, within: Self.moment)
    }

    /// What only the machine did.
    private mutating func compareOurs() {
        for (time, id) in record.actions.markedFailed where record.end - time > suspicionMoment {
            compared["FAIL", default: 0] += 1
            if !actions.failed.contains(id) {
                differ(
                    "FAIL", "FailureDetection", time, "a tick or a report", "none of \(id.short)",
                    "of \(id.short)")
            }
        }
        for (time, epoch) in record.actions.elections where record.end - time > suspicionMoment {
            if !actions.elections.contains(epoch) {
                differ(
                    "vote request", "Election", time, "a tick", "none in epoch \(epoch)",
                    "in epoch \(epoch)")
            }
        }
        for (time, to, about) in record.actions.updates {
            if actions.updates[about]?.isNear(time, within: Self.moment) != true {
                differ(
                    "UPDATE", "SlotOwnership", time, "a claim of \(to.short)",
                    "none about \(about.short)", "about \(about.short) to \(to.short)")
            }
        }
    }
}

/// What both sides did, by what it is looked up with.
private struct ReplayActions {
    struct Vote: Hashable {
        var to: NodeID?
        var epoch: Epoch
    }

    /// An UPDATE about a node, to another or to anybody.
    struct Update: Hashable {
        var about: NodeID
        var to: NodeID?
    }

    // The node. Times are in nanoseconds since the Unix epoch, ascending.
    private(set) var lastVote: [Vote: Int64] = [:]
    /// Of whom it said or was told FAIL.
    private(set) var failed: Set<NodeID> = []
    private(set) var elections: Set<Epoch> = []
    private(set) var updates: [NodeID: [Int64]] = [:]
    private(set) var unknownNodeAnswered: [Int64] = []
    // The machine.
    private(set) var ourVotes: Set<Vote> = []
    /// Why it last gave no vote.
    private(set) var refusals: [Vote: VoteRefusal] = [:]
    private(set) var ourElections: Set<Epoch> = []
    private(set) var ourUpdates: [Update: [Int64]] = [:]

    init(_ record: ReplayRecord) {
        failed = Set(record.failReceived.map(\.node))
        for message in record.messages {
            switch message.body {
            case .vote:
                let vote = Vote(to: message.to, epoch: message.header.currentEpoch)
                lastVote[vote] = max(lastVote[vote] ?? .min, message.time)
            case .fail(let id): failed.insert(id)
            case .voteRequest: elections.insert(message.header.currentEpoch)
            case .update(let update): updates[update.node, default: []].append(message.time)
            case .ping, .pong, .meet, .publish, .publishShard, .manualFailoverStart, .module,
                .unknown:
                break
            }
        }
        for id in updates.keys { updates[id]?.sort() }
        unknownNodeAnswered = record.unknownNodeAnswered.sorted()
        for vote in record.actions.votes {
            ourVotes.insert(Vote(to: vote.candidate, epoch: vote.epoch))
        }
        for refusal in record.actions.refusals {
            refusals[Vote(to: refusal.candidate, epoch: refusal.epoch)] = refusal.why
        }
        ourElections = Set(record.actions.elections.map(\.epoch))
        for update in record.actions.updates {
            for to in [update.to, nil] {
                ourUpdates[Update(about: update.about, to: to), default: []].append(update.time)
            }
        }
    }
}

/// Differences that are ours on purpose, by their number in DECISIONS.md.
enum ReplayDecisions {
    /// A node at whose address another answers is silent here, and FAIL at once in Valkey.
    static let addressOfAnother = 17
}
