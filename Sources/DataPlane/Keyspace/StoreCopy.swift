// All keys as they were at one moment, given one after the other while writes go on: for a full resync or a
// file. They are set aside at once, which takes as long as there are keys.

import ClusterWire

/// The keys of one moment.
package final class StoreCopy {
    /// A key as it was.
    package typealias Key = (key: [UInt8], value: [UInt8], expiry: Int64?)

    private var keys: [Key] = []
    /// How many keys there were.
    package let keyCount: Int
    /// Bytes of them all in an RDB, without its header and footer.
    package let rdbBytes: Int

    fileprivate init(_ keys: [Key], rdbBytes: Int) {
        self.keys = keys
        keyCount = keys.count
        self.rdbBytes = rdbBytes
    }

    /// Whether all keys were given.
    package var isEnded: Bool { keys.isEmpty }
    /// Bytes that are kept for this copy alone.
    package var heldBytes: Int { 0 }

    /// The next key; nil after the last.
    package func next() -> Key? { keys.popLast() }

    func end() { keys = [] }
}

extension MemoryStore {
    package func beginCopy() -> StoreCopy {
        var keys: [StoreCopy.Key] = []
        var bytes = 0
        visitAll { number in
            let key = (key(number), value(number), expiry(number))
            bytes += RDBLength.entryBytes(
                key: key.0.count, value: key.1.count, expires: key.2 != nil)
            keys.append(key)
        }
        return StoreCopy(keys, rdbBytes: bytes)
    }

    /// The keys of another store take the place of all that are here.
    package func replaceAll(with other: MemoryStore) {
        removeAll()
        other.visitAll { number in
            let key = other.key(number)
            let added = set(key.span, in: KeySlot.of(key), to: other.value(number).span)
            if let expiry = other.expiry(number) { setExpiry(of: added, expiry) }
        }
    }
}
