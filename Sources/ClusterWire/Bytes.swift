// Big-endian reads and writes on raw bytes: the only file of this target that touches memory
// unchecked by the type system. Every helper checks its bounds, in release too, so that a length
// forgotten elsewhere ends in a trap of ours and never in a read past the end. Callers validate
// lengths first and throw; what is left for these checks is our own mistakes.

extension RawSpan {
    /// The big-endian integer at `offset`.
    @inlinable @inline(__always)
    func be<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type = T.self) -> T {
        // Bounds are checked by the load; any bit pattern is a valid integer.
        T(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The little-endian integer at `offset`.
    @inlinable @inline(__always)
    func le<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type = T.self) -> T {
        // Bounds are checked by the load; any bit pattern is a valid integer.
        T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The byte at `offset`.
    @inlinable @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        // Bounds are checked by the load.
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    /// A copy of `count` bytes at `offset`.
    @inlinable
    func copy(_ offset: Int, _ count: Int) -> [UInt8] {
        precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            // The range was checked above and the target holds `count` bytes.
            unsafe withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + count]))
            }
            filled = count
        }
    }
}

extension MutableRawSpan {
    /// Stores `value` big-endian at `offset`.
    @inlinable @inline(__always)
    mutating func putBE<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, _ offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }

    /// Stores `value` little-endian at `offset`.
    @inlinable @inline(__always)
    mutating func putLE<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, _ offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }

    /// Stores `count` bytes of `source`, from `start` on, at `offset`.
    @inlinable
    mutating func put(_ source: RawSpan, from start: Int, count: Int, _ offset: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
        precondition(start >= 0 && start <= source.byteCount - count)
        guard count > 0 else { return }
        // Both ranges were checked above.
        unsafe withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + count])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
            }
        }
    }
}

/// Text of bytes that are mostly ASCII: each byte is one character of Latin-1, so nothing is lost.
package func latin1(_ bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
}

/// Does nothing with a word, which the compiler cannot know: what was read to compute it is read, and so
/// in the cache.
@inline(never)
package func keep(_ word: UInt64) {}
