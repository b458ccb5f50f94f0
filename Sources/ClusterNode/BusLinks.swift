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

    /// Connections that others made, at most: beyond, they are closed at once.
    static let inboundLimit = 20_000

    var inboundCount: Int { Int(nextNumber) - freeNumbers.count }
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
    }

    /// Ends a link and frees its name.
    mutating func remove(_ link: BusLink) {
        guard byToken.removeValue(forKey: link.token) != nil else { return }
        byID.removeValue(forKey: link.id)
        if case .inbound(let number) = link.id {
            // Kept in order, so that numbers stay small.
            let at = freeNumbers.firstIndex { $0 < number } ?? freeNumbers.count
            freeNumbers.insert(number, at: at)
        }
        link.close()
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
