// Ids that were forgotten and must not come back by gossip until they expire. The id of a member is sent to
// others in the extension for forgotten nodes, so that forgetting spreads; that of a node known from gossip
// alone is not. An extension never prolongs an entry, or two nodes would refresh each other for ever.

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
    /// A node that was met by an operator's word: what was said before against it is over.
    private struct Meeting: Equatable, Sendable {
        var id: NodeID
        /// Wall milliseconds.
        var at: Int64
        /// Until when others may still tell of an older word to forget it.
        var until: Int64
        /// The latest expiry that was told and was that of an older word.
        var outlived: Int64
        /// A word that is kept for longer than our own time has been taken for the older one.
        var heardLong = false
    }
    /// In the order in which they were forgotten.
    private(set) var entries: [Entry] = []
    private var meetings: [Meeting] = []

    init() {}

    package var isEmpty: Bool { entries.isEmpty && meetings.isEmpty }

    package func contains(_ id: NodeID, at wall: Int64) -> Bool {
        entries.contains { $0.id == id && $0.expires > wall }
    }

    /// Forgets an id because of CLUSTER FORGET, for the whole time.
    mutating func forget(_ id: NodeID, until expires: Int64) {
        entries.removeAll { $0.id == id }
        meetings.removeAll { $0.id == id }
        if entries.count >= ClusterConfig.blacklistLimit { entries.removeFirst() }
        entries.append(Entry(id: id, expires: expires, told: true))
    }

    /// Forgets an id because another node's extension names it: an existing entry stays as it is, and none is
    /// removed for it.
    mutating func hear(_ id: NodeID, until expires: Int64, told: Bool) -> Bool {
        guard entries.count < ClusterConfig.blacklistLimit,
            !entries.contains(where: { $0.id == id })
        else { return false }
        entries.append(Entry(id: id, expires: expires, told: told))
        return true
    }

    /// A node was met: it is not forgotten any more. Returns whether it was.
    mutating func meet(_ id: NodeID, at wall: Int64, timeToLive: Int64) -> Bool {
        let former = entries.first { $0.id == id }
        entries.removeAll { $0.id == id }
        meetings.removeAll { $0.id == id }
        if meetings.count >= ClusterConfig.blacklistLimit { meetings.removeFirst() }
        meetings.append(
            Meeting(
                id: id, at: wall, until: wall + timeToLive, outlived: former?.expires ?? 0))
        return former != nil
    }

    /// Whether what others tell is an operator's word that is older than the one by which the node was
    /// met. They tell when it expires, not when it was said: that is counted back from our own time to
    /// live, and of a word that is kept for longer only the first one counts as older.
    ///
    /// - Source: DECISIONS D45.
    mutating func isOutlived(
        _ id: NodeID, until expires: Int64, at wall: Int64, timeToLive: Int64
    ) -> Bool {
        guard let place = meetings.firstIndex(where: { $0.id == id }) else { return false }
        let meeting = meetings[place]
        // The clock was set back: which of the two was said first cannot be told any more.
        guard wall >= meeting.at - Self.slack else { return false }
        if expires <= meeting.outlived + Self.slack { return true }
        let isOlder = expires - timeToLive <= meeting.at + Self.slack
        let isLong = expires - wall > timeToLive && wall < meeting.until
        guard isOlder || (isLong && !meeting.heardLong) else { return false }
        meetings[place].outlived = max(meeting.outlived, expires)
        if !isOlder { meetings[place].heardLong = true }
        return true
    }

    /// Milliseconds: expiries are told in whole seconds, and two words may meet on their way.
    private static let slack: Int64 = 1500

    mutating func removeExpired(at wall: Int64) {
        entries.removeAll { $0.expires <= wall }
        meetings.removeAll { max($0.until, $0.outlived) <= wall }
    }
    mutating func removeAll() { (entries, meetings) = ([], []) }

    /// What others are told: the id and the seconds left, rounded down.
    func announcements(at wall: Int64) -> [(id: NodeID, secondsLeft: UInt64)] {
        entries.filter { $0.told && $0.expires - wall >= 1000 }
            .map { ($0.id, UInt64(($0.expires - wall) / 1000)) }
    }
}
