// The keys of a server as a file: an RDB, written from one moment and read at the start. What is read goes into keys
// that nobody sees before the whole file was found well. Keys that have ended meanwhile are among them: a master
// drops them once it knows which history it goes on with, so that its replicas are told.

import ClusterWire

/// A file of keys that is being written.
package struct KeysFileWriter {
    private var sender: CopySender
    package let keyCount: Int

    /// - Parameters:
    ///   - auxiliary: where the history stands at this moment.
    ///   - keyDelay: microseconds that each key is to take at least, for tests.
    ///   - now: monotonic milliseconds.
    package init(
        _ store: MemoryStore, _ auxiliary: RDBAuxiliary, keyDelay: Int = 0, at now: Int64 = 0
    ) {
        let copy = store.beginCopy()
        keyCount = copy.keyCount
        sender = CopySender(copy, CopyPace(delay: keyDelay, at: now), auxiliary: auxiliary)
    }

    /// Whether the next bytes are not to be taken yet.
    package func isAhead(at now: Int64) -> Bool { sender.pace.isAhead(at: now) }

    /// The next bytes; nil behind the last.
    package mutating func nextPiece() -> [UInt8]? { sender.nextPiece() }

    /// Nothing more of it is wanted.
    package func end() { sender.end() }
}

/// Why a file of keys is not taken.
package enum KeysFileError: Error, Equatable, Sendable, CustomStringConvertible {
    case content(RDBError)
    case sameKeyTwice(offset: Int)
    case functions

    package var description: String {
        switch self {
        case .content(let error): "\(error)"
        case .sameKeyTwice(let offset): "a key stands twice, before byte \(offset)"
        case .functions: "it holds functions, which are not kept here"
        }
    }
}

/// A file of keys that is being read.
package struct KeysFileReader {
    private var reader: RDBReader
    private let store: MemoryStore
    private var id: ReplicationID?
    private var offset: Int?
    private var readBytes = 0

    /// - Parameter store: an empty one, thrown away if reading fails.
    package init(into store: MemoryStore) {
        self.store = store
        reader = RDBReader(
            limits: RDBReader.Limits(keyBytes: 512 << 20, valueBytes: store.valueLimit))
    }

    /// The history that the file belongs to, if it says so.
    package var position: (id: ReplicationID, offset: Int)? {
        guard let id, let offset else { return nil }
        return (id, offset)
    }

    package mutating func feed(_ bytes: Span<UInt8>) throws(KeysFileError) {
        reader.feed(bytes)
        readBytes += bytes.count
        while let event = try next() {
            switch event {
            case .entry(let key, let value, let expiry): try add(key, value, expiry)
            case .holdsFunctions: throw .functions
            case .replicationID(let bytes): id = ReplicationID(bytes)
            case .replicationOffset(let bytes):
                offset = Int(String(decoding: bytes, as: UTF8.self)).flatMap {
                    (0...ReplicationLog.largestOffset).contains($0) ? $0 : nil
                }
            case .end: continue
            }
        }
    }

    /// There are no more bytes.
    package func finish() throws(KeysFileError) {
        do throws(RDBError) {
            try reader.checkEnded()
        } catch {
            throw .content(error)
        }
    }

    private mutating func next() throws(KeysFileError) -> RDBEvent? {
        do throws(RDBError) {
            return try reader.next()
        } catch {
            throw .content(error)
        }
    }

    private mutating func add(
        _ key: [UInt8], _ value: [UInt8], _ expiry: Int64?
    ) throws(KeysFileError) {
        let count = store.count
        let number = store.set(key.span, in: KeySlot.of(key), to: value.span)
        guard store.count > count else { throw .sameKeyTwice(offset: readBytes) }
        if let expiry { store.setExpiry(of: number, expiry) }
    }
}
