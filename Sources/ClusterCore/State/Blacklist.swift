// Ids that were forgotten and must not come back by gossip until they expire. An id that we knew
// is told to others, so that forgetting spreads; one that we only heard of is not, and an entry is
// never prolonged by hearsay, or two nodes would refresh each other for ever.

package import ClusterWire

/// Forgotten ids with their expiry.
///
/// - Source: bus protocol §4.10, §12 row 13.
package struct Blacklist: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        var id: NodeID
        /// Wall milliseconds: it outlives the process.
        var expires: Int64
        /// Whether others are told.
        var told: Bool
    }
    /// In the order in which they were forgotten.
    private(set) var entries: [Entry] = []

    init() {}

    package var isEmpty: Bool { entries.isEmpty }

    package func contains(_ id: NodeID, at wall: Int64) -> Bool {
        entries.contains { $0.id == id && $0.expires > wall }
    }

    /// Forgets an id by an operator's word, for the whole time.
    mutating func forget(_ id: NodeID, until expires: Int64) {
        entries.removeAll { $0.id == id }
        if entries.count >= ClusterConfig.blacklistLimit { entries.removeFirst() }
        entries.append(Entry(id: id, expires: expires, told: true))
    }

    /// Forgets an id on hearsay: an entry that exists stays as it is, and none is pushed out.
    mutating func hear(_ id: NodeID, until expires: Int64, told: Bool) -> Bool {
        guard entries.count < ClusterConfig.blacklistLimit,
            !entries.contains(where: { $0.id == id })
        else { return false }
        entries.append(Entry(id: id, expires: expires, told: told))
        return true
    }

    mutating func removeExpired(at wall: Int64) { entries.removeAll { $0.expires <= wall } }
    mutating func removeAll() { entries = [] }

    /// What others are told: the id and the seconds left, rounded down.
    func announcements(at wall: Int64) -> [(id: NodeID, secondsLeft: UInt64)] {
        entries.filter { $0.told && $0.expires - wall >= 1000 }
            .map { ($0.id, UInt64(($0.expires - wall) / 1000)) }
    }
}
