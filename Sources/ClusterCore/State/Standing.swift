// What the table of nodes keeps of each row beside it, so that it need not be read.

/// What is asked of a row without reading it.
struct Marks: OptionSet {
    let rawValue: UInt8

    static let inUse = Marks(rawValue: 1)
    static let suspected = Marks(rawValue: 2)
    static let suspect = Marks(rawValue: 4)
    static let reported = Marks(rawValue: 8)
    static let worthTelling = Marks(rawValue: 16)
    static let unheard = Marks(rawValue: 32)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    @inline(__always)
    init(_ node: KnownNode) {
        self = .inUse
        if node.isSuspect { insert(.suspect) }
        if node.condition.isSuspected { insert(.suspected) }
        if !node.reports.isEmpty { insert(.reported) }
        if node.isUnheard { insert(.unheard) }
        if node.isHandshake || node.isUnheard { return }
        let isWorthTelling =
            node.hasAddress ? node.slotCount > 0 || node.outbound.isWanted : node.isSuspect
        if isWorthTelling { insert(.worthTelling) }
    }
}

/// What of a row counts in the tally.
struct Standing: Equatable {
    var isVoter = false
    var isLeader = false
    var isHealthy = false
    var isSuspected = false
    var isFailedOwner = false
    var isLostOwner = false
    var isUnheard = false
    var isHandshake = false

    init() {}

    @inline(__always)
    init(_ node: KnownNode) {
        isVoter = node.isVotingMaster
        isLeader = node.replicaCount > 0 && node.isMaster
        isUnheard = node.isUnheard
        isHandshake = node.isHandshake
        switch node.condition {
        case .healthy: isHealthy = true
        case .suspected:
            isSuspected = true
            isLostOwner = node.slotCount > 0 && !node.hasAddress
        case .failed: isFailedOwner = node.slotCount > 0
        }
    }
}
