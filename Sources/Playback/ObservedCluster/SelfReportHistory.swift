// What one node says of itself over time. Packets of one node on different connections can be read
// out of order, so a statement is judged by its epoch and by its place within its own connection,
// never by the clock across connections: what an older packet says late changes nothing.

package import ClusterWire

/// What a node says it is.
package struct SelfReport: Equatable, Sendable {
    /// `.zero` for a master.
    package var replicaOf: NodeID
    /// The sender calls itself a replica, of whomever.
    package var isReplica: Bool
    /// A master's own; of a replica zero, since it only repeats its master's.
    package var configEpoch: Epoch
    /// A master's own; of a replica none.
    package var slots: SlotSet

    package init(_ header: Header) {
        replicaOf = header.replicaOf
        isReplica = !header.replicaOf.isZero || header.flags.contains(.replica)
        configEpoch = isReplica ? 0 : header.configEpoch
        slots = isReplica ? SlotSet() : header.slots
    }

    /// Whether two statements of one node are the same.
    package static func == (left: SelfReport, right: SelfReport) -> Bool {
        left.isReplica == right.isReplica && left.configEpoch == right.configEpoch
            && left.replicaOf == right.replicaOf && left.slots == right.slots
    }
}

/// The statements of one node, oldest first, the last few of them.
struct SelfReportHistory: Sendable {
    struct Version: Sendable {
        var report: SelfReport
        /// The lowest currentEpoch with which it was said.
        var epoch: Epoch
    }

    /// How far one connection of the node has come.
    struct Position: Sendable {
        /// The last version that it said; nil before it said any.
        fileprivate var number: Int?
    }

    private var versions: [Version] = []
    /// The number of the first version that is kept.
    private var base = 0
    private static let kept = 16

    private(set) var latest: SelfReport?
    /// How many open connections said the latest as their last.
    private var current = 0
    private var newest: Int { base + versions.count - 1 }

    /// Whether a statement is the latest that is known, which is nearly always so.
    mutating func repeats(
        _ report: SelfReport, epoch: Epoch, _ position: inout Position
    ) -> Bool {
        guard let latest, latest == report else { return false }
        move(&position, to: newest)
        if epoch < versions[newest - base].epoch { versions[newest - base].epoch = epoch }
        return true
    }

    /// Takes a statement from one connection that is not the latest known.
    ///
    /// - Returns: whether it is news.
    mutating func hear(
        _ report: SelfReport, epoch: Epoch, _ position: inout Position
    ) -> Bool {
        guard latest != nil else {
            append(report, epoch, &position)
            return true
        }
        // A connection that said the latest now says something else: order within it decides. A new
        // connection is believed once none is left that says the latest.
        let isLate =
            position.number != newest && (position.number != nil || current > 0)
        if isLate {
            let isOlder = versions.last.map { epoch < $0.epoch } ?? false
            let found = place(of: report, from: position.number ?? base)
            if isOlder || found != nil {
                move(&position, to: max(position.number ?? base, found ?? base))
                return false
            }
        }
        append(report, epoch, &position)
        return true
    }

    /// A connection of the node has ended, or another speaks on it.
    mutating func leave(_ position: Position) {
        if position.number == newest { current -= 1 }
    }

    private mutating func move(_ position: inout Position, to number: Int) {
        leave(position)
        position.number = number
        if number == newest { current += 1 }
    }

    private mutating func append(
        _ report: SelfReport, _ epoch: Epoch, _ position: inout Position
    ) {
        versions.append(Version(report: report, epoch: epoch))
        if versions.count > Self.kept {
            versions.removeFirst()
            base += 1
        }
        latest = report
        position.number = newest
        current = 1
    }

    /// The newest version with this statement that is not older than `first`.
    private func place(of report: SelfReport, from first: Int) -> Int? {
        var number = newest
        while number >= max(first, base) {
            if versions[number - base].report == report { return number }
            number -= 1
        }
        return nil
    }
}
