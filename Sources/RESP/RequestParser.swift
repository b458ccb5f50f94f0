// Bytes of a client into requests, as they come in pieces. A request is looked at where its bytes
// lie: its arguments are places in the buffer, copied only for those who ask. No byte is searched
// twice, and no length that was merely announced reserves memory. Words of errors and the order of
// checks are those that clients of the reference server see.

/// How much a client may ask of the parser.
package struct RequestLimits: Equatable, Sendable {
    /// The most arguments of a request.
    package var maximumArguments = 1_048_576
    /// The most bytes of an argument.
    package var maximumBulkBytes = 512 * 1024 * 1024
    /// The most bytes of an inline request, and of a line that announces a length.
    package var maximumInlineBytes = 64 * 1024
    /// The most bytes that may wait, of a request that is not complete and of those behind it.
    package var maximumBufferedBytes = 1024 * 1024 * 1024
    /// Whether the client has yet to name itself, and may send small requests only until it has.
    package var isUnauthenticated = false

    package static let unauthenticatedArguments: Int64 = 10
    package static let unauthenticatedBulkBytes: Int64 = 16384

    package init() {}
}

/// Bytes of one client into requests.
package struct RequestParser: Sendable {
    package var limits: RequestLimits

    private var buffer: [UInt8] = []
    /// Where the current request begins; all places of arguments count from here.
    private var start = 0
    /// The first byte that is not understood yet.
    private var position = 0
    /// No line end lies between `position` and here.
    private var searched = 0
    /// Arguments of the current request that are still to come.
    private var missing = 0
    /// The announced length of the argument that comes next, or -1.
    private var bulkLength = -1
    private var places: [Place] = []
    private var failure: RESPError?
    /// How many arguments the current request has.
    package private(set) var argumentCount = 0
    /// The bytes that the current request took, with its lengths and line ends.
    package private(set) var requestBytes = 0

    private struct Place: Sendable {
        var offset: Int
        var count: Int
    }

    package init(limits: RequestLimits = RequestLimits()) { self.limits = limits }

    /// Bytes that were fed and belong to no request given out yet.
    package var bufferedBytes: Int { buffer.count - start }

    /// Adds bytes that arrived.
    package mutating func feed(_ bytes: Span<UInt8>) {
        guard failure == nil else { return }
        makeRoom()
        if bytes.count > limits.maximumBufferedBytes - bufferedBytes {
            failure = .queryBufferTooBig(limitBytes: limits.maximumBufferedBytes)
            return
        }
        // Once a long argument is on its way, its room is taken together: an array that grows by itself would copy
        // what came again and again.
        if bulkLength > ByteRoom.firstBytes {
            ByteRoom.make(for: bytes.count, in: &buffer, expected: position + bulkLength + 2)
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    /// Adds bytes that arrived.
    package mutating func feed(_ bytes: [UInt8]) { feed(bytes.span) }

    /// Goes to the next request, whose arguments can be read until the next call of `feed` or `next`.
    /// - Returns: whether there is one; false asks for more bytes.
    /// - Throws: once the bytes are no request, and ever after.
    package mutating func next() throws(RESPError) -> Bool {
        if let failure { throw failure }
        do throws(RESPError) {
            let isComplete = try advance()
            argumentCount = isComplete ? places.count : 0
            requestBytes = isComplete ? position - start : 0
            return isComplete
        } catch {
            failure = error
            places.removeAll()
            buffer = []
            (start, position, searched) = (0, 0, 0)
            throw error
        }
    }

    /// Drops what has been given out, once that is most of the buffer, so that a byte moves seldom.
    private mutating func makeRoom() {
        if missing == 0 {
            start = position
            places.removeAll(keepingCapacity: places.capacity <= keptPlaces)
        }
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= keptCapacity)
        } else if start > 0 && start >= buffer.count - start {
            buffer.removeSubrange(..<start)
        } else {
            return
        }
        position -= start
        searched = max(0, searched - start)
        start = 0
    }

    private mutating func advance() throws(RESPError) -> Bool {
        while true {
            if missing == 0 {
                start = position
                places.removeAll(keepingCapacity: places.capacity <= keptPlaces)
                guard position < buffer.count else {
                    if buffer.capacity > keptCapacity {
                        buffer = []
                        (start, position, searched) = (0, 0, 0)
                    }
                    return false
                }
                if buffer[position] != UInt8(ascii: "*") {
                    guard try takeInline() else { return false }
                    if places.isEmpty { continue }
                    return true
                }
                guard let count = try takeCount() else { return false }
                if count <= 0 { continue }
                missing = count
            }
            return try takeBulks()
        }
    }
}

