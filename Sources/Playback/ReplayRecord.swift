// What the real node said and what the machine was, each with its time: the two sides of a comparison.

import ClusterCore
import ClusterWire

/// Values over time: each holds until the next.
struct History<Value: Equatable & Sendable>: Sendable {
    private(set) var values: [(time: Int64, value: Value)] = []

    init() {}

    /// One that began with a value.
    init(first value: Value) { values = [(.min, value)] }

    mutating func add(_ value: Value, at time: Int64) {
        if values.last?.value != value { values.append((time, value)) }
    }

    /// Whether the value held at some moment from `start` to `end`.
    func holds(_ value: Value, from start: Int64, to end: Int64) -> Bool {
        for (index, entry) in values.enumerated().reversed() {
            if entry.time > end { continue }
            if entry.value == value { return true }
            if entry.time <= start || index == 0 { return false }
        }
        return false
    }

    /// The value at a time.
    func value(at time: Int64) -> Value? {
        values.last { $0.time <= time }?.value ?? values.first?.value
    }
}

/// Both sides of a replay.
struct ReplayRecord {
    /// A message of the real node.
    struct Said {
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
    var said: [Said] = []
    var requests: [Request] = []
    var toldFailed: [(time: Int64, node: NodeID)] = []

    // The machine.
    var master = History<NodeID>()
    var slots = History<SlotSet>()
    var configEpoch = History<Epoch>()
    var currentEpoch = History<Epoch>()
    var conditions: [NodeID: History<String>] = [:]
    var markedFailed: [(time: Int64, node: NodeID)] = []
    var votes: [(time: Int64, candidate: NodeID, epoch: Epoch)] = []
    var refusals: [(candidate: NodeID, epoch: Epoch, why: String)] = []
    /// Nodes at whose address another answered.
    var addressLost: Set<NodeID> = []
    /// When a node that the machine does not know answered on a connection of the node's own.
    var strangerAnswered: [Int64] = []
    var elections: [(time: Int64, epoch: Epoch)] = []
    var updates: [(time: Int64, to: NodeID, about: NodeID)] = []

    init(node: NodeID, nodeTimeout: Int64) {
        self.node = node
        self.nodeTimeout = nodeTimeout
    }

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
        case .suspected(let id), .suspicionCleared(let id), .markedFailed(let id, _),
            .heardFailed(let id, _), .failureCleared(let id, _), .nodeMet(let id, _),
            .nodeHeardOf(let id, _):
            if let handle = state.nodes.find(id) { noteCondition(state.nodes[handle], at: time) }
        default: break
        }
    }

    private mutating func noteCondition(_ row: KnownNode, at time: Int64) {
        let word = row.condition.isFailed ? "fail" : row.condition.isSuspected ? "fail?" : "-"
        guard word != "-" || conditions[row.id] != nil else { return }
        conditions[row.id, default: History(first: "-")].add(word, at: time)
    }

    /// Something that the machine did.
    mutating func note(_ note: Note, at time: Int64) {
        switch note {
        case .markedFailed(let id, _): markedFailed.append((time, id))
        case .voteGranted(let to, let epoch): votes.append((time, to, epoch))
        case .voteRefused(let to, let epoch, let why): refusals.append((to, epoch, "\(why)"))
        case .electionStarted(let epoch, _): elections.append((time, epoch))
        case .addressLost(let id, _): addressLost.insert(id)
        case .updateSent(let to, let about): updates.append((time, to, about))
        default: break
        }
    }
}
