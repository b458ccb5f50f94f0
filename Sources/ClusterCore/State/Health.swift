// Whether the cluster serves, and since when what speaks against it has been so. When it serves is for the
// rule HealthCheck.

import ClusterWire

/// Whether the cluster serves. Times are monotonic milliseconds.
///
/// - Source: bus protocol §5.5.
package struct Health: Equatable, Sendable {
    package private(set) var isOK = false
    package private(set) var reason = Note.HealthReason.slotUncovered
    /// When it was first judged.
    private(set) var firstJudgedAt: Int64?
    /// When a minority was last seen.
    private(set) var minorityAt: Int64?
    /// Slots that their owners do not claim, all of them since `unclaimedSince`.
    private var unclaimed = SlotSet()
    private var unclaimedSince: Int64?

    /// It is judged. Returns whether that is the first time.
    mutating func beginJudging(at now: Int64) -> Bool {
        guard firstJudgedAt == nil else { return false }
        firstJudgedAt = now
        return true
    }

    /// This is why it serves or does not.
    mutating func judge(isOK: Bool, _ reason: Note.HealthReason) {
        (self.isOK, self.reason) = (isOK, reason)
    }

    /// Too few masters can be reached.
    mutating func noteMinority(at now: Int64) { minorityAt = now }

    /// Whether a minority was seen less than so many milliseconds ago.
    func wasMinority(within delay: Int64, at now: Int64) -> Bool {
        minorityAt.map { now - $0 < delay } ?? false
    }

    /// These slots are claimed by nobody. Those that wait are watched together; those that come later wait
    /// until these are claimed, since in a resharding there may always be some.
    mutating func watch(unclaimed all: SlotSet, at now: Int64) {
        guard !all.isEmpty || !unclaimed.isEmpty else { return }
        let still = unclaimed.intersection(all)
        if still.isEmpty { unclaimedSince = now }
        unclaimed = still.isEmpty ? all : still
    }

    /// Whether a slot has been claimed by nobody for longer than so many milliseconds.
    func hasUnclaimed(for time: Int64, at now: Int64) -> Bool {
        guard !unclaimed.isEmpty, let unclaimedSince else { return false }
        return now - unclaimedSince > time
    }
}
