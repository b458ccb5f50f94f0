// What CLIENT PAUSE asked for: until when requests of clients are held back, and whether those that write
// or all. A manual failover holds back writes as well; either lasts for its own time, and while one of
// them does no key may change, not by expiry either.

import ClusterHost
import DataPlane
import SystemIO

/// A pause that a client asked for.
struct ClientPause {
    /// Monotonic milliseconds at which it ends; nil while there is none.
    private(set) var end: Int64?
    /// All requests are held back, not those alone that write.
    private(set) var holdsAll = false
    /// It has ended, and who waited has not been let go on yet.
    private var hasEnded = false

    var isOn: Bool { end != nil }

    /// A pause that is on becomes longer or wider by another, never shorter or narrower.
    mutating func begin(until end: Int64, all: Bool) {
        self.end = max(end, self.end ?? end)
        holdsAll = holdsAll || all
    }

    mutating func stop() {
        guard isOn else { return }
        self = ClientPause()
        hasEnded = true
    }

    /// - Returns: whether it has ended since this was last asked.
    mutating func takeEnd(at now: Int64) -> Bool {
        if let end, now >= end { stop() }
        defer { hasEnded = false }
        return hasEnded
    }
}

extension Node {
    func pauseClients(until end: Int64, all: Bool) {
        clients.pause.begin(until: end, all: all)
        store.holdChanges(true)
    }

    /// The end of a wake-up: those whose pause is over go on.
    func endPauses() {
        host.endPause()
        let hasEnded = clients.pause.takeEnd(at: SystemClock.monotonicMilliseconds())
        if hasEnded { store.holdChanges(host.areWritesPaused) }
        moves.finish(self)
        clients.resume(self, pauseChanged: hasEnded)
    }

    /// The pause that lasts longest, in the words of INFO, and for how long; nil where there is none.
    var longestPause: (reason: String, milliseconds: Int64)? {
        let now = SystemClock.monotonicMilliseconds()
        let asked = clients.pause.end.map { ("client_pause", max(0, $0 - now)) }
        let failover = host.endOfPause.map { ("failover_in_progress", max(0, $0 - now)) }
        guard let asked, let failover else { return asked ?? failover }
        return asked.1 >= failover.1 ? asked : failover
    }
}
