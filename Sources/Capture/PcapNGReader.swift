// The block format: sections, each with its own order of bytes and its own list of interfaces, and
// packets that name their interface, whose description gives link type and resolution of time.
// Blocks of other kinds are passed over. A block is read once it is there as a whole.

/// Reads the blocks of a pcapng file.
struct PcapNGReader: Sendable {
    private var order = ByteOrder.little
    private var interfaces: [CaptureInterface] = []
    private var lastTime: Int64 = 0

    static let sectionHeader: UInt32 = 0x0A0D_0D0A
    static let byteOrderMagic: UInt32 = 0x1A2B_3C4D
    static let interfaceDescription: UInt32 = 1
    static let obsoletePacket: UInt32 = 2
    static let simplePacket: UInt32 = 3
    static let enhancedPacket: UInt32 = 6
    static let majorVersion: UInt16 = 1
    /// Type and length in front, the length again at the end.
    static let frameBytes = 12

    mutating func next(_ buffer: inout CaptureBuffer) throws(CaptureError) -> ReadProgress {
        while true {
            guard buffer.count >= Self.frameBytes else { return .needs(Self.frameBytes) }
            let block = try header(buffer)
            guard buffer.count >= block.length else { return .needs(block.length) }
            let trailing = Int(buffer.u32(block.length - 4, order))
            guard trailing == block.length else {
                throw .blockLengthsDiffer(
                    offset: buffer.offset, leading: block.length, trailing: trailing)
            }
            let packet = try read(block, in: buffer)
            buffer.skip(block.length)
            if let packet {
                lastTime = packet.time
                return .packet(packet)
            }
        }
    }

    private struct Block {
        var type: UInt32
        var length: Int
        /// Where the block's own fields begin and where they end, from the block's first byte.
        let start = 8
        var end: Int { length - 4 }
    }

    /// Type and length of the block in front; a section header sets the order of bytes for both.
    private mutating func header(_ buffer: CaptureBuffer) throws(CaptureError) -> Block {
        let isSection = buffer.u32(0, .big) == Self.sectionHeader
        if isSection {
            let magic = buffer.u32(8, .big)
            switch magic {
            case Self.byteOrderMagic: order = .big
            case Self.byteOrderMagic.byteSwapped: order = .little
            default: throw .badByteOrderMagic(offset: buffer.offset + 8, value: magic)
            }
        }
        let block = Block(type: buffer.u32(0, order), length: Int(buffer.u32(4, order)))
        let minimum = Self.frameBytes + Self.fixedBytes(of: block.type)
        guard block.length <= CaptureLimits.recordBytes else {
            throw .blockTooLong(
                offset: buffer.offset, declared: block.length, limit: CaptureLimits.recordBytes)
        }
        guard block.length % 4 == 0 else {
            throw .blockUnaligned(offset: buffer.offset, declared: block.length)
        }
        guard block.length >= minimum else {
            throw .blockTooShort(
                offset: buffer.offset, type: block.type, declared: block.length, minimum: minimum)
        }
        return block
    }

    /// The bytes of the fields that every block of the kind has.
    private static func fixedBytes(of type: UInt32) -> Int {
        switch type {
        case sectionHeader: 16
        case interfaceDescription: 8
        case obsoletePacket, enhancedPacket: 20
        case simplePacket: 4
        default: 0
        }
    }

    private mutating func read(
        _ block: Block, in buffer: CaptureBuffer
    ) throws(CaptureError) -> CapturedPacket? {
        switch block.type {
        case Self.sectionHeader:
            let (major, minor) = (buffer.u16(12, order), buffer.u16(14, order))
            guard major == Self.majorVersion else {
                throw .unsupportedVersion(offset: buffer.offset + 12, major: major, minor: minor)
            }
            interfaces = []
            return nil
        case Self.interfaceDescription:
            try describeInterface(block, in: buffer)
            return nil
        case Self.enhancedPacket:
            return try timedPacket(block, interface: Int(buffer.u32(8, order)), in: buffer)
        case Self.obsoletePacket:
            return try timedPacket(block, interface: Int(buffer.u16(8, order)), in: buffer)
        case Self.simplePacket:
            return try untimedPacket(block, in: buffer)
        default:
            return nil
        }
    }

