// All TCP connections of a capture: finds the connection of each segment, lets SYN, RST and ACK do
// what they do to its two directions, and keeps the number of connections and of waiting bytes
// bounded. The bytes of one direction are put in order by TCPHalf; what they mean is left to the
// consumer.

/// Something that happened in one direction of one connection.
package struct TCPEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The direction begins: at its first byte, or somewhere in a connection that was open
        /// before.
        case opened(fromStart: Bool)
        /// The next bytes.
        case payload(ArraySlice<UInt8>)
        /// Bytes that were sent but are not in the capture: how many, or nil when that is not
        /// known.
        case gap(Int?)
        /// Nothing more comes under this stream number.
        case closed(CloseReason)
    }

    package enum CloseReason: Hashable, Sendable {
        /// A FIN, after all bytes before it.
        case finished
        /// An RST of either side.
        case reset
        /// A new connection between the same addresses and ports.
        case replaced
        /// The limit on connections was reached, and this one had been idle the longest.
        case evicted
    }

    /// A number for this direction of this connection, never used again.
    package var stream: Int
    package var source: CaptureAddress
    package var destination: CaptureAddress
    /// Nanoseconds since the Unix epoch: the time of the packet that brought the bytes, or of the
    /// later packet that they had to wait for.
    package var time: Int64
    package var kind: Kind

    package init(
        stream: Int, source: CaptureAddress, destination: CaptureAddress, time: Int64, kind: Kind
    ) {
        self.stream = stream
        self.source = source
        self.destination = destination
        self.time = time
        self.kind = kind
    }
}

/// How much is remembered, and how long missing bytes are waited for.
package struct TCPLimits: Sendable {
    /// Connections known at a time; one more evicts the one idle the longest.
    package var connections = 65_536
    /// Bytes waiting behind a hole in one direction, each segment counted with an overhead.
    package var pendingBytesPerDirection = 1 << 20
    /// Bytes waiting behind holes in all directions together.
    package var pendingBytes = 64 << 20
    /// A hole that the other side acknowledged was lost by the capture, or the capture has packets
    /// out of order: it is given up after so many more segments of the connection, or after so
    /// long.
    package var acknowledgedHoleSegments = 16
    package var acknowledgedHoleNanoseconds: UInt64 = 500_000_000
    /// Any other hole is given up after so long: the sender has repeated the bytes by then.
    package var holeNanoseconds: UInt64 = 10_000_000_000

    package init() {}
}

