// Memory taken by hand: the only file of this folder that touches memory unchecked by the type system. Each
// access is checked against the bounds of its piece, in release too. That a piece is given back once, and not
// used after that, is for its owners to see to: BlockHeap, EntryRows and HashIndex, each sole owner of its own.

/// A piece of raw memory, or the rest of one from some byte on.
@safe struct RawBlock {
    private let base: UnsafeMutableRawPointer
    let count: Int

    private init(base: UnsafeMutableRawPointer, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// A new piece, of any content.
    init(bytes count: Int) {
        precondition(count > 0)
        // Each access below stays within these bytes.
        unsafe self.init(
            base: UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 8), count: count)
    }

    /// A new piece in which all bytes are 0.
    init(zeroBytes count: Int) {
        self.init(bytes: count)
        zero(0, count)
    }

    /// Gives the piece back. Nothing may use it, or a rest of it, from then on.
    func deallocate() { unsafe base.deallocate() }

    /// The same memory from byte `place` on.
    @inline(__always)
    func from(_ place: Int) -> RawBlock {
        check(place, 0)
        return unsafe RawBlock(base: base + place, count: count &- place)
    }

    @inline(__always)
    private func check(_ place: Int, _ length: Int) {
        precondition(place >= 0 && length >= 0 && place <= count &- length)
    }

    // MARK: - Numbers

    @inline(__always)
    func word32(_ place: Int) -> UInt32 {
        check(place, 4)
        return unsafe base.loadUnaligned(fromByteOffset: place, as: UInt32.self)
    }

    @inline(__always)
    func setWord32(_ place: Int, _ value: UInt32) {
        check(place, 4)
        unsafe base.storeBytes(of: value, toByteOffset: place, as: UInt32.self)
    }

    @inline(__always)
    func word64(_ place: Int) -> UInt64 {
        check(place, 8)
        return unsafe base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
    }

    @inline(__always)
    func setWord64(_ place: Int, _ value: UInt64) {
        check(place, 8)
        unsafe base.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
    }

    // MARK: - Bytes

    /// Lends bytes. They must not change meanwhile.
    @inline(__always)
    func withBytes<Result>(_ place: Int, _ length: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        check(place, length)
        let bytes = unsafe UnsafeRawBufferPointer(start: base + place, count: length)
        return body(unsafe bytes.assumingMemoryBound(to: UInt8.self).span)
    }

    @inline(__always)
    func put(_ place: Int, _ bytes: Span<UInt8>) {
        check(place, bytes.count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + place).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Takes the first `length` bytes of another piece.
    func put(from other: RawBlock, _ length: Int) {
        check(0, length)
        other.check(0, length)
        unsafe base.copyMemory(from: other.base, byteCount: length)
    }

    func zero(_ place: Int, _ length: Int) {
        check(place, length)
        unsafe (base + place).initializeMemory(as: UInt8.self, repeating: 0, count: length)
    }

    /// Whether the bytes from `place` on are these.
    @inline(__always)
    func isEqual(_ place: Int, to bytes: Span<UInt8>) -> Bool {
        let length = bytes.count
        check(place, length)
        return unsafe bytes.withUnsafeBytes { other in
            var at = 0
            while length &- at >= 8 {
                let left = unsafe base.loadUnaligned(fromByteOffset: place &+ at, as: UInt64.self)
                let right = unsafe other.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                if left != right { return false }
                at &+= 8
            }
            while at < length {
                let left = unsafe base.load(fromByteOffset: place &+ at, as: UInt8.self)
                if unsafe left != other[at] { return false }
                at &+= 1
            }
            return true
        }
    }
}

extension RawBlock {
    /// Whether two strings are equal.
    static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in unsafe left.elementsEqual(right) }
        }
    }
}

/// What names hash to.
enum KeyHash {
    @inline(__always)
    static func of(_ key: Span<UInt8>, seed: UInt64) -> UInt32 {
        unsafe key.withUnsafeBytes { bytes in
            let count = bytes.count
            var value = seed ^ UInt64(truncatingIfNeeded: count)
            var at = 0
            while count &- at > 8 {
                value = unsafe mix(value ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                at &+= 8
            }
            var rest: UInt64 = 0
            if count >= 8 {
                // The last eight bytes, some of which may have been read before.
                rest = unsafe bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            } else {
                while at < count {
                    rest = unsafe rest << 8 | UInt64(bytes[at])
                    at &+= 1
                }
            }
            let mixed = mix(value ^ rest)
            return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
        }
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
