// All connections of the bus, by the name that the rules give them and by the poller's token, and what
// those of unknown nodes make us hold. Making and ending them, what arrives and what leaves is in
// HostLinks and HostFrames; what a link means is for the rules.

import ClusterCore
import ClusterWire
import SystemIO

/// The connections of the bus.
struct BusLinks {
    /// Where others connect to.
    var listeners: [Listener] = []
    var figures = BusFigures()
    private var byToken: [UInt64: BusLink] = [:]
    private var byID: [LinkID: BusLink] = [:]
    /// Numbers of inbound links that are free again, smallest last.
    private var freeNumbers: [UInt32] = []
    private var nextNumber: UInt32 = 0
    private var nextToken: UInt64
    /// What the poller calls the results of saves.
    let saverToken: UInt64
    /// Links with something to write.
    private var dirty: [BusLink] = []

    /// Bytes buffered for all connections of unknown nodes together.
    private(set) var unknownBytes = 0

    var inboundCount: Int { Int(nextNumber) - freeNumbers.count }
    /// Inbound connections of unknown nodes.
    private(set) var strangerCount = 0
    /// What waits to be written on all of them.
    var queuedBytes: Int { byToken.values.reduce(0) { $0 + $1.queuedBytes } }
    var count: Int { byToken.count }
    var knownCount: Int { byToken.count - strangerCount }
    var all: [BusLink] { Array(byToken.values) }

    subscript(token token: UInt64) -> BusLink? { byToken[token] }
    subscript(id id: LinkID) -> BusLink? { byID[id] }

    /// All tokens, of links and listeners too, begin here.
    init(firstToken: UInt64) {
        saverToken = firstToken
        nextToken = firstToken
    }

    /// A token that was never used before.
    mutating func takeToken() -> UInt64 {
        nextToken += 1
        return nextToken
    }

    func listener(_ token: UInt64) -> Listener? { listeners.first { $0.token == token } }
    /// Whether anything waits to be written.
    var areDirty: Bool { !dirty.isEmpty }

    mutating func takeNumber() -> UInt32 {
        if let number = freeNumbers.popLast() { return number }
        nextNumber += 1
        return nextNumber - 1
    }

    mutating func insert(_ link: BusLink) {
        byToken[link.token] = link
        byID[link.id] = link
        if link.isStranger { strangerCount += 1 }
    }

    /// A known node is at the other end from now on.
    mutating func know(_ link: BusLink) {
        if link.isStranger { strangerCount -= 1 }
        link.marks.isKnown = true
    }

    /// The oldest connection of an unknown node that has sent nothing; if all have, the oldest of them.
    var oldestStranger: BusLink? {
        byToken.values.filter(\.isStranger).min {
            ($0.marks.hasSpoken ? 1 : 0, $0.token) < ($1.marks.hasSpoken ? 1 : 0, $1.token)
        }
    }

    /// Ends a link and frees its name.
    mutating func remove(_ link: BusLink) {
        guard byToken.removeValue(forKey: link.token) != nil else { return }
        byID.removeValue(forKey: link.id)
        if link.isStranger { strangerCount -= 1 }
        charge(link, 0)
        if case .inbound(let number) = link.id {
            // Kept in order, so that numbers stay small.
            let at = freeNumbers.firstIndex { $0 < number } ?? freeNumbers.count
            freeNumbers.insert(number, at: at)
        }
        link.close()
    }

    /// Notes what a link of an unknown node holds now.
    mutating func charge(_ link: BusLink, _ bytes: Int) {
        unknownBytes += bytes - link.marks.charge
        link.marks.charge = bytes
    }

    /// The link of an unknown node for which most bytes are buffered.
    var heaviestStranger: BusLink? {
        byToken.values.max { $0.marks.charge < $1.marks.charge }
    }

    mutating func markDirty(_ link: BusLink) {
        guard !link.marks.isDirty else { return }
        link.marks.isDirty = true
        dirty.append(link)
    }

    mutating func takeDirty() -> [BusLink] {
        defer { dirty = [] }
        for link in dirty { link.marks.isDirty = false }
        return dirty
    }
}