/// The bytes of capacity that an idle client keeps.
private let keptCapacity = 4096
/// The places of arguments that an idle client keeps.
private let keptPlaces = 256
private let carriageReturn = UInt8(ascii: "\r")

// MARK: - Arguments

extension RequestParser {
    /// Lends the bytes of an argument.
    @inline(__always)
    package func withArgument<Result, Failure: Error>(
        _ index: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let place = places[index]
        let first = start + place.offset
        return try body(buffer.span.extracting(first..<(first + place.count)))
    }

    /// Lends the bytes of an argument in place, where the parser belongs to an object: it is asked
    /// for as a change, since what is only looked at there would be copied first.
    @inline(__always)
    package mutating func lendArgument<Result>(
        _ index: Int, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        let place = places[index]
        let first = start + place.offset
        return body(buffer.span.extracting(first..<(first + place.count)))
    }

    /// Lends two arguments at once.
    @inline(__always)
    package mutating func lendArguments<Result>(
        _ first: Int, _ second: Int, _ body: (Span<UInt8>, Span<UInt8>) -> Result
    ) -> Result {
        let (one, two) = (places[first], places[second])
        let bytes = buffer.span
        return body(
            bytes.extracting((start + one.offset)..<(start + one.offset + one.count)),
            bytes.extracting((start + two.offset)..<(start + two.offset + two.count)))
    }

    /// Lends the bytes of the whole request as they came; nil when it came as a line of words.
    package mutating func lendRequest<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        guard requestBytes > 0, buffer[start] == UInt8(ascii: "*") else { return nil }
        return body(buffer.span.extracting(start..<(start + requestBytes)))
    }

    /// A copy of an argument.
    package func argument(_ index: Int) -> [UInt8] {
        let place = places[index]
        let first = start + place.offset
        return Array(buffer[first..<(first + place.count)])
    }

    /// An argument as text; bytes that are not UTF-8 become U+FFFD.
    package func argumentText(_ index: Int) -> String {
        String(decoding: argument(index), as: UTF8.self)
    }

    /// Whether an argument is this word, in small or capital letters.
    package func argument(_ index: Int, is word: StaticString) -> Bool {
        withArgument(index) { bytes in
            guard bytes.count == word.utf8CodeUnitCount else { return false }
            return word.withUTF8Buffer { word in
                for index in bytes.indices {
                    let (mine, theirs) = unsafe (bytes[index], word[index])
                    if mine == theirs { continue }
                    // Letters of both cases differ in one bit.
                    guard mine ^ theirs == 0x20, (0x61...0x7a).contains(mine | 0x20) else {
                        return false
                    }
                }
                return true
            }
        }
    }

    /// Copies of all arguments.
    package var arguments: [[UInt8]] { places.indices.map(argument) }

    /// Goes to the next request and copies its arguments; nil asks for more bytes.
    package mutating func nextArguments() throws(RESPError) -> [[UInt8]]? {
        try next() ? arguments : nil
    }
}

// MARK: - Multibulk

extension RequestParser {
    /// - Returns: the number of arguments that the line announces; nil asks for more bytes.
    private mutating func takeCount() throws(RESPError) -> Int? {
        switch lengthLine(expecting: UInt8(ascii: "*")) {
        case .incomplete: return nil
        case .tooLong: throw .multibulkCountTooBig
        case .invalid, .otherType: throw .invalidMultibulkLength
        case .length(let length, let next):
            if length > limits.maximumArguments { throw .invalidMultibulkLength }
            if limits.isUnauthenticated && length > RequestLimits.unauthenticatedArguments {
                throw .unauthenticatedMultibulkLength
            }
            position = next
            return Int(length)
        }
    }

