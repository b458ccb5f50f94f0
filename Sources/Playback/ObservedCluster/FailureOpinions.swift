// What nodes hold against each other: PFAIL and FAIL, one opinion for each pair of nodes that has one,
// and who broadcast FAIL of whom. What brings an opinion about, and what it tells, is in
// ObservedCluster+Opinions.

/// What is thought of a node by another.
enum FailureOpinion: Sendable, Equatable {
    case pfail(since: Int64)
    /// It said so itself, or it was told: then what it said before may still be on its way.
    case fail(since: Int64, isOwn: Bool)

    var isFail: Bool {
        if case .fail = self { return true }
        return false
    }
}

/// Who holds what against whom.
struct FailureOpinions: Sendable {
    private struct Subject: Sendable {
        var held: [ObservedCluster.Index: FailureOpinion] = [:]
        /// How many of them are FAIL.
        var failCount = 0
        /// Who broadcast FAIL of it since it last was well.
        var announcers: Set<ObservedCluster.Index> = []
    }

    private var subjects: [Subject] = []
    /// How many opinions there are about all nodes together.
    private var count = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func addNode() { subjects.append(Subject()) }

    var isFull: Bool { count >= limit }

    /// All that is held against a node, by who holds it.
    func about(_ node: ObservedCluster.Index) -> [ObservedCluster.Index: FailureOpinion] {
        subjects[node].held
    }

    func areNone(about node: ObservedCluster.Index) -> Bool { subjects[node].held.isEmpty }

    subscript(pair: NodePair) -> FailureOpinion? { subjects[pair.node].held[pair.by] }

    /// Whether anybody holds a node for failed.
    func hasFail(of node: ObservedCluster.Index) -> Bool { subjects[node].failCount > 0 }

    /// Sets what one thinks of another; nil for nothing.
    mutating func set(_ opinion: FailureOpinion?, _ pair: NodePair) {
        let former = subjects[pair.node].held[pair.by]
        subjects[pair.node].held[pair.by] = opinion
        count += (opinion == nil ? 0 : 1) - (former == nil ? 0 : 1)
        subjects[pair.node].failCount +=
            (opinion?.isFail == true ? 1 : 0) - (former?.isFail == true ? 1 : 0)
    }

    /// Whether anybody broadcast FAIL of a node since it last was well.
    func isAnnounced(_ node: ObservedCluster.Index) -> Bool {
        !subjects[node].announcers.isEmpty
    }

    mutating func announce(_ pair: NodePair) { subjects[pair.node].announcers.insert(pair.by) }

    func hasAnnounced(_ pair: NodePair) -> Bool {
        subjects[pair.node].announcers.contains(pair.by)
    }

    /// Nobody holds the node for failed any more.
    mutating func forgetAnnouncers(of node: ObservedCluster.Index) {
        subjects[node].announcers = []
    }
}
