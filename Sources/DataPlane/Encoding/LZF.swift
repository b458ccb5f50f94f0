// Strings that a real server compressed: LZF, taken apart as its bytes come. Nothing is read or written
// outside of what came and of the announced length, which must be met exactly. Nothing is compressed here:
// a writer may always write a string as it is.

import RESP

/// Why compressed bytes are none.
package enum LZFError: Error, Equatable, Sendable {
    /// They give more than was announced.
    case tooLong
    /// They give less than was announced, or end in the middle of a step.
    case tooShort
    /// They repeat what lies before the beginning.
    case beforeBeginning
}

/// A string that is being taken out of its compressed form.
package struct LZFDecoder: Sendable {
    /// What the next compressed byte is.
    private enum Awaited {
        case control
        case literals(left: Int)
        /// The rest of a length, behind the high bits of a distance.
        case length(high: Int)
        case distance(length: Int, high: Int)
    }

    /// Three bytes give 264 at most.
    private static let mostGivenByOne = 88

    private let plainBytes: Int
    private var awaited = Awaited.control
    /// What is known, and behind it zeros that are about to be overwritten.
    private var output: [UInt8] = []
    private var filled = 0

    /// - Parameter plainBytes: what the whole must come to.
    package init(plainBytes: Int) { self.plainBytes = plainBytes }

    /// Whether so many bytes could give the announced length; if not, none of them need be awaited.
    package static func couldGive(_ plainBytes: UInt64, from compressedBytes: UInt64) -> Bool {
        plainBytes / UInt64(mostGivenByOne) <= compressedBytes
    }

    /// Memory that is held.
    package var heldBytes: Int { output.capacity }
    /// Bytes that are known already.
    package var count: Int { filled }

    /// Takes the next bytes, any number of them.
    package mutating func decode(_ input: Span<UInt8>) throws(LZFError) {
        var at = 0
        while at < input.count {
            switch awaited {
            case .control:
                awaited = Self.begin(input[at])
                at &+= 1
            case .literals(let left):
                let piece = min(left, input.count &- at)
                try put(input.extracting(at..<at &+ piece))
                at &+= piece
                awaited = piece == left ? .control : .literals(left: left &- piece)
            case .length(let high):
                awaited = .distance(length: Int(input[at]) + 9, high: high)
                at &+= 1
            case .distance(let length, let high):
                try repeatBytes(count: length, distance: high << 8 + Int(input[at]) + 1)
                at &+= 1
                awaited = .control
            }
        }
    }

    /// The whole string, once all bytes have been taken.
    package mutating func finish() throws(LZFError) -> [UInt8] {
        guard case .control = awaited, filled == plainBytes else { throw .tooShort }
        // Room is never made beyond the announced length.
        let whole = output
        output = []
        return whole
    }

    private static func begin(_ control: UInt8) -> Awaited {
        let high = Int(control & 31)
        if control < 32 { return .literals(left: high + 1) }
        return control >> 5 == 7
            ? .length(high: high) : .distance(length: Int(control >> 5) + 2, high: high)
    }

    private mutating func put(_ bytes: Span<UInt8>) throws(LZFError) {
        try makeRoom(bytes.count)
        unsafe output.withUnsafeMutableBufferPointer { target in
            // There is room for so many behind what is filled.
            for index in bytes.indices { unsafe target[filled &+ index] = bytes[index] }
        }
        filled &+= bytes.count
    }

    private mutating func repeatBytes(count: Int, distance: Int) throws(LZFError) {
        guard distance <= filled else { throw .beforeBeginning }
        try makeRoom(count)
        let end = filled
        unsafe output.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return }
            // The source begins inside of what is filled, and there is room for `count` behind it. What was
            // copied doubles what can be copied next, in whole distances, so that no copy overlaps.
            if distance == 1 {
                let byte = unsafe base[end &- 1]
                return unsafe (base + end).update(repeating: byte, count: count)
            }
            var done = 0
            while done < count {
                let piece = min(distance &+ done, count &- done)
                unsafe (base + (end &+ done)).update(from: base + (end &- distance), count: piece)
                done &+= piece
            }
        }
        filled &+= count
    }

    /// Zeros that are laid out ahead at a time.
    private static let pieceBytes = 65_536

    private mutating func makeRoom(_ count: Int) throws(LZFError) {
        guard count <= plainBytes &- filled else { throw .tooLong }
        guard count > output.count &- filled else { return }
        // A piece is more than any step needs.
        let piece = min(Self.pieceBytes, plainBytes &- output.count)
        ByteRoom.make(for: piece, in: &output, expected: plainBytes)
        output.append(contentsOf: repeatElement(0, count: piece))
    }
}
