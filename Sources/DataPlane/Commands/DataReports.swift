// What DEBUG tells of keys, and makes up: digests by which the data of two nodes are compared, keys by the
// thousand, how a value is kept. What goes through all keys does so in pieces: of keys that change meanwhile
// either state may count.

import ClusterWire
import RESP

package enum DataReports {
    // MARK: - Digests

    /// DEBUG DIGEST: of all keys, each as it is when it is looked at.
    package static func digest(_ context: KeyContext) -> CommandResult {
        var work = DigestWork()
        if case .digesting(let begun) = context.work { work = begun }
        var bytes = context.turnBytes
        var keys = bytes == .max ? Int.max : LongWork.turnKeys
        while bytes > 0 && keys > 0 {
            if work.partial != nil {
                bytes -= digestPiece(work, bytes)
            } else if let number = work.numbers.popLast() {
                keys -= 1
                bytes -= digestKey(work, number, context.store)
            } else if work.isAtEnd {
                return context.simple(work.digest.digest.hex)
            } else {
                let (next, numbers) = context.store.scan(from: work.place, count: 1000)
                (work.place, work.isAtEnd) = (next, next == 0)
                work.numbers = numbers.reversed()
            }
        }
        return context.pause(.digesting(work))
    }

    /// Begins with a key; a short value is done at once.
    /// - Returns: how many bytes were looked at.
    private static func digestKey(_ work: DigestWork, _ number: Int, _ store: MemoryStore) -> Int {
        // Between two turns a key may go, and another take its place.
        guard store.isThere(number) else { return 0 }
        let (key, value) = (store.key(number), store.value(number))
        let expires = store.expiry(number) != nil
        guard value.count > pieceBytes else {
            work.digest.add(key: key.span, value: value.span, expires: expires)
            return key.count + value.count
        }
        work.partial = DigestWork.Partial(
            digest: KeyDigest(key: key.span), value: value, expires: expires)
        return key.count
    }

    /// Bytes of a value that are looked at together.
    private static let pieceBytes = 1 << 18

    private static func digestPiece(_ work: DigestWork, _ limit: Int) -> Int {
        guard var partial = work.partial else { return 0 }
        let value = partial.value
        let piece = min(pieceBytes, value.count - partial.done)
        partial.digest.update(value.span.extracting(partial.done..<(partial.done + piece)))
        partial.done += piece
        if partial.done < value.count {
            work.partial = partial
        } else {
            work.digest.add(partial.digest.finish(expires: partial.expires))
            work.partial = nil
        }
        // Of a hash a byte costs as much as four that are copied.
        return min(limit, 4 * piece)
    }

    /// DEBUG DIGEST-VALUE: of each key by itself, zeros where there is none.
    package static func digestValues(_ context: KeyContext) -> CommandResult {
        context.reply.arrayHeader(context.count - 2)
        for index in 2..<max(2, context.count) {
            guard let number = context.withWord(index, { context.store.find($0) }) else {
                context.reply.simple(SHA1Digest().hex)
                continue
            }
            let value = context.store.value(number)
            var one = KeyDigest()
            one.update(value.span)
            let digest = one.finish(expires: context.store.expiry(number) != nil)
            context.reply.simple(digest.hex)
        }
        return .replied
    }

    // MARK: - POPULATE

    /// DEBUG POPULATE: adds keys with a value each, unless they are there. Replicas are sent nothing, as ever.
    package static func populate(_ context: KeyContext) -> CommandResult {
        guard let count = context.number(2), count >= 0 else {
            return .error("ERR value is out of range, must be positive")
        }
        let prefix = context.count > 3 ? context.bytes(3) : Array("key".utf8)
        let size: Int64? = context.count > 4 ? context.number(4) : 0
        guard let size, (0...Int64(context.store.valueLimit)).contains(size) else {
            return .notANumber
        }
        context.replicateNothing()
        var next: Int64 = 0
        if case .populating(let place) = context.work { next = place }
        var keys = context.turnBytes == .max ? Int.max : LongWork.turnKeys
        var bytes = context.turnBytes
        while next < count {
            guard keys > 0 && bytes > 0 else { return context.pause(.populating(next)) }
            guard !context.store.isFull else { return .error("OOM too many keys") }
            let number = Word.number(next)
            let key = prefix + [UInt8(ascii: ":")] + number
            if !context.store.holds(key.span) {
                var value = Array("value:".utf8) + number
                if size > 0 {
                    value.removeLast(max(0, value.count - Int(size)))
                    value += [UInt8](repeating: 0, count: Int(size) - value.count)
                }
                bytes -= value.count
                _ = context.store.set(key.span, in: KeySlot.of(key), taking: value)
            }
            keys -= 1
            next += 1
        }
        return context.ok()
    }

    // MARK: - OBJECT

    /// Strings up to this many bytes are kept within their object by the reference.
    private static let embeddedBytes = 44

    /// DEBUG OBJECT, in the words of the reference. Where a value lies and when it was used last is not told.
    package static func object(_ context: KeyContext) -> CommandResult {
        guard let number = context.withWord(2, { context.store.find($0) }) else {
            return .error("ERR no such key")
        }
        let value = context.store.value(number)
        let isNumber = DumpPayload.integer(value.span) != nil || strictInteger(value.span) != nil
        let encoding = isNumber ? "int" : value.count <= embeddedBytes ? "embstr" : "raw"
        let length =
            DumpPayload.integer(value.span) == nil
            ? DumpPayload.byteCount(ofValue: value.count)
            : DumpPayload.make(value.span).count
        // The type and the footer are none of the value.
        let serialized = length - DumpPayload.footerBytes - 1
        return context.simple(
            "Value at:0x0 refcount:1 encoding:\(encoding) serializedlength:\(serialized)"
                + " lru:0 lru_seconds_idle:0 type:string")
    }
}
