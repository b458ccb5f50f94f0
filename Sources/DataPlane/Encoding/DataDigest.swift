// The digests of DEBUG DIGEST-VALUE and DEBUG DIGEST, the same in all real servers, so that what two nodes
// hold can be compared whoever they are. Of strings alone, in database 0. Which keys take part is decided by
// whoever shows them.

/// The digest of one value, or of a key with its value, which may be shown in pieces.
package struct KeyDigest: Sendable {
    private var digest = SHA1Digest()
    private var value = SHA1()

    /// Of a value, as DEBUG DIGEST-VALUE has it.
    package init() { addType() }

    /// Of a key with its value, as it goes into the digest of all.
    package init(key: Span<UInt8>) {
        digest.mix(SHA1.of(key))
        addType()
    }

    /// The next bytes of the value.
    package mutating func update(_ bytes: Span<UInt8>) { value.update(bytes) }

    /// - Parameter expires: whether it has a time to live; not which.
    package consuming func finish(expires: Bool) -> SHA1Digest {
        digest.mix(value.finish())
        if expires { digest ^= SHA1.of(Array("!!expire!!".utf8).span) }
        return digest
    }

    /// The type of a string, as four bytes.
    private mutating func addType() { digest.mix(SHA1.ofZeroWord) }
}

/// The digest of all keys, in whatever order they are shown.
package struct DataDigest: Sendable {
    /// Forty zeros as text while there are no keys.
    package private(set) var digest = SHA1Digest()
    private var isEmpty = true

    package init() {}

    package mutating func add(key: Span<UInt8>, value: Span<UInt8>, expires: Bool) {
        var one = KeyDigest(key: key)
        one.update(value)
        add(one.finish(expires: expires))
    }

    /// A key whose value was shown in pieces.
    package mutating func add(_ one: SHA1Digest) {
        if isEmpty {
            isEmpty = false
            // The number of the database, which is only taken in if it holds keys.
            digest.mix(SHA1.ofZeroWord)
        }
        digest ^= one.hashed
    }
}

extension SHA1Digest {
    /// Takes a hash in, so that the order of what is taken in matters.
    fileprivate mutating func mix(_ hash: SHA1Digest) {
        self ^= hash
        self = hashed
    }

    /// The hash of the twenty bytes.
    fileprivate var hashed: SHA1Digest {
        var bytes = InlineArray<20, UInt8>(repeating: 0)
        let words: InlineArray<5, UInt32> = [a, b, c, d, e]
        for index in 0..<20 {
            bytes[index] = UInt8(
                truncatingIfNeeded: words[index >> 2] >> UInt32(24 &- index % 4 &* 8))
        }
        return SHA1.of(bytes.span)
    }
}

extension SHA1 {
    /// The hash of four zeros.
    fileprivate static let ofZeroWord = SHA1.of([0, 0, 0, 0].span)
}
