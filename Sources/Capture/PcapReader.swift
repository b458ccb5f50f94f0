// The classic capture format: a header of 24 bytes, then records of a 16-byte header and the
// packet. The magic tells the order of bytes and whether times are in micro- or nanoseconds.

/// Reads the records of a pcap file.
struct PcapReader: Sendable {
    private let order: ByteOrder
    private let nanosecondsPerUnit: Int64
    private var linkType: UInt32?

    static let microsecondMagic: UInt32 = 0xA1B2_C3D4
    static let nanosecondMagic: UInt32 = 0xA1B2_3C4D
    static let fileHeaderBytes = 24
    static let recordHeaderBytes = 16
    static let majorVersion: UInt16 = 2
    static let minorVersion: UInt16 = 4
    /// The bits of the link-type field that hold the link type; those above tell of check
    /// sequences.
    private static let linkTypeMask: UInt32 = 0x03FF_FFFF

    /// A reader for the first four bytes of a file, read as big-endian; nil when they are not
    /// pcap's.
    init?(magic: UInt32) {
        switch magic {
        case Self.microsecondMagic: (order, nanosecondsPerUnit) = (.big, 1000)
        case Self.nanosecondMagic: (order, nanosecondsPerUnit) = (.big, 1)
        case Self.microsecondMagic.byteSwapped: (order, nanosecondsPerUnit) = (.little, 1000)
        case Self.nanosecondMagic.byteSwapped: (order, nanosecondsPerUnit) = (.little, 1)
        default: return nil
        }
    }

    mutating func next(_ buffer: inout CaptureBuffer) throws(CaptureError) -> ReadProgress {
        if linkType == nil { try readFileHeader(&buffer) }
        guard let linkType else { return .needs(Self.fileHeaderBytes) }
        guard buffer.count >= Self.recordHeaderBytes else { return .needs(Self.recordHeaderBytes) }
        let captured = Int(buffer.u32(8, order))
        guard captured <= CaptureLimits.recordBytes else {
            throw .packetTooLong(
                offset: buffer.offset, declared: captured, limit: CaptureLimits.recordBytes)
        }
        let whole = Self.recordHeaderBytes + captured
        guard buffer.count >= whole else { return .needs(whole) }
        let seconds = Int64(buffer.u32(0, order))
        let fraction = Int64(buffer.u32(4, order))
        let packet = CapturedPacket(
            time: seconds * 1_000_000_000 + fraction * nanosecondsPerUnit, linkType: linkType,
            bytes: buffer.copy(from: Self.recordHeaderBytes, count: captured),
            originalLength: Int(buffer.u32(12, order)), offset: buffer.offset)
        buffer.skip(whole)
        return .packet(packet)
    }

    /// Reads the header of the file and keeps the link type, once all of the header is there.
    private mutating func readFileHeader(_ buffer: inout CaptureBuffer) throws(CaptureError) {
        guard buffer.count >= Self.fileHeaderBytes else { return }
        let (major, minor) = (buffer.u16(4, order), buffer.u16(6, order))
        guard major == Self.majorVersion else {
            throw .unsupportedVersion(offset: buffer.offset + 4, major: major, minor: minor)
        }
        linkType = buffer.u32(20, order) & Self.linkTypeMask
        buffer.skip(Self.fileHeaderBytes)
    }
}
