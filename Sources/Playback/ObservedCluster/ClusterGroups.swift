// Which nodes of a capture are of one cluster, and what is kept for each cluster as a whole, so that
// nobody has to look at all nodes when one of them says something. What is kept here is changed with
// each change of what it is made of, and when two clusters become one.

package import ClusterWire

/// The nodes of a capture by the cluster that they are of.
struct ClusterGroups: Sendable {
    /// What is known of a cluster as a whole.
    struct Group: Sendable {
        /// In no order.
        fileprivate(set) var members: [ObservedCluster.Index]
        /// Masters with slots, by their own word.
        fileprivate(set) var voters: Set<ObservedCluster.Index> = []
        /// What members claim, those at whose address another answers left out.
        fileprivate(set) var claims = ClaimTree()
        /// Slots that members let go and that nobody has claimed since.
        fileprivate(set) var lost = ClaimTree()
    }

    /// Of each node one that stands nearer to the one that stands for all of its cluster.
    private var parents: [ObservedCluster.Index] = []
    /// By the node that stands for all of a cluster.
    private var groups: [Group] = []

    /// A node is named for the first time: it is a cluster by itself.
    mutating func addNode() {
        groups.append(Group(members: [parents.count]))
        parents.append(parents.count)
    }

    /// The cluster of a node.
    subscript(place: ObservedCluster.Index) -> Group {
        _read { yield groups[root(place)] }
    }

    /// The node that stands for all of a node's cluster.
    func root(_ place: ObservedCluster.Index) -> ObservedCluster.Index {
        var at = place
        while parents[at] != at { at = parents[at] }
        return at
    }

    func areTogether(_ first: ObservedCluster.Index, _ second: ObservedCluster.Index) -> Bool {
        root(first) == root(second)
    }

    /// Two nodes talk with or about each other: they are of one cluster.
    mutating func join(_ first: ObservedCluster.Index, _ second: ObservedCluster.Index) {
        if parents[first] == parents[second] { return }
        let (a, b) = (root(first), root(second))
        parents[first] = a
        parents[second] = b
        guard a != b else { return }
        // The smaller goes into the larger: then each node moves a few times at most.
        let isLarger = groups[a].members.count >= groups[b].members.count
        let (large, small) = isLarger ? (a, b) : (b, a)
        let moving = groups[small]
        groups[small] = Group(members: [])
        parents[small] = large
        groups[large].members += moving.members
        groups[large].voters.formUnion(moving.voters)
        groups[large].claims.add(moving.claims)
        groups[large].lost.add(moving.lost)
    }

    /// What a node claims, or whether it votes or is there at all, has changed.
    mutating func update(_ place: ObservedCluster.Index, _ node: ObservedNode) {
        let root = root(place)
        if node.isVoter {
            groups[root].voters.insert(place)
        } else {
            groups[root].voters.remove(place)
        }
        let claim = node.claim
        let slots = node.replacedBy == nil ? claim.slots : SlotSet()
        groups[root].claims.set(place, slots, at: claim.epoch)
    }

    /// Sets which slots a node let go that nobody has claimed since.
    mutating func setLost(_ slots: SlotSet, of place: ObservedCluster.Index) {
        groups[root(place)].lost.set(place, slots, at: 0)
    }
}

extension ObservedCluster {
    /// What a node claims, or whether it is there at all, has changed.
    mutating func refresh(_ place: Index) { groups.update(place, nodes[place]) }

    /// The slots of a node that no other master of its cluster claims at a newer epoch.
    package func ownSlots(of place: Index) -> SlotSet {
        let claim = nodes[place].claim
        return claim.slots.isEmpty
            ? claim.slots : groups[place].claims.own(claim.slots, at: claim.epoch)
    }

    /// Who other than some claims any of these slots last, in the cluster of a node.
    package func latestOwner(
        of slots: SlotSet, above floor: Epoch? = nil, near place: Index, besides excepted: [Index]
    ) -> Index? {
        groups[place].claims.latest(slots, above: floor, besides: excepted)
    }

    /// Whether two nodes are of one cluster.
    package func areTogether(_ first: Index, _ second: Index) -> Bool {
        groups.areTogether(first, second)
    }

    /// The master of a node, when it is a replica and its master is known.
    func master(of place: Index) -> Index? {
        nodes[place].selfReport.flatMap { $0.isReplica ? find($0.replicaOf) : nil }
    }
}
