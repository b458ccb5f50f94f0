// One direction of one connection as messages of the bus: framing that never gives up. What is no
// message is passed over up to the next signature and counted; a message that cannot be decoded is
// named, and when its length proves false the next one is looked for inside it. Time, addresses and
// the number of directions are left to BusConversation.

import Capture
import ClusterWire

/// How much a conversation holds of what is not complete.
package struct BusConversationLimits: Sendable {
    /// A message that claims to be longer is not believed, in bytes.
    package var message = 64 << 20
    /// A message that claims to be longer must be so by what its own parts say, in bytes.
    package var plausible = 1 << 20
    /// Bytes held in all directions together.
    package var held = 256 << 20

    package init() {}
}

/// Why a direction has to do with what it holds.
enum Interruption {
    /// The direction has ended, or the capture has.
    case end
    /// Bytes are missing in the capture: so many, or nobody knows how many.
    case gap(Int?)
    /// All directions together hold too much.
    case overfull
}

/// The framing of one direction.
struct BusDirection {
    private enum State {
        /// Nothing was seen yet.
        case beginning
        /// The next bytes begin a message.
        case framing
        /// A message of this length could not be decoded: its length may be false.
        case undecodable(Int)
        /// Looking for a signature.
        case searching
    }

    /// Something that was found, with type and length where they could be read.
    struct Finding {
        var content: BusItem.Content
        var type: UInt16?
        var length: UInt32?
        var bytes: [UInt8] = []
    }

    private var state = State.beginning
    private var buffer: [UInt8] = []
    private var start = 0
    /// Bytes passed over and not yet reported.
    private var passed = 0
    private let limits: BusConversationLimits
    private(set) var totalBytes = 0
    /// Whether a message was ever seen here.
    private(set) var isBus = false
    /// Whether the first bytes are those of TLS.
    private(set) var isEncrypted = false
    /// Whom the last full message named as its sender.
    private(set) var speaker: NodeID?

    init(limits: BusConversationLimits) { self.limits = limits }

    var heldBytes: Int { buffer.count - start }

    mutating func push(_ bytes: ArraySlice<UInt8>) {
        totalBytes += bytes.count
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next finding, or nil until more bytes come.
    mutating func next() -> Finding? {
        while true {
            switch state {
            case .beginning:
                guard heldBytes >= 4 else { return nil }
                state = .searching
                isEncrypted = buffer[start] == 0x16 && buffer[start + 1] == 3
                if word(0) == Layout.signature { state = .framing }
                if word(0) == Layout.raftSignature {
                    isBus = true
                    return Finding(content: .refused(.raftNotSpoken))
                }
            case .searching:
                guard find() else { return nil }
                state = .framing
                isBus = true
                if let skipped = takePassed() { return skipped }
            case .framing:
                guard let finding = frame() else {
                    if case .framing = state { return nil }
                    continue
                }
                return finding
            case .undecodable(let length):
                guard heldBytes >= length + 4 else { return nil }
                resume(after: length)
            }
        }
    }

    /// What is to be said of the bytes held, when no more of them will follow.
    ///
    /// To be called, with `next` until it is nil after each, until this is nil.
    mutating func interrupt(_ interruption: Interruption) -> Finding? {
        switch state {
        case .beginning, .searching: pass(heldBytes)
        case .undecodable(let length):
            resume(after: length)
            return next() ?? interrupt(interruption)
        case .framing:
            if heldBytes >= 4, word(0) == Layout.signature { return cut(interruption) }
            pass(heldBytes)
        }
        if case .end = interruption { return isBus ? takePassed() : nil }
        state = .searching
        return nil
    }

    /// A message of which only the beginning is there.
    private mutating func cut(_ interruption: Interruption) -> Finding {
        let have = heldBytes
        let isReadable = have >= Layout.prefixSize
        let length: UInt32? = have >= 8 ? word(4) : nil
        let needed = length.map { Int($0) } ?? Layout.lightHeaderSize
        var finding = Finding(
            content: .refused(.truncated(have: have, needed: needed)),
            type: isReadable ? half(12) : nil, length: length)
        if case .gap(let count) = interruption { finding.content = .lost(count, have: have) }
        if case .overfull = interruption {
            finding.content = .refused(.lengthOverLimit(length: length ?? 0, limit: limits.held))
        }
        isBus = true
        if let inner = signature(from: start + 4, to: buffer.count) {
            // Its length was false and held up what follows.
            start = inner
        } else if case .end = interruption {
            start = buffer.count
        } else {
            pass(have)
            state = .searching
        }
        return finding
    }

    private mutating func takePassed() -> Finding? {
        guard passed > 0 else { return nil }
        defer { passed = 0 }
        return Finding(content: .skipped(passed))
    }

    private mutating func pass(_ count: Int) {
        passed += count
        start += count
        if start == buffer.count {
            buffer = []
            start = 0
        }
    }
}

extension BusDirection {
    /// The message that the next bytes begin; nil when it is not complete, or when they do not
    /// begin one, which the state then tells.
    private mutating func frame() -> Finding? {
        guard heldBytes >= 4 else { return nil }
        guard word(0) == Layout.signature else {
            state = .searching
            guard word(0) == Layout.raftSignature else { return nil }
            return Finding(content: .refused(.raftNotSpoken))
        }
        guard heldBytes >= Layout.lightHeaderSize else { return nil }
        let (length, type): (UInt32, UInt16) = (word(4), half(12))
        if let error = implausibleLength(length: length, type: type) {
            isBus = true
            pass(4)
            state = .searching
            return Finding(content: .refused(error), type: type, length: length)
        }
        let count = Int(length)
        guard heldBytes >= count else { return nil }
        isBus = true
        let bytes = frameBytes(count)
        do throws(WireError) {
            let message = try Message.decode(bytes)
            if case .full(let header, _) = message, !header.sender.isZero {
                speaker = header.sender
            }
            start += count
            if start >= buffer.count { (buffer, start) = ([], 0) }
            return Finding(content: .message(message), type: type, length: length, bytes: bytes)
        } catch {
            state = .undecodable(count)
            return Finding(content: .refused(error), type: type, length: length, bytes: bytes)
        }
    }

