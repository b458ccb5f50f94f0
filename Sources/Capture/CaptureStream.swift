// The whole way from the bytes of a capture to the events of its connections, in one object:
// reader, IP and TCP headers, reassembly. It counts the packets that carry no TCP, so that nothing
// is passed over in silence. It decides nothing itself.

/// Turns the bytes of a capture, fed in pieces, into events of TCP connections.
package struct CaptureStream: Sendable {
    /// What became of the packets so far.
    package struct Tally: Hashable, Sendable {
        package var packets = 0
        package var segments = 0
        /// Parts of larger IP packets, passed over.
        package var fragments = 0
        /// Packets without TCP.
        package var others = 0
        /// Packets whose headers contradict each other or are not all there.
        package var damaged = 0
        /// Packets of a link type that cannot be taken apart, beside others in the same pcapng
        /// file.
        package var unsupported = 0
    }

    package private(set) var tally = Tally()
    private var reader = CaptureReader()
    private var reassembly: TCPReassembly
    private var unsupported: CaptureError?

    package init(limits: TCPLimits = TCPLimits()) {
        reassembly = TCPReassembly(limits: limits)
    }

    /// Takes bytes that have arrived, and appends to `events` all that follows from them.
    ///
    /// When it throws, `events` holds what came before the error, and `finish` can still be called
    /// for what waited. A link type that is not supported is thrown here for pcap, where all
    /// packets have it, and by `finish` for pcapng.
    package mutating func feed(
        _ bytes: [UInt8], into events: inout [TCPEvent]
    ) throws(CaptureError) {
        reader.feed(bytes)
        try readPackets(into: &events)
    }

    /// Takes bytes that have arrived, and appends to `events` all that follows from them.
    package mutating func feed(
        _ bytes: Span<UInt8>, into events: inout [TCPEvent]
    ) throws(CaptureError) {
        reader.feed(bytes)
        try readPackets(into: &events)
    }

    /// Ends the input: first passes on what waited, then throws what is wrong with the capture, if
    /// anything is.
    package mutating func finish(into events: inout [TCPEvent]) throws(CaptureError) {
        reassembly.finish(into: &events)
        try reader.finish()
        if let unsupported { throw unsupported }
    }

    private mutating func readPackets(into events: inout [TCPEvent]) throws(CaptureError) {
        while let packet = try reader.next() {
            tally.packets += 1
            let content: PacketContent
            do throws(CaptureError) {
                content = try IPPacket.content(of: packet)
            } catch {
                tally.unsupported += 1
                guard reader.isPcapNG else { throw error }
                if unsupported == nil { unsupported = error }
                continue
            }
            switch content {
            case .tcp(let segment):
                tally.segments += 1
                reassembly.feed(segment, into: &events)
            case .fragment: tally.fragments += 1
            case .other: tally.others += 1
            case .damaged: tally.damaged += 1
            }
        }
    }
}
