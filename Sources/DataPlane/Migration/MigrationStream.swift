// What the target of a migration is sent: a greeting, then each key as a command that restores it. It is made a piece
// at a time as the target takes it, so that no value is ever copied whole, nor its checksum worked out at once.

import RESP

/// Bytes for the target, made as they are taken.
struct MigrationStream {
    private let replaces: Bool
    private var pending: [UInt8] = []
    /// Bytes of `pending` that have left.
    private var left = 0
    /// The key that comes next, or whose value is on its way.
    private var next = 0
    private var builder: DumpBuilder?
    /// Bytes of the value on its way that were made.
    private var done = 0
    /// Keys whose commands were made whole, in their order. One whose time was over by then is none of them.
    private(set) var sent: [Int] = []

    /// Bytes that are made at once.
    static let pieceBytes = 64 << 10

    /// - Parameter greeting: commands that go before the keys.
    init(greeting: [[[UInt8]]], replaces: Bool) {
        self.replaces = replaces
        for words in greeting { RESPWriter.command(words, to: &pending) }
    }

    /// Whether all was made, and has left.
    func isEnded(_ keys: [MovedKey]) -> Bool { next == keys.count && left == pending.count }

    /// Lends what is to be written next.
    /// - Parameter wall: milliseconds; what a key has left is counted from there.
    mutating func lend<Result>(
        _ keys: [MovedKey], wall: Int64, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        if left == pending.count {
            pending.removeAll(keepingCapacity: true)
            left = 0
            while next < keys.count && pending.count < Self.pieceBytes { make(keys[next], wall) }
        }
        return body(pending.span.extracting(left...))
    }

    mutating func wrote(_ count: Int) { left += count }

    private mutating func make(_ key: MovedKey, _ wall: Int64) {
        if builder != nil { return makeValue(key) }
        var time: Int64 = 0
        if let expiry = key.expiry {
            guard expiry > wall else {
                next += 1
                return
            }
            time = min(expiry - wall, DumpCommands.lastMoment - wall)
        }
        RESPWriter.arrayHeader(replaces ? 5 : 4, to: &pending)
        RESPWriter.bulk(Word.restoreAsking, to: &pending)
        RESPWriter.bulk(key.key, to: &pending)
        RESPWriter.bulk(Word.number(time), to: &pending)
        if key.value.count < Self.pieceBytes / 4 {
            RESPWriter.bulk(DumpPayload.make(key.value.span), to: &pending)
            return finish()
        }
        var builder = DumpBuilder()
        RESPWriter.bulkHeader(DumpPayload.byteCount(ofValue: key.value.count), to: &pending)
        builder.head(valueCount: key.value.count, to: &pending)
        self.builder = builder
        done = 0
    }

    private mutating func makeValue(_ key: MovedKey) {
        let piece = min(
            key.value.count - done, max(1024, Self.pieceBytes - pending.count))
        let slice = key.value.span.extracting(done..<(done + piece))
        pending.append(slice)
        builder?.value(slice)
        done += piece
        guard done == key.value.count else { return }
        builder?.tail(to: &pending)
        builder = nil
        RESPWriter.endBulk(&pending)
        finish()
    }

    private mutating func finish() {
        if replaces { RESPWriter.bulk(Word.replace, to: &pending) }
        sent.append(next)
        next += 1
    }
}
