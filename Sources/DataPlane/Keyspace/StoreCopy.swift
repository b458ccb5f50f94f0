// All keys as they were at one moment, given one after the other while writes go on: for a full resync or a
// file. What a change would alter is set aside first; what nobody changes is read where it stands.

/// A walk over the keys of one moment, each given exactly once, in no order that means anything.
///
/// It is ended by having given the last key, or by `MemoryStore.endCopy`: until then changes are kept for it.
package final class StoreCopy {
    /// A key as it was; long values are shared with the store, not copied.
    package typealias Key = (key: [UInt8], value: [UInt8], expiry: Int64?)

    /// What an entry set aside takes besides its bytes.
    private static let overheadBytes = 96

    private let table: KeyTable
    /// One bit for each entry that is still to be given and has not changed.
    private var pending: [UInt64]
    private var place = 0
    private var isWalking = true
    private var aside: [Key] = []
    private var asideBytes = 0

    /// How many keys there were at that moment.
    package let keyCount: Int
    /// Bytes of them all in an RDB, without its header and footer.
    package let rdbBytes: Int

    init(of table: KeyTable) {
        self.table = table
        // Shared until the table changes.
        pending = table.rows.live
        keyCount = table.count
        rdbBytes = table.sums.rdb
        table.copies.append(self)
    }

    /// Bytes that are kept for this copy alone: what was changed since, or all if the store was emptied.
    package var heldBytes: Int {
        asideBytes + (table.isAbandoned && isWalking ? table.sums.held : 0)
    }

    /// Whether all keys were given, or none will be any more.
    package var isEnded: Bool { !isWalking }

    /// The next key; nil after the last.
    package func next() -> Key? {
        guard isWalking else { return nil }
        if let key = aside.popLast() {
            asideBytes -= Self.bytes(of: key)
            return key
        }
        guard let number = EntryRows.firstBit(pending, from: place) else {
            end()
            return nil
        }
        place = number + 1
        return read(number)
    }

    private func read(_ number: Int) -> Key {
        let expiry = table.expiry(number)
        return (table.key(number), table.value(number), expiry == KeyTable.never ? nil : expiry)
    }

    private static func bytes(of key: Key) -> Int {
        key.key.count + key.value.count + overheadBytes
    }

    /// An entry is about to change: it is kept as it is unless it was given already, or came later.
    func willChange(_ number: Int) {
        guard number >= place, number >> 6 < pending.count else { return }
        let bit = UInt64(1) << UInt64(number & 63)
        guard pending[number >> 6] & bit != 0 else { return }
        pending[number >> 6] &= ~bit
        let key = read(number)
        asideBytes += Self.bytes(of: key)
        aside.append(key)
    }

    func end() {
        isWalking = false
        aside = []
        asideBytes = 0
        pending = []
        table.copies.removeAll { $0 === self }
    }
}
