// Which nodes of a capture are of one cluster, and what is kept for each cluster as a whole, so that
// nobody has to look at all nodes when one of them says something. What is kept here is changed with
// each change of what it is made of, by `refresh`, and when two clusters become one.

package import ClusterWire

extension ObservedCluster {
    /// What is known of a cluster as a whole.
    struct Cluster: Sendable {
        /// In no order.
        var members: [Index]
        /// Masters with slots, by their own word.
        var voters: Set<Index> = []
        /// What members claim, those at whose address another answers left out.
        var claims = ClaimTree()
        /// Slots that members let go and that nobody has claimed since.
        var lost = ClaimTree()
    }

    /// The node that stands for all of its cluster.
    func root(_ place: Index) -> Index {
        var at = place
        while nodes[at].cluster != at { at = nodes[at].cluster }
        return at
    }

    /// Two nodes talk with or about each other: they are of one cluster.
    mutating func join(_ first: Index, _ second: Index) {
        if nodes[first].cluster == nodes[second].cluster { return }
        let (a, b) = (root(first), root(second))
        nodes[first].cluster = a
        nodes[second].cluster = b
        guard a != b else { return }
        // The smaller goes into the larger: then each node moves a few times at most.
        let isLarger = clusters[a].members.count >= clusters[b].members.count
        let (large, small) = isLarger ? (a, b) : (b, a)
        let moving = clusters[small]
        clusters[small] = Cluster(members: [])
        nodes[small].cluster = large
        clusters[large].members += moving.members
        clusters[large].voters.formUnion(moving.voters)
        for place in moving.claims.places { claims(of: place, in: large) }
        for place in moving.lost.places {
            clusters[large].lost.set(place, nodes[place].lost, at: 0)
        }
    }

    /// What a node claims, or whether it is there at all, has changed.
    mutating func refresh(_ place: Index) {
        let cluster = root(place)
        if nodes[place].isVoter {
            clusters[cluster].voters.insert(place)
        } else {
            clusters[cluster].voters.remove(place)
        }
        claims(of: place, in: cluster)
    }

    private mutating func claims(of place: Index, in cluster: Index) {
        let claim = claim(of: place)
        let isThere = nodes[place].replacedBy == nil
        clusters[cluster].claims.set(place, isThere ? claim.slots : SlotSet(), at: claim.epoch)
    }

    /// Sets which slots a node let go that nobody has claimed since.
    mutating func lose(_ slots: SlotSet, of place: Index) {
        nodes[place].lost = slots
        clusters[root(place)].lost.set(place, slots, at: 0)
    }

    /// What a node claims, by its own word or, when it never spoke, by that of others.
    func claim(of place: Index) -> (epoch: Epoch, slots: SlotSet) {
        if let own = nodes[place].selfReport {
            return (own.configEpoch, own.isReplica ? SlotSet() : own.slots)
        }
        return (nodes[place].hearsay?.epoch ?? 0, nodes[place].hearsay?.slots ?? SlotSet())
    }

    /// The slots of a node that no other master of its cluster claims at a newer epoch.
    package func ownSlots(of place: Index) -> SlotSet {
        let (epoch, slots) = claim(of: place)
        return slots.isEmpty ? slots : clusters[root(place)].claims.own(slots, at: epoch)
    }

    /// Who other than some claims any of these slots last, in the cluster of a node.
    package func latestOwner(
        of slots: SlotSet, above floor: Epoch? = nil, near place: Index, besides excepted: [Index]
    ) -> Index? {
        clusters[root(place)].claims.latest(slots, above: floor, besides: excepted)
    }

    /// Whether a member of an successor's cluster that is thought to live has still to hear of it: one that
    /// spoke, whose connections stand, and whom nobody calls failed.
    mutating func isAwaited(_ successor: Index) -> Bool {
        let members = clusters[root(successor)].members
        // Who was found to be waiting last time is looked at first: usually it waits still.
        let start = nodes[successor].waiting
        for step in members.indices {
            let at = (start + step) % members.count
            let place = members[at]
            if place != successor, nodes[place].isAlive,
                nodes[successor].learned?.contains(place) == false
            {
                nodes[successor].waiting = at
                return true
            }
            guard budget.spend(1) else { return true }
        }
        return false
    }

    /// The master of a node, when it is a replica and its master is known.
    func master(of place: Index) -> Index? {
        nodes[place].selfReport.flatMap { $0.isReplica ? index[$0.replicaOf] : nil }
    }
}

extension ObservedNode {
    /// It is thought to live: it spoke, its connections stand, nobody calls it failed.
    fileprivate var isAlive: Bool {
        hasSpoken && !isClosed && replacedBy == nil && announcers.isEmpty && !isSilent
    }
}

/// How much may be told, and looked at, that is not in the messages themselves: who of all voters gave
/// no vote, whose reports a FAIL goes by, from whom slots were taken. A capture can be made so that
/// each message has something to tell of each node; what is told then is as long as the capture allows
/// and no longer.
struct TellingBudget: Sendable {
    /// Looks at a node.
    private var left = Self.most
    /// How often something was left out.
    private(set) var refusals = 0

    private static let most = 2_000_000
    private static let each = 100

    /// A message came.
    mutating func earn() { left = min(left + Self.each, Self.most) }

    /// How many things of so many looks each may be told at most, never none.
    func count(each looks: Int) -> Int { max(1, left / looks) }

    /// Something was left out.
    mutating func refuse() { refusals += 1 }

    /// - Returns: whether so many looks are left.
    mutating func spend(_ looks: Int) -> Bool {
        guard looks <= left else {
            refusals += 1
            return false
        }
        left -= looks
        return true
    }
}