    /// The bytes of a frame that is complete: the buffer itself when it holds nothing else.
    private func frameBytes(_ count: Int) -> [UInt8] {
        start == 0 && buffer.count == count ? buffer : Array(buffer[start..<start + count])
    }

    /// Goes past a message that could not be decoded: by its length when another one follows
    /// there, else to a signature inside it, else by its length all the same.
    private mutating func resume(after length: Int) {
        state = .framing
        let end = min(start + length, buffer.count)
        let follows =
            heldBytes == length || (heldBytes >= length + 4 && word(length) == Layout.signature)
        if !follows, let inner = signature(from: start + 4, to: end) {
            start = inner
        } else {
            start = end
        }
    }

    /// Why no message has this length, or nil when one may.
    private func implausibleLength(length: UInt32, type: UInt16) -> WireError? {
        if length < Layout.lightHeaderSize {
            return .lengthBelowMinimum(length: length, minimum: Layout.lightHeaderSize)
        }
        if Int(length) > limits.message {
            return .lengthOverLimit(length: length, limit: limits.message)
        }
        guard Int(length) > limits.plausible, let expected = expectedLength(type: type) else {
            return nil
        }
        return expected.contains(UInt64(length))
            ? nil
            : .lengthMismatch(
                type: MessageType(rawValue: type & ~Layout.lightBit), stated: length,
                expected: expected.lowerBound)
    }

    /// The lengths that the parts of a long message add up to; nil while they are not there yet.
    private func expectedLength(type: UInt16) -> ClosedRange<UInt64>? {
        let isLight = type & Layout.lightBit != 0
        let head = isLight ? Layout.lightHeaderSize : Layout.headerSize
        switch MessageType(rawValue: type & ~Layout.lightBit) {
        case .ping, .pong, .meet:
            let least = UInt64(Layout.headerSize + Int(half(14)) * Layout.gossipEntrySize)
            return least...least + UInt64(limits.plausible)
        case .publish, .publishShard:
            guard heldBytes >= head + Layout.publishHeaderSize else { return nil }
            let sum =
                UInt64(head + Layout.publishHeaderSize) + UInt64(word(head))
                + UInt64(word(head + 4))
            return sum...sum
        case .module:
            guard heldBytes >= head + Layout.moduleHeaderSize else { return nil }
            let sum = UInt64(head + Layout.moduleHeaderSize) + UInt64(word(head + 8))
            return sum...sum
        case let type where Int(type.rawValue) < MessageType.knownCount:
            return 0...UInt64(Layout.headerSize + Layout.updateSize)
        default: return 0...UInt64(limits.message)
        }
    }

    /// Moves to the next bytes that can begin a message; false when none are held.
    private mutating func find() -> Bool {
        while let place = signature(from: start, to: buffer.count) {
            pass(place - start)
            guard heldBytes >= Layout.lightHeaderSize else { return false }
            let length: UInt32 = word(4)
            if length >= Layout.lightHeaderSize && Int(length) <= limits.message { return true }
            pass(4)
        }
        // A signature may begin in the last three bytes.
        pass(max(0, heldBytes - 3))
        return false
    }

    /// Where a whole signature stands in part of the buffer.
    private func signature(from first: Int, to end: Int) -> Int? {
        var place = first
        while place + 4 <= end {
            if buffer[place] == 0x52, buffer[place + 1] == 0x43, buffer[place + 2] == 0x6D,
                buffer[place + 3] == 0x62
            {
                return place
            }
            place += 1
        }
        return nil
    }

    private func word(_ offset: Int) -> UInt32 {
        UInt32(half(offset)) << 16 | UInt32(half(offset + 2))
    }

    private func half(_ offset: Int) -> UInt16 {
        UInt16(buffer[start + offset]) << 8 | UInt16(buffer[start + offset + 1])
    }
}
