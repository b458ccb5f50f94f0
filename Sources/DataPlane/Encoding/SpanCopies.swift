// Copies of bytes that lie elsewhere, in arrays. The buffers that are read for it are lent for as long as the
// copying takes, and not kept.

extension [UInt8] {
    /// Appends bytes that lie elsewhere.
    mutating func append(_ bytes: Span<UInt8>) {
        // The buffer is read while the span is alive, and not kept.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// A copy of bytes that lie elsewhere.
    init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
