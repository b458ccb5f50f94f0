// FAIL messages that are not decided yet, because this node has no evidence of its own, and the vote requests
// of replicas that wait for that. What decides them is for the rules FailureDetection and Voting.

import ClusterWire

/// FAIL messages that are neither accepted nor dropped yet, and the vote requests that wait for them.
///
/// - Source: DECISIONS D41.
struct OpenFailures: Equatable, Sendable {
    /// FAIL about one node.
    struct Entry: Equatable, Sendable {
        var node: NodeHandle
        /// Who said so first.
        var from: NodeID
        /// Monotonic milliseconds.
        var heardAt: Int64
    }

    /// A request for votes from a replica whose master is not known to have failed.
    struct Request: Equatable, Sendable {
        var candidate: NodeID
        var header: Header
        /// Monotonic milliseconds.
        var heardAt: Int64
    }

    /// One a node, in the order in which they were first heard.
    private(set) var entries: [Entry] = []
    /// One a candidate, the newest.
    private(set) var requests: [Request] = []

    /// Requests that are kept, at most: more replicas do not stand at one moment in practice.
    static let requestLimit = 512

    var isEmpty: Bool { entries.isEmpty && requests.isEmpty }

    func contains(_ node: NodeHandle) -> Bool {
        !entries.isEmpty && entries.contains { $0.node == node }
    }

    /// FAIL about a node was heard. Returns whether it is news.
    mutating func open(_ node: NodeHandle, from speaker: NodeID, at now: Int64) -> Bool {
        guard !contains(node) else { return false }
        entries.append(Entry(node: node, from: speaker, heardAt: now))
        return true
    }

    /// What was heard about a node is decided, or the node is gone. Returns what it was.
    @discardableResult
    mutating func close(_ node: NodeHandle) -> Entry? {
        guard let place = entries.firstIndex(where: { $0.node == node }) else { return nil }
        return entries.remove(at: place)
    }

    /// Keeps a request, in place of an older one of the same candidate.
    mutating func keep(_ header: Header, of candidate: NodeID, at now: Int64) {
        requests.removeAll { $0.candidate == candidate }
        if requests.count == Self.requestLimit { requests.removeFirst() }
        requests.append(Request(candidate: candidate, header: header, heardAt: now))
    }

    /// Takes the requests for which `isDue` holds, in the order in which they came.
    mutating func takeRequests(where isDue: (Request) -> Bool) -> [Request] {
        guard !requests.isEmpty else { return [] }
        let due = requests.filter(isDue)
        if !due.isEmpty { requests.removeAll(where: isDue) }
        return due
    }

    mutating func removeAll() { self = OpenFailures() }
}

/// The memory of the rule FailureDetection, and of the requests that wait for what it decides.
struct FailureMemory: Equatable, Sendable {
    /// Nodes that we found out have failed, of which others tell first.
    private(set) var untold: [NodeID] = []
    /// What was heard of failures and is not decided.
    var open = OpenFailures()

    /// Others tell of this failure first; we do with the next tick if nobody has by then.
    mutating func leaveToOthers(_ id: NodeID) { untold.append(id) }

    /// Somebody tells of a failure.
    mutating func wasTold(of id: NodeID) {
        if !untold.isEmpty { untold.removeAll { $0 == id } }
    }

    /// Failures of which nobody has told us since we found them out.
    mutating func takeUntold() -> [NodeID] {
        defer { untold = [] }
        return untold
    }
}
