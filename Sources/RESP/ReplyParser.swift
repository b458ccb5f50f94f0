// Bytes of a server into values, as they come in pieces, in both versions of the client protocol.
// What is nested waits on a stack of its own, so that depth and size have limits and no byte is
// understood twice. Attributes, which version 3 puts in front of a reply, are read and left out.

import Text

/// How much a server may answer.
package struct ReplyLimits: Equatable, Sendable {
    /// How deep arrays may lie in each other.
    package var maximumDepth = 128
    /// The most bytes of one reply with all that is in it.
    package var maximumBytes = 512 * 1024 * 1024
    /// The most bytes of a line.
    package var maximumLineBytes = 1024 * 1024

    package init() {}
}

/// Bytes of one server into replies.
package struct ReplyParser: Sendable {
    private let limits: ReplyLimits
    private var buffer: [UInt8] = []
    /// The first byte that is not understood yet.
    private var position = 0
    /// No line end lies between `position` and here.
    private var searched = 0
    /// Bytes of the current reply that are understood.
    private var replyBytes = 0
    /// What is open, outermost first.
    private var open: [Frame] = []
    private var failure: RESPError?

    private struct Frame: Sendable {
        let type: UInt8
        var missing: Int
        var elements: [RESPValue] = []
    }

    package init(limits: ReplyLimits = ReplyLimits()) { self.limits = limits }

    /// Adds bytes that arrived.
    package mutating func feed(_ bytes: Span<UInt8>) {
        guard failure == nil else { return }
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            (position, searched) = (0, 0)
        } else if position >= buffer.count - position {
            buffer.removeSubrange(..<position)
            searched = max(0, searched - position)
            position = 0
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    /// Adds bytes that arrived.
    package mutating func feed(_ bytes: [UInt8]) { feed(bytes.span) }

    /// Takes the next whole reply; nil asks for more bytes.
    /// - Throws: once the bytes are no reply, and ever after.
    package mutating func next() throws(RESPError) -> RESPValue? {
        if let failure { throw failure }
        do throws(RESPError) {
            while let item = try takeItem() {
                if let reply = place(item) {
                    replyBytes = 0
                    return reply
                }
            }
            return nil
        } catch {
            failure = error
            buffer = []
            open = []
            throw error
        }
    }

    /// One step of reading: a value that is whole, or the beginning of one with others in it.
    private enum Item {
        case whole(RESPValue)
        case begun(Frame)
    }

    /// Puts an item where it belongs.
    /// - Returns: the reply, once it is whole.
    private mutating func place(_ item: Item) -> RESPValue? {
        var value: RESPValue
        switch item {
        case .begun(let frame) where frame.missing > 0:
            open.append(frame)
            return nil
        case .begun(let frame):
            guard let empty = finished(frame) else { return nil }
            value = empty
        case .whole(let whole): value = whole
        }
        while let last = open.indices.last {
            open[last].elements.append(value)
            open[last].missing -= 1
            if open[last].missing > 0 { return nil }
            guard let outer = finished(open.removeLast()) else { return nil }
            value = outer
        }
        return value
    }

    /// - Returns: nil for attributes, which are left out.
    private func finished(_ frame: Frame) -> RESPValue? {
        switch frame.type {
        case UInt8(ascii: "%"):
            let pairs = stride(from: 0, to: frame.elements.count, by: 2).map {
                RESPPair(frame.elements[$0], frame.elements[$0 + 1])
            }
            return .map(pairs)
        case UInt8(ascii: "~"): return .set(frame.elements)
        case UInt8(ascii: ">"): return .push(frame.elements)
        case UInt8(ascii: "|"): return nil
        default: return .array(frame.elements)
        }
    }
}

// MARK: - Items

extension ReplyParser {
    private mutating func takeItem() throws(RESPError) -> Item? {
        guard position < buffer.count else { return nil }
        let type = buffer[position]
        guard isKnown(type) else { throw .unknownType(type) }
        guard let lineEnd = try findLineEnd() else { return nil }
        switch type {
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            return try takeBulk(type, lineEnd)
        case UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: ">"),
            UInt8(ascii: "|"):
            return try takeAggregate(type, lineEnd)
        default:
            let value = try lineValue(type, buffer.span.extracting((position + 1)..<lineEnd))
            try advance(to: lineEnd + 2)
            return .whole(value)
        }
    }

    private func isKnown(_ type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "$"),
            UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "#"), UInt8(ascii: ","),
            UInt8(ascii: "("), UInt8(ascii: "!"), UInt8(ascii: "="), UInt8(ascii: "%"),
            UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "|"):
            true
        default: false
        }
    }

    /// - Returns: where the line at `position` ends, before its two bytes of line end.
    private mutating func findLineEnd() throws(RESPError) -> Int? {
        let index = firstIndex(of: 13, in: buffer.span, from: max(searched, position + 1))
        searched = index
        if index - position > limits.maximumLineBytes {
            throw .lineTooBig(limitBytes: limits.maximumLineBytes)
        }
        guard index + 1 < buffer.count else { return nil }
        guard buffer[index + 1] == 10 else { throw .missingLineEnd }
        return index
    }

    private mutating func advance(to next: Int) throws(RESPError) {
        replyBytes += next - position
        position = next
        if replyBytes > limits.maximumBytes { throw .replyTooBig(limitBytes: limits.maximumBytes) }
    }

    /// - Returns: the length; nil when the line says that there is nothing.
    private func length(_ lineEnd: Int) throws(RESPError) -> Int? {
        let text = buffer.span.extracting((position + 1)..<lineEnd)
        guard let length = strictInteger(text), length >= -1 else { throw .invalidReplyLength }
        return length == -1 ? nil : Int(length)
    }

    private mutating func takeBulk(_ type: UInt8, _ lineEnd: Int) throws(RESPError) -> Item? {
        guard let length = try length(lineEnd) else {
            guard type == UInt8(ascii: "$") else { throw .invalidReplyLength }
            try advance(to: lineEnd + 2)
            return .whole(.null)
        }
        if length > limits.maximumBytes - replyBytes {
            throw .replyTooBig(limitBytes: limits.maximumBytes)
        }
        let first = lineEnd + 2
        let end = first + length
        guard buffer.count >= end + 2 else { return nil }
        guard buffer[end] == 13, buffer[end + 1] == 10 else { throw .missingLineEnd }
        let content = Array(buffer[first..<end])
        try advance(to: end + 2)
        switch type {
        case UInt8(ascii: "$"): return .whole(.bulk(content))
        case UInt8(ascii: "!"): return .whole(.error(PrintableText.decoded(content)))
        default:
            guard content.count >= 4, content[3] == UInt8(ascii: ":") else {
                throw .invalidReplyValue(type: type)
            }
            let format = String(decoding: content[..<3], as: UTF8.self)
            return .whole(.verbatim(format: format, Array(content[4...])))
        }
    }

    private mutating func takeAggregate(_ type: UInt8, _ lineEnd: Int) throws(RESPError) -> Item {
        guard let count = try length(lineEnd) else {
            guard type == UInt8(ascii: "*") else { throw .invalidReplyLength }
            try advance(to: lineEnd + 2)
            return .whole(.nullArray)
        }
        // Each element has three bytes at least.
        guard count <= limits.maximumBytes / 3 else {
            throw .replyTooBig(limitBytes: limits.maximumBytes)
        }
        if open.count >= limits.maximumDepth { throw .nestedTooDeep(limit: limits.maximumDepth) }
        try advance(to: lineEnd + 2)
        let arePairs = type == UInt8(ascii: "%") || type == UInt8(ascii: "|")
        return .begun(Frame(type: type, missing: arePairs ? count * 2 : count))
    }

    private func lineValue(_ type: UInt8, _ bytes: Span<UInt8>) throws(RESPError) -> RESPValue {
        let text = unsafe bytes.withUnsafeBufferPointer { unsafe PrintableText.decoded($0) }
        switch type {
        case UInt8(ascii: "+"): return .simple(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"):
            guard let number = Int64(text) else { throw .invalidReplyNumber }
            return .integer(number)
        case UInt8(ascii: "_"):
            guard text.isEmpty else { throw .invalidReplyValue(type: type) }
            return .null
        case UInt8(ascii: "#"):
            guard text == "t" || text == "f" else { throw .invalidReplyValue(type: type) }
            return .boolean(text == "t")
        case UInt8(ascii: ","):
            guard let number = Double(text) else { throw .invalidReplyNumber }
            return .double(number)
        default:
            let digits = text.utf8.dropFirst(text.hasPrefix("-") || text.hasPrefix("+") ? 1 : 0)
            guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else {
                throw .invalidReplyNumber
            }
            return .bigNumber(text)
        }
    }
}