/// Puts the segments of all connections in order.
///
/// Feed segments in the order of the capture, and call `finish` at its end.
package struct TCPReassembly: Sendable {
    private struct Pair: Hashable, Sendable {
        var lower: CaptureAddress
        var upper: CaptureAddress
    }

    private struct Connection: Sendable {
        var pair: Pair
        var newer = -1
        var older = -1
    }

    private let limits: TCPLimits
    private var slots: [Pair: Int] = [:]
    private var connections: [Connection] = []
    /// Two for each connection: from the lower address, then from the upper.
    private var halves: [TCPHalf] = []
    private var newest = -1
    private var oldest = -1
    private var nextStream = 0
    private var pendingBytes = 0
    private var lastTime: Int64 = 0

    package init(limits: TCPLimits = TCPLimits()) {
        precondition(limits.connections > 0, "a limit of \(limits.connections) connections")
        self.limits = limits
    }

    /// Takes a segment, and appends what follows from it to `events`.
    package mutating func feed(_ segment: TCPSegment, into events: inout [TCPEvent]) {
        lastTime = segment.time
        let slot = slot(of: segment, into: &events)
        let mine = slot * 2 + (segment.source < segment.destination ? 0 : 1)
        let other = mine ^ 1
        let before = halves[mine].pendingBytes + halves[other].pendingBytes
        if segment.flags.contains(.rst) {
            reset(mine, other, segment, into: &events)
        } else {
            if segment.flags.contains(.syn) {
                synchronise(mine, other, segment, into: &events)
            }
            if segment.flags.contains(.ack) { halves[other].acknowledge(segment.acknowledgment) }
            if halves[mine].needsOpening(for: segment) {
                open(
                    mine, at: halves[mine].openingSequence(for: segment), fromStart: false,
                    segment.time, into: &events)
            }
            halves[mine].accept(segment, into: &events)
            halves[mine].considerHole(at: segment.time, limits: limits, into: &events)
            halves[other].considerHole(at: segment.time, limits: limits, into: &events)
        }
        pendingBytes += halves[mine].pendingBytes + halves[other].pendingBytes - before
        if pendingBytes > limits.pendingBytes {
            pendingBytes -= halves[mine].pendingBytes
            halves[mine].flush(at: segment.time, into: &events)
        }
    }

    /// Ends the capture: passes on what waited, with gaps for what never came.
    ///
    /// Connections that are open stay so; there is no event for them.
    package mutating func finish(into events: inout [TCPEvent]) {
        for index in halves.indices { halves[index].flush(at: lastTime, into: &events) }
        pendingBytes = 0
    }

    private mutating func open(
        _ half: Int, at sequence: UInt32, fromStart: Bool, _ time: Int64,
        into events: inout [TCPEvent]
    ) {
        halves[half].open(
            at: sequence, fromStart: fromStart, stream: nextStream, time: time, into: &events)
        nextStream += 1
    }

    /// A SYN opens its direction; one with a number that the direction does not have begins a new
    /// connection, and ends the one before it. The answer to a SYN tells both numbers.
    private mutating func synchronise(
        _ mine: Int, _ other: Int, _ segment: TCPSegment, into events: inout [TCPEvent]
    ) {
        let first = segment.sequence &+ 1
        if halves[mine].state == .open, halves[mine].start == first { return }
        let isAnswer = segment.flags.contains(.ack)
        let isExpected =
            isAnswer
            ? halves[other].hasBegun(before: segment.acknowledgment)
            : halves[mine].state == .unseen && halves[other].position == 0
        halves[mine].close(.replaced, at: segment.time, into: &events)
        if !isExpected {
            halves[other].close(.replaced, at: segment.time, into: &events)
            halves[other] = TCPHalf(source: segment.destination, destination: segment.source)
        }
        if isAnswer, halves[other].state == .unseen {
            open(other, at: segment.acknowledgment, fromStart: true, segment.time, into: &events)
        }
        open(mine, at: first, fromStart: true, segment.time, into: &events)
    }

    /// An RST ends both directions, unless its number shows that it is of another connection.
    private mutating func reset(
        _ mine: Int, _ other: Int, _ segment: TCPSegment, into events: inout [TCPEvent]
    ) {
        let isForeign =
            halves[mine].state == .open && halves[mine].position(of: segment.sequence) == nil
        if isForeign { return }
        halves[mine].close(.reset, at: segment.time, into: &events)
        halves[other].close(.reset, at: segment.time, into: &events)
    }

    /// The place of the segment's connection, which becomes the newest; a new one if need be.
    private mutating func slot(of segment: TCPSegment, into events: inout [TCPEvent]) -> Int {
        let pair =
            segment.source < segment.destination
            ? Pair(lower: segment.source, upper: segment.destination)
            : Pair(lower: segment.destination, upper: segment.source)
        if newest >= 0, connections[newest].pair == pair { return newest }
        if let known = slots[pair] {
            unlink(known)
            link(known)
            return known
        }
        var slot = connections.count
        if slot < limits.connections {
            connections.append(Connection(pair: pair))
            halves.append(TCPHalf(source: pair.lower, destination: pair.upper))
            halves.append(TCPHalf(source: pair.upper, destination: pair.lower))
        } else {
            slot = oldest
            evict(slot, at: segment.time, into: &events)
            connections[slot].pair = pair
            halves[slot * 2] = TCPHalf(source: pair.lower, destination: pair.upper)
            halves[slot * 2 + 1] = TCPHalf(source: pair.upper, destination: pair.lower)
        }
        slots[pair] = slot
        link(slot)
        return slot
    }

    private mutating func evict(_ slot: Int, at time: Int64, into events: inout [TCPEvent]) {
        for half in [slot * 2, slot * 2 + 1] {
            pendingBytes -= halves[half].pendingBytes
            halves[half].close(.evicted, at: time, into: &events)
        }
        slots[connections[slot].pair] = nil
        unlink(slot)
    }

    private mutating func link(_ slot: Int) {
        connections[slot].older = newest
        connections[slot].newer = -1
        if newest >= 0 { connections[newest].newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }

    private mutating func unlink(_ slot: Int) {
        let (newer, older) = (connections[slot].newer, connections[slot].older)
        if newer >= 0 { connections[newer].older = older } else { newest = older }
        if older >= 0 { connections[older].newer = newer } else { oldest = newer }
    }
}
