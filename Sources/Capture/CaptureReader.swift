// A capture file or a live capture pipe, fed in pieces of any size, becomes packets as soon as each
// is complete. The first four bytes decide between pcap and pcapng; those formats are read in their
// own files. What is inside a packet is left to LinkLayer and IPPacket.

/// One packet as it was captured.
package struct CapturedPacket: Hashable, Sendable {
    /// Nanoseconds since the Unix epoch.
    package var time: Int64
    /// The number of the link layer, as pcap and pcapng give it (1 is Ethernet).
    package var linkType: UInt32
    /// The captured bytes, from the link layer on; fewer than were sent when a snap length cut
    /// them.
    package var bytes: [UInt8]
    /// How many bytes the packet had when it was sent.
    package var originalLength: Int
    /// Where the packet's record begins, counted from the first byte of the input.
    package var offset: Int

    package init(
        time: Int64, linkType: UInt32, bytes: [UInt8], originalLength: Int? = nil, offset: Int = 0
    ) {
        self.time = time
        self.linkType = linkType
        self.bytes = bytes
        self.originalLength = originalLength ?? bytes.count
        self.offset = offset
    }
}

/// Limits on what a capture may declare; what is declared above them is an error.
package enum CaptureLimits {
    /// Captured bytes of one packet, and bytes of one block.
    package static let recordBytes = 256 << 20
    /// Nanoseconds since the Unix epoch, in the year 2116: those who reckon with times may add and
    /// subtract two of them.
    package static let latestTime: Int64 = 1 << 62
    /// Interfaces described in one section.
    package static let interfaces = 65_536
}

/// Reads a capture in pieces: feed bytes, then take packets until there are none.
package struct CaptureReader: Sendable {
    private var buffer = CaptureBuffer()
    private var pcap: PcapReader?
    private var pcapNG: PcapNGReader?
    private var wanted = CaptureReader.magicBytes
    private var failure: CaptureError?

    private static let magicBytes = 4

    package init() {}

    /// Whether the input is pcapng, whose packets may differ in link type.
    package var isPcapNG: Bool { pcapNG != nil }

    /// Adds bytes that have arrived.
    package mutating func feed(_ bytes: [UInt8]) {
        buffer.append(bytes)
    }

    /// Adds bytes that have arrived.
    package mutating func feed(_ bytes: Span<UInt8>) {
        buffer.append(bytes)
    }

    /// The next packet, or nil when more bytes are needed.
    ///
    /// After an error the place of the next packet is not known: each further call throws it again.
    package mutating func next() throws(CaptureError) -> CapturedPacket? {
        if let failure { throw failure }
        do throws(CaptureError) {
            try detectFormat()
            var progress = try pcap?.next(&buffer)
            if progress == nil { progress = try pcapNG?.next(&buffer) }
            switch progress {
            case .packet(let packet): return packet
            case .needs(let count): wanted = count
            case nil: break
            }
            return nil
        } catch {
            failure = error
            throw error
        }
    }

    /// Says that the input has ended, once `next` has returned nil.
    ///
    /// Throws `.cut` when it ended inside a packet, and `.notACapture` when no format was found.
    package func finish() throws(CaptureError) {
        if let failure { throw failure }
        if pcap == nil, pcapNG == nil {
            throw .notACapture(firstBytes: buffer.copy(from: 0, count: min(buffer.count, 4)))
        }
        guard buffer.count > 0 else { return }
        throw .cut(
            offset: buffer.offset + buffer.count, missing: max(1, wanted - buffer.count))
    }

    /// Chooses the format by the first bytes, once they are there.
    private mutating func detectFormat() throws(CaptureError) {
        guard pcap == nil, pcapNG == nil, buffer.count >= Self.magicBytes else { return }
        if let reader = PcapReader(magic: buffer.u32(0, .big)) {
            pcap = reader
        } else if buffer.u32(0, .big) == PcapNGReader.sectionHeader {
            pcapNG = PcapNGReader()
        } else {
            throw .notACapture(firstBytes: buffer.copy(from: 0, count: 4))
        }
    }
}

/// What a format's reader made of the bytes that are there.
enum ReadProgress: Sendable {
    case packet(CapturedPacket)
    /// So many bytes must be there, counted from the first unread one, before reading can go on.
    case needs(Int)
}