    /// - Returns: whether all arguments have arrived.
    private mutating func takeBulks() throws(RESPError) -> Bool {
        while missing > 0 {
            if bulkLength < 0 {
                switch lengthLine(expecting: UInt8(ascii: "$")) {
                case .incomplete: return false
                case .tooLong: throw .bulkCountTooBig
                case .otherType(let byte): throw .expectedBulk(got: byte)
                case .invalid: throw .invalidBulkLength
                case .length(let length, let next):
                    if length < 0 || length > limits.maximumBulkBytes { throw .invalidBulkLength }
                    if limits.isUnauthenticated && length > RequestLimits.unauthenticatedBulkBytes {
                        throw .unauthenticatedBulkLength
                    }
                    position = next
                    bulkLength = Int(length)
                }
            }
            // The two bytes behind are taken for a line end without a look, as clients know it.
            guard buffer.count - position >= bulkLength + 2 else { return false }
            places.append(Place(offset: position - start, count: bulkLength))
            position += bulkLength + 2
            bulkLength = -1
            missing -= 1
        }
        return true
    }

    private enum LengthLine {
        case length(Int64, next: Int)
        case incomplete
        case tooLong
        case otherType(UInt8)
        case invalid
    }

    /// Reads the line at `position`: a byte of type, a decimal number, a line end.
    @inline(__always)
    private mutating func lengthLine(expecting type: UInt8) -> LengthLine {
        commonLengthLine(expecting: type) ?? uncommonLengthLine(expecting: type)
    }

    /// The line, if it is here whole and its number has less than ten digits, as nearly all have.
    @inline(__always)
    private func commonLengthLine(expecting type: UInt8) -> LengthLine? {
        let bytes = buffer.span
        let end = bytes.count
        var index = position + 1
        if index < end && bytes[index &- 1] == type {
            let last = min(end, index + 9)
            var length: Int64 = 0
            while index < last {
                let digit = bytes[index] &- UInt8(ascii: "0")
                if digit > 9 { break }
                length = length &* 10 &+ Int64(digit)
                index &+= 1
            }
            let digits = index - position - 1
            if digits > 0 && index &+ 1 < end && bytes[index] == carriageReturn
                && (digits == 1 || bytes[position + 1] != UInt8(ascii: "0"))
            {
                return .length(length, next: index + 2)
            }
        }
        return nil
    }

    @inline(never)
    private mutating func uncommonLengthLine(expecting type: UInt8) -> LengthLine {
        let index = firstIndex(of: carriageReturn, in: buffer.span, from: max(searched, position))
        searched = index
        if index - position > limits.maximumInlineBytes { return .tooLong }
        guard index + 1 < buffer.count else { return .incomplete }
        guard buffer[position] == type else { return .otherType(buffer[position]) }
        guard let length = strictInteger(buffer.span.extracting((position + 1)..<index)) else {
            return .invalid
        }
        return .length(length, next: index + 2)
    }
}

/// - Returns: where the byte is for the first time, or the end.
func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from first: Int) -> Int {
    var index = first
    while index < bytes.count && bytes[index] != byte { index &+= 1 }
    return index
}

/// Reads a decimal number in its one spelling: no sign but "-", no zeros in front.
package func strictInteger(_ text: Span<UInt8>) -> Int64? {
    let isNegative = text.count > 1 && text[0] == UInt8(ascii: "-")
    let first = isNegative ? 1 : 0
    guard text.count > first, text.count <= 20 else { return nil }
    if text[first] == UInt8(ascii: "0") && (text.count > 1) { return nil }
    var value: Int64 = 0
    for index in first..<text.count {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        // Counting below zero reaches one number more.
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflowToo) = product.subtractingReportingOverflow(Int64(digit))
        guard !overflow && !overflowToo else { return nil }
        value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}

// MARK: - Inline

extension RequestParser {
    /// Takes one line of words.
    /// - Returns: whether a line was there; it may have had no words.
    private mutating func takeInline() throws(RESPError) -> Bool {
        let newline = firstIndex(
            of: UInt8(ascii: "\n"), in: buffer.span, from: max(searched, position))
        searched = newline
        if newline - position > limits.maximumInlineBytes { throw .inlineTooBig }
        guard newline < buffer.count else { return false }
        var end = newline
        if end > position && buffer[end - 1] == carriageReturn { end -= 1 }
        var line = InlineLine(next: position, end: end)
        while let word = try line.nextWord(&buffer) {
            places.append(Place(offset: word.lowerBound - start, count: word.count))
        }
        position = newline + 1
        return true
    }
}
