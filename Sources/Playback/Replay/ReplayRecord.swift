// What the real node said and what the machine was, each with its time: the two sides of a comparison.

import ClusterCore
import ClusterWire

/// Values over time: each holds until the next.
struct History<Value: Hashable & Sendable>: Sendable {
    private var times: [Int64] = []
    private var values: [Value] = []
    /// Where in the history each value begins, ascending.
    private var places: [Value: [Int]] = [:]

    init() {}

    /// One that began with a value.
    init(first value: Value) { add(value, at: .min) }

    /// Adds the value that holds from a time on, which is not before that of the last.
    mutating func add(_ value: Value, at time: Int64) {
        guard values.last != value else { return }
        places[value, default: []].append(values.count)
        times.append(time)
        values.append(value)
    }

    /// Whether the value held at some moment from `start` to `end`.
    func holds(_ value: Value, from start: Int64, to end: Int64) -> Bool {
        guard let places = places[value] else { return false }
        // The last time that it began by the end, and when the next value did.
        let begun = places.countSorted { times[$0] <= end }
        guard begun > 0 else { return false }
        let next = places[begun - 1] + 1
        return next == times.count || times[next] > start
    }

    /// The value at a time.
    func value(at time: Int64) -> Value? {
        let begun = times.countSorted { $0 <= time }
        return begun > 0 ? values[begun - 1] : values.first
    }
}

extension Array {
    /// How many of the first elements fulfil something that those after them do not.
    func countSorted(_ isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension [Int64] {
    /// Whether any of these times, ascending, is less than `moment` away from a time.
    func isNear(_ time: Int64, within moment: Int64) -> Bool {
        let place = countSorted { $0 <= time - moment }
        return place < count && self[place] < time + moment
    }
}

/// Both sides of a replay.
struct ReplayRecord {
    /// A message of the real node.
    struct NodeMessage {
        var time: Int64
        var header: Header
        var body: Body
        var to: NodeID?
        var input: String
    }

    /// A request for votes that reached it.
    struct Request {
        var time: Int64
        var candidate: NodeID
        var epoch: Epoch
        var input: String
    }

    let node: NodeID
    /// Milliseconds.
    let nodeTimeout: Int64
    var end: Int64 = 0
    var inputs = 0
    var lastInput = "the start"
    var notCompared: [String: Int] = [:]
    var messages: [NodeMessage] = []
    var requests: [Request] = []
    var failReceived: [(time: Int64, node: NodeID)] = []
    /// When a node that the machine does not know answered on a connection of the node's own.
    var unknownNodeAnswered: [Int64] = []
    var machine = MachineHistory()
    var actions = MachineActions()

    init(node: NodeID, nodeTimeout: Int64) {
        self.node = node
        self.nodeTimeout = nodeTimeout
    }
}

/// What the machine was over time.
struct MachineHistory {
    private(set) var master = History<NodeID>()
    private(set) var slots = History<SlotSet>()
    private(set) var configEpoch = History<Epoch>()
    private(set) var currentEpoch = History<Epoch>()
    /// What it thinks of each other node: "-", "fail?" or "fail".
    private(set) var conditions: [NodeID: History<String>] = [:]

    /// The machine as it is now.
    mutating func note(_ state: ClusterState, at time: Int64) {
        let me = state.me
        master.add(me.master ?? .zero, at: time)
        // A replica says its master's.
        let head = state.nodes[state.shardMaster]
        slots.add(head.slots, at: time)
        configEpoch.add(head.configEpoch, at: time)
        currentEpoch.add(state.currentEpoch, at: time)
    }

    /// What the machine thinks of each other node now.
    mutating func noteConditions(_ state: ClusterState, at time: Int64) {
        for handle in state.nodes.handles where handle != .myself {
            noteCondition(state.nodes[handle], at: time)
        }
    }

    /// What the machine thinks now of the node that a note is about, if notes of its kind say that
    /// something else is thought of it than before.
    mutating func noteCondition(after note: Note, _ state: ClusterState, at time: Int64) {
        switch note {
        case .markedPFail(let id), .clearedPFail(let id), .markedFail(let id, _),
            .failReceived(let id, _), .clearedFail(let id, _), .nodeMet(let id, _),
            .nodeLearned(let id, _):
            if let handle = state.nodes.find(id) { noteCondition(state.nodes[handle], at: time) }
        case .failureReported, .failureReportWithdrawn, .failQuestioned, .failRefuted,
            .healthChanged,
            .failReasonChanged, .handshakeStarted, .handshakeTimedOut, .nodeForgotten,
            .addressChanged, .addressLost, .ownAddressLearned, .becameMaster, .becameReplica,
            .reconfigured, .slotsTaken, .slotsLost, .updateSent, .epochRaised, .epochRefused,
            .claimDenied, .claimUnanswered, .identityConflict,
            .electionScheduled, .electionDeclined, .electionStarted, .electionWon,
            .electionExpired, .voteGranted, .voteRefused, .voteDeferred, .voteWithdrawn,
            .claimWithdrawn, .manualFailoverStarted, .manualFailoverTimedOut,
            .manualFailoverReady, .replicaMigrated, .reset, .saveFailed, .saveRecovered, .ignored:
            break
        }
    }

    private mutating func noteCondition(_ row: KnownNode, at time: Int64) {
        let word = row.condition.isFailed ? "fail" : row.condition.isPFail ? "fail?" : "-"
        guard word != "-" || conditions[row.id] != nil else { return }
        conditions[row.id, default: History(first: "-")].add(word, at: time)
    }
}

/// What the machine did.
struct MachineActions {
    private(set) var markedFailed: [(time: Int64, node: NodeID)] = []
    private(set) var votes: [(time: Int64, candidate: NodeID, epoch: Epoch)] = []
    private(set) var refusals: [(candidate: NodeID, epoch: Epoch, why: VoteRefusal)] = []
    /// Nodes at whose address another answered.
    private(set) var addressLost: Set<NodeID> = []
    private(set) var elections: [(time: Int64, epoch: Epoch)] = []
    private(set) var updates: [(time: Int64, to: NodeID, about: NodeID)] = []

    /// Something that the machine did.
    mutating func note(_ note: Note, at time: Int64) {
        switch note {
        case .markedFail(let id, _): markedFailed.append((time, id))
        case .voteGranted(let to, let epoch): votes.append((time, to, epoch))
        case .voteRefused(let to, let epoch, let why): refusals.append((to, epoch, why))
        case .electionStarted(let epoch, _): elections.append((time, epoch))
        case .addressLost(let id, _): addressLost.insert(id)
        case .updateSent(let to, let about): updates.append((time, to, about))
        case .markedPFail, .clearedPFail, .failureReported, .failureReportWithdrawn, .failReceived,
            .failQuestioned, .failRefuted, .clearedFail, .healthChanged, .failReasonChanged,
            .handshakeStarted, .handshakeTimedOut, .nodeMet, .nodeLearned, .nodeForgotten,
            .addressChanged, .ownAddressLearned, .becameMaster, .becameReplica, .reconfigured,
            .slotsTaken, .slotsLost, .epochRaised, .epochRefused, .claimDenied, .claimUnanswered,
            .identityConflict, .electionScheduled,
            .electionDeclined, .electionWon, .electionExpired, .voteDeferred, .voteWithdrawn,
            .claimWithdrawn, .manualFailoverStarted, .manualFailoverTimedOut,
            .manualFailoverReady, .replicaMigrated, .reset, .saveFailed, .saveRecovered, .ignored:
            break
        }
    }
}