    private mutating func describeInterface(
        _ block: Block, in buffer: CaptureBuffer
    ) throws(CaptureError) {
        guard interfaces.count < CaptureLimits.interfaces else {
            throw .tooManyInterfaces(offset: buffer.offset, limit: CaptureLimits.interfaces)
        }
        var interface = CaptureInterface(
            linkType: UInt32(buffer.u16(8, order)), snapLength: Int(buffer.u32(12, order)))
        var place = block.start + 8
        while place + 4 <= block.end {
            let code = buffer.u16(place, order)
            let length = Int(buffer.u16(place + 2, order))
            if code == CaptureInterface.endOfOptions { break }
            guard place + 4 + length <= block.end else {
                throw .optionOverrun(
                    offset: buffer.offset + place, code: code, declared: length,
                    available: block.end - place - 4)
            }
            if code == CaptureInterface.timeResolution, length >= 1 {
                interface.resolution = buffer[place + 4]
            } else if code == CaptureInterface.timeOffset, length >= 8 {
                interface.offsetSeconds = Int64(bitPattern: buffer.u64(place + 4, order))
            }
            place += 4 + (length + 3) / 4 * 4
        }
        interfaces.append(interface)
    }

    /// An enhanced or an obsolete packet: both have the same fields after that of the interface.
    private func timedPacket(
        _ block: Block, interface: Int, in buffer: CaptureBuffer
    ) throws(CaptureError) -> CapturedPacket {
        let described = try self.interface(interface, in: buffer)
        let ticks = UInt64(buffer.u32(12, order)) << 32 | UInt64(buffer.u32(16, order))
        let captured = Int(buffer.u32(20, order))
        let start = block.start + Self.fixedBytes(of: block.type)
        guard captured <= block.end - start else {
            throw .packetOverrun(
                offset: buffer.offset, declared: captured, available: block.end - start)
        }
        return CapturedPacket(
            time: described.nanoseconds(ticks), linkType: described.linkType,
            bytes: buffer.copy(from: start, count: captured),
            originalLength: Int(buffer.u32(24, order)), offset: buffer.offset)
    }

    /// A simple packet has no time of its own: it is given that of the packet before it.
    private func untimedPacket(
        _ block: Block, in buffer: CaptureBuffer
    ) throws(CaptureError) -> CapturedPacket {
        let described = try interface(0, in: buffer)
        let original = Int(buffer.u32(8, order))
        let limit = described.snapLength == 0 ? original : described.snapLength
        let start = block.start + Self.fixedBytes(of: block.type)
        let captured = min(original, limit)
        guard captured <= block.end - start else {
            throw .packetOverrun(
                offset: buffer.offset, declared: captured, available: block.end - start)
        }
        return CapturedPacket(
            time: lastTime, linkType: described.linkType,
            bytes: buffer.copy(from: start, count: captured), originalLength: original,
            offset: buffer.offset)
    }

    private func interface(
        _ index: Int, in buffer: CaptureBuffer
    ) throws(CaptureError) -> CaptureInterface {
        guard index < interfaces.count else {
            throw .unknownInterface(
                offset: buffer.offset, interface: index, known: interfaces.count)
        }
        return interfaces[index]
    }
}

/// One interface of a section, and how its times count.
struct CaptureInterface: Sendable {
    var linkType: UInt32
    /// Bytes kept of each packet; 0 is all.
    var snapLength: Int
    /// Ticks a second: a power of ten, or of two when the highest bit is set.
    var resolution: UInt8 = 6
    /// Added to every time.
    var offsetSeconds: Int64 = 0

    static let endOfOptions: UInt16 = 0
    static let timeResolution: UInt16 = 9
    static let timeOffset: UInt16 = 14

    /// Nanoseconds since the Unix epoch; times before it, or beyond the limit, become the nearest
    /// within.
    func nanoseconds(_ ticks: UInt64) -> Int64 {
        let (ofSeconds, overflow) = offsetSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return offsetSeconds < 0 ? 0 : CaptureLimits.latestTime }
        let elapsed = Int64(clamping: unsignedNanoseconds(ticks))
        let (sum, sumOverflow) = elapsed.addingReportingOverflow(ofSeconds)
        return sumOverflow ? CaptureLimits.latestTime : min(max(sum, 0), CaptureLimits.latestTime)
    }

    private func unsignedNanoseconds(_ ticks: UInt64) -> UInt64 {
        let exponent = Int(resolution & 0x7F)
        if resolution & 0x80 != 0 {
            guard exponent < 64 else { return 0 }
            let seconds = ticks >> UInt64(exponent)
            let fraction = ticks & ((1 << UInt64(exponent)) - 1)
            let product = fraction.multipliedFullWidth(by: 1_000_000_000)
            let part = product.high << UInt64(64 - exponent) | product.low >> UInt64(exponent)
            let (whole, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            let (sum, overflow) = whole.addingReportingOverflow(part)
            return tooLong || overflow ? .max : sum
        }
        if exponent >= 9 {
            guard exponent <= 9 + 19 else { return 0 }
            return ticks / powerOfTen(exponent - 9)
        }
        let (product, overflow) = ticks.multipliedReportingOverflow(by: powerOfTen(9 - exponent))
        return overflow ? .max : product
    }

    private func powerOfTen(_ exponent: Int) -> UInt64 {
        var power: UInt64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
