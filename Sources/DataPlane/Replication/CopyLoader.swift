// The copy of a master's keys, taken into keys of its own while those that are there still answer: only a copy that
// is whole, and whose checksum is right, takes their place.

import ClusterWire

/// How a transfer says where it ends.
enum TransferForm: Equatable {
    case length(Int)
    /// 40 bytes that follow the last byte.
    case mark([UInt8])

    static let markBytes = 40
}

/// A full resync on its way in.
struct CopyLoader {
    /// The history and the offset that the copy belongs to.
    let id: ReplicationID
    let offset: Int
    private(set) var loaded: MemoryStore
    private var reader: RDBReader
    private var form: TransferForm
    /// Of the form with a mark: the last bytes, which may be the mark.
    private var tail: [UInt8] = []
    private var isWhole = false
    private let memoryLimit: Int
    /// Bytes of the transfer so far.
    private(set) var receivedBytes = 0

    /// Bytes of the longest key.
    private static let keyLimit = 512 << 20

    /// - Parameter memoryLimit: bytes that the keys may take; 0: no limit.
    init(
        _ id: ReplicationID, at offset: Int, form: TransferForm, into loaded: MemoryStore,
        memoryLimit: Int
    ) {
        self.id = id
        self.offset = offset
        self.form = form
        self.loaded = loaded
        self.memoryLimit = memoryLimit
        reader = RDBReader(
            limits: RDBReader.Limits(keyBytes: Self.keyLimit, valueBytes: loaded.valueLimit))
    }

    /// Bytes of the transfer that are still to come; nil where only its mark tells.
    var missingBytes: Int? {
        if case .length(let length) = form { length - receivedBytes } else { nil }
    }

    /// Takes bytes of the transfer.
    /// - Returns: how many of them belong to it, once it is over; nil: all, and more are to come.
    mutating func take(_ bytes: Span<UInt8>) throws(ReplicationError) -> Int? {
        switch form {
        case .length(let length):
            let part = min(bytes.count, length - receivedBytes)
            receivedBytes += part
            try read(bytes.extracting(first: part))
            guard receivedBytes == length else { return nil }
            guard isWhole else { throw .transferEnd }
            return part
        case .mark(let mark):
            receivedBytes += bytes.count
            return try take(bytes, upTo: mark)
        }
    }

    /// The last 40 bytes are held back: they are the mark, or more of the copy follows.
    private mutating func take(
        _ bytes: Span<UInt8>, upTo mark: [UInt8]
    ) throws(ReplicationError) -> Int? {
        unsafe bytes.withUnsafeBufferPointer { unsafe tail.append(contentsOf: $0) }
        let ready = tail.count - TransferForm.markBytes
        guard ready > 0 else { return nil }
        let held = tail
        try read(held.span.extracting(first: ready))
        tail.removeFirst(ready)
        guard isWhole else { return nil }
        guard tail == mark else { throw .transferEnd }
        return bytes.count
    }

    private mutating func read(_ bytes: Span<UInt8>) throws(ReplicationError) {
        guard bytes.count > 0 else { return }
        reader.feed(bytes)
        while let event = try nextEvent() {
            switch event {
            case .entry(let key, let value, let expiry): try add(key, value, expiry)
            case .holdsFunctions: throw .copyHasFunctions
            case .replicationID, .replicationOffset: continue
            case .end: isWhole = true
            }
        }
    }

    private mutating func nextEvent() throws(ReplicationError) -> RDBEvent? {
        do throws(RDBError) {
            return try reader.next()
        } catch {
            throw .copy(error)
        }
    }

    private func add(
        _ key: [UInt8], _ value: [UInt8], _ expiry: Int64?
    ) throws(ReplicationError) {
        let count = loaded.count
        let number = loaded.set(key.span, in: KeySlot.of(key), to: value.span)
        guard loaded.count > count else { throw .sameKeyTwice }
        if let expiry { loaded.setExpiry(of: number, expiry) }
        guard memoryLimit == 0 || loaded.heldBytes <= memoryLimit else {
            throw .tooMuchMemory(limitBytes: memoryLimit)
        }
    }
}
