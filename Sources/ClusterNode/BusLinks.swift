// All connections of the bus, by the name that the rules give them and by the poller's token. Making,
// taking and ending them; what arrives and what leaves. What a link means is for the rules.

import ClusterCore
import ClusterWire
import SystemIO

/// The connections of the bus.
struct BusLinks {
    private var byToken: [UInt64: BusLink] = [:]
    private var byID: [LinkID: BusLink] = [:]
    /// Numbers of inbound links that are free again, smallest last.
    private var freeNumbers: [UInt32] = []
    private var nextNumber: UInt32 = 0
    /// Links with something to write.
    private var dirty: [BusLink] = []

    /// What connections of unknown nodes make us hold, all together.
    private(set) var strangerBytes = 0

    /// Bytes that they may make us hold at most, however many they are. A greeting is held only
    /// until it is complete, its answer until it is read: both are a few kilobytes.
    static let strangerLimit = 2 << 20

    /// Connections that others made, at most: beyond, they are closed at once.
    static let inboundLimit = 20_000

    var inboundCount: Int { Int(nextNumber) - freeNumbers.count }
    /// Inbound connections whose owner is not known by name.
    private(set) var strangerCount = 0
    /// What waits to be written on all of them.
    var queuedBytes: Int { byToken.values.reduce(0) { $0 + $1.queuedBytes } }
    var count: Int { byToken.count }
    var knownCount: Int { byToken.count - strangerCount }
    var all: [BusLink] { Array(byToken.values) }

    subscript(token token: UInt64) -> BusLink? { byToken[token] }
    subscript(id id: LinkID) -> BusLink? { byID[id] }

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

    /// Who is at the other end is known now.
    mutating func know(_ link: BusLink) {
        if link.isStranger { strangerCount -= 1 }
        link.isKnown = true
    }

    /// Of those whose owner is not known: who has said nothing, the oldest of them; else the oldest.
    var oldestStranger: BusLink? {
        byToken.values.filter(\.isStranger).min {
            ($0.hasSpoken ? 1 : 0, $0.token) < ($1.hasSpoken ? 1 : 0, $1.token)
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
        strangerBytes += bytes - link.charge
        link.charge = bytes
    }

    /// The link that holds most of what strangers hold, when that is too much.
    var heaviestStranger: BusLink? {
        guard strangerBytes > Self.strangerLimit else { return nil }
        return byToken.values.max { $0.charge < $1.charge }
    }

    mutating func markDirty(_ link: BusLink) {
        guard !link.isDirty else { return }
        link.isDirty = true
        dirty.append(link)
    }

    mutating func takeDirty() -> [BusLink] {
        defer { dirty = [] }
        for link in dirty { link.isDirty = false }
        return dirty
    }
}
