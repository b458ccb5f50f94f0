// SHA-1 as FIPS 180-4 has it, for the digests by which servers compare what they hold. It protects nothing.

/// Twenty bytes, as the five words of SHA-1.
package struct SHA1Digest: Equatable, Sendable {
    package var a: UInt32 = 0
    package var b: UInt32 = 0
    package var c: UInt32 = 0
    package var d: UInt32 = 0
    package var e: UInt32 = 0

    /// Twenty zeros.
    package init() {}

    /// Forty digits.
    package var hex: String {
        let digits: [UInt8] = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for word in [a, b, c, d, e] {
            for shift in stride(from: UInt32(28), through: 0, by: -4) {
                text.append(digits[Int(word >> shift & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func ^= (left: inout SHA1Digest, right: SHA1Digest) {
        left.a ^= right.a
        left.b ^= right.b
        left.c ^= right.c
        left.d ^= right.d
        left.e ^= right.e
    }
}

/// A hash that grows with the bytes that are shown to it, in any pieces.
package struct SHA1: Sendable {
    private static let blockBytes = 64

    private var state = SHA1.start
    /// The words of the block that is not full yet.
    private var block = InlineArray<16, UInt32>(repeating: 0)
    private var count: UInt64 = 0

    package init() {}

    /// The hash of these bytes alone.
    package static func of(_ bytes: Span<UInt8>) -> SHA1Digest {
        var hash = SHA1()
        hash.update(bytes)
        return hash.finish()
    }

    package mutating func update(_ bytes: Span<UInt8>) {
        // A byte has no padding: any of them can be looked at raw.
        let raw = unsafe bytes.bytes
        var at = 0
        while at < bytes.count {
            if count & 63 == 0 && bytes.count &- at >= Self.blockBytes {
                for index in 0..<16 {
                    // The load checks its bounds; any bit pattern is an integer.
                    let word = unsafe raw.unsafeLoadUnaligned(
                        fromByteOffset: at &+ index &* 4, as: UInt32.self)
                    block[index] = UInt32(bigEndian: word)
                }
                at &+= Self.blockBytes
                count &+= UInt64(Self.blockBytes)
                turn()
            } else {
                add(bytes[at])
                at &+= 1
            }
        }
    }

    /// The hash of all that was shown.
    package consuming func finish() -> SHA1Digest {
        let bits = count &* 8
        add(0x80)
        while count & 63 != 56 { add(0) }
        block[14] = UInt32(truncatingIfNeeded: bits >> 32)
        block[15] = UInt32(truncatingIfNeeded: bits)
        turn()
        return state
    }

    @inline(__always)
    private mutating func add(_ byte: UInt8) {
        let place = Int(count & 63)
        let word = place >> 2
        block[word] = (place & 3 == 0 ? 0 : block[word]) << 8 | UInt32(byte)
        count &+= 1
        if place == 63 { turn() }
    }

    private static let start: SHA1Digest = {
        var words = SHA1Digest()
        words.a = 0x6745_2301
        words.b = 0xEFCD_AB89
        words.c = 0x98BA_DCFE
        words.d = 0x1032_5476
        words.e = 0xC3D2_E1F0
        return words
    }()

    /// Takes a full block in.
    private mutating func turn() {
        var now = state
        Self.rounds(0, 0x5A82_7999, &now, &block) { $0.b & $0.c | ~$0.b & $0.d }
        Self.rounds(20, 0x6ED9_EBA1, &now, &block) { $0.b ^ $0.c ^ $0.d }
        Self.rounds(40, 0x8F1B_BCDC, &now, &block) {
            $0.b & $0.c | $0.b & $0.d | $0.c & $0.d
        }
        Self.rounds(60, 0xCA62_C1D6, &now, &block) { $0.b ^ $0.c ^ $0.d }
        state.a &+= now.a
        state.b &+= now.b
        state.c &+= now.c
        state.d &+= now.d
        state.e &+= now.e
    }

    /// Twenty rounds. The words of a block are overwritten by those that follow from them.
    @inline(__always)
    private static func rounds(
        _ first: Int, _ constant: UInt32, _ now: inout SHA1Digest,
        _ words: inout InlineArray<16, UInt32>, _ mix: (SHA1Digest) -> UInt32
    ) {
        for round in first..<(first &+ 20) {
            let place = round & 15
            if round >= 16 {
                let mixed =
                    words[(round &+ 13) & 15] ^ words[(round &+ 8) & 15]
                    ^ words[(round &+ 2) & 15] ^ words[place]
                words[place] = rotate(mixed, 1)
            }
            let next = rotate(now.a, 5) &+ mix(now) &+ now.e &+ constant &+ words[place]
            now.e = now.d
            now.d = now.c
            now.c = rotate(now.b, 30)
            now.b = now.a
            now.a = next
        }
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 &- count)
    }
}
