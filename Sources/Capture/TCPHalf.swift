// One direction of one TCP connection: which byte comes next, what arrived ahead of it, and when to
// stop waiting for what is missing. Sequence numbers become positions that do not wrap, counted
// from the first byte of the direction. Which connection a segment belongs to, and what SYN and RST
// do to both directions, is left to TCPReassembly.

/// The state of one direction.
struct TCPHalf: Sendable {
    enum State: Sendable {
        case unseen, open, closed
    }

    /// Bytes that arrived before those in front of them, and then bytes known to be cut away.
    private struct Piece: Sendable {
        var start: Int
        var bytes: ArraySlice<UInt8>
        var missing: Int
        var time: Int64
        var end: Int { start + bytes.count + missing }
        var cost: Int { bytes.count + TCPHalf.pieceOverheadBytes }
    }

    let source: CaptureAddress
    let destination: CaptureAddress
    private(set) var state = State.unseen
    private var stream = 0
    /// The sequence number of the first byte.
    private(set) var start: UInt32 = 0
    /// The sequence number of the next byte to pass on, and its position.
    private var next: UInt32 = 0
    private(set) var position = 0
    /// The position up to which the other side says it has everything.
    private var acknowledged = 0
    /// The position of the FIN, once it was seen.
    private var fin: Int?
    /// In order of position, without overlap, all behind `position`; those before `head` are used.
    private var pieces: [Piece] = []
    private var head = 0
    private(set) var pendingBytes = 0
    /// The hole that is being waited for: where it begins, since when, and how many segments
    /// passed.
    private var hole: (position: Int, time: Int64, segments: Int) = (-1, 0, 0)

    /// What a piece costs beside its bytes; it bounds the number of pieces.
    static let pieceOverheadBytes = 256
    /// Numbers further away than this belong to another connection or follow a long loss.
    private static let plausibleDistance = 64 << 20

    init(source: CaptureAddress, destination: CaptureAddress) {
        self.source = source
        self.destination = destination
    }

    /// Where a sequence number lies, or nil when it is too far away to be of this direction.
    func position(of sequence: UInt32) -> Int? {
        let distance = Int(Int32(bitPattern: sequence &- next))
        return abs(distance) <= Self.plausibleDistance ? position + distance : nil
    }

    /// Whether the number lies between the first byte and the next one.
    func hasBegun(before sequence: UInt32) -> Bool {
        state != .unseen && Int(sequence &- start) <= position
    }

    mutating func open(
        at sequence: UInt32, fromStart: Bool, stream: Int, time: Int64,
        into events: inout [TCPEvent]
    ) {
        (start, next, position, acknowledged, fin) = (sequence, sequence, 0, 0, nil)
        dropPieces()
        hole.position = -1
        self.stream = stream
        state = .open
        emit(.opened(fromStart: fromStart), time: time, into: &events)
    }

    /// Whether the segment brings bytes to a direction that is not open: it then opens again.
    func needsOpening(for segment: TCPSegment) -> Bool {
        guard state != .open, segment.lengthBytes > 0 else { return false }
        guard state == .closed, let first = position(of: segment.firstSequence) else { return true }
        return first + segment.lengthBytes > position
    }

    /// The sequence number at which such a direction begins: that of the segment, or the one after
    /// the last byte passed on when the segment repeats some.
    func openingSequence(for segment: TCPSegment) -> UInt32 {
        guard state == .closed, let first = position(of: segment.firstSequence), first < position
        else { return segment.firstSequence }
        return next
    }

    /// Takes what the other side acknowledges.
    mutating func acknowledge(_ sequence: UInt32) {
        guard state == .open, let place = position(of: sequence) else { return }
        acknowledged = max(acknowledged, place)
    }

    /// Takes a segment of an open direction, and passes on what is now in order.
    mutating func accept(_ segment: TCPSegment, into events: inout [TCPEvent]) {
        guard state == .open else { return }
        if segment.lengthBytes > 0, position(of: segment.firstSequence) == nil {
            resynchronise(at: segment.firstSequence, time: segment.time, into: &events)
        }
        guard let first = position(of: segment.firstSequence) else { return }
        let end = first + segment.lengthBytes
        if segment.flags.contains(.fin), fin == nil, end >= position { fin = end }
        if end > position {
            let piece = Piece(
                start: first, bytes: segment.payload, missing: segment.missing, time: segment.time)
            if first <= position, pieces.isEmpty {
                pass(cut(piece, from: position, to: end), time: segment.time, into: &events)
            } else {
                insert(piece)
            }
        }
        drain(notBefore: segment.time, at: segment.time, into: &events)
    }

    /// Gives up waiting for a hole when that is due: see `TCPLimits`.
    mutating func considerHole(
        at time: Int64, limits: TCPLimits, into events: inout [TCPEvent]
    ) {
        guard let end = holeEnd else { return }
        if hole.position != position {
            hole = (position, time, 0)
        } else {
            hole.segments += 1
        }
        while pendingBytes > limits.pendingBytesPerDirection, holeEnd != nil {
            skipHole(at: time, into: &events)
        }
        let waited = time > hole.time ? UInt64(bitPattern: time &- hole.time) : 0
        let isAcknowledged =
            acknowledged >= end
            && (hole.segments >= limits.acknowledgedHoleSegments
                || waited >= limits.acknowledgedHoleNanoseconds)
        if isAcknowledged {
            while let end = holeEnd, acknowledged >= end { skipHole(at: time, into: &events) }
        } else if waited >= limits.holeNanoseconds {
            skipHole(at: time, into: &events)
        }
    }

    /// Reports every hole as lost, and passes on all that is behind it.
    mutating func flush(at time: Int64, into events: inout [TCPEvent]) {
        while holeEnd != nil { skipHole(at: time, into: &events) }
    }

    /// Flushes and closes an open direction; does nothing to others.
    mutating func close(
        _ reason: TCPEvent.CloseReason, at time: Int64, into events: inout [TCPEvent]
    ) {
        guard state == .open else { return }
        flush(at: time, into: &events)
        guard state == .open else { return }
        state = .closed
        emit(.closed(reason), time: time, into: &events)
    }

    /// Where the hole in front ends; nil when nothing waits behind one.
    private var holeEnd: Int? {
        let waiting = head < pieces.count ? pieces[head].start : fin
        guard state == .open, let first = waiting else { return nil }
        return min(first, fin ?? first)
    }

    private mutating func skipHole(at time: Int64, into events: inout [TCPEvent]) {
        guard let end = holeEnd else { return }
        if end > position {
            emit(.gap(end - position), time: time, into: &events)
            advance(by: end - position)
        }
        drain(notBefore: .min, at: time, into: &events)
    }

    /// Goes on at a number that has nothing to do with what came before.
    private mutating func resynchronise(
        at sequence: UInt32, time: Int64, into events: inout [TCPEvent]
    ) {
        fin = nil
        flush(at: time, into: &events)
        emit(.gap(nil), time: time, into: &events)
        next = sequence
        acknowledged = position
    }

    /// Passes on all pieces that are now in order, and closes at the FIN.
    ///
    /// Bytes that waited for a segment were complete when it came, so that their time is its time
    /// or their own, whichever is later.
    private mutating func drain(
        notBefore earliest: Int64, at time: Int64, into events: inout [TCPEvent]
    ) {
        while head < pieces.count, pieces[head].start == position {
            let piece = pieces[head]
            pieces[head].bytes = []
            head += 1
            pendingBytes -= piece.cost
            pass(piece, time: max(piece.time, earliest), into: &events)
        }
        dropUsedPieces()
        guard let fin, position >= fin else { return }
        dropPieces()
        advance(by: 1)
        state = .closed
        emit(.closed(.finished), time: time, into: &events)
    }

    private mutating func pass(_ piece: Piece, time: Int64, into events: inout [TCPEvent]) {
        if !piece.bytes.isEmpty { emit(.payload(piece.bytes), time: time, into: &events) }
        if piece.missing > 0 { emit(.gap(piece.missing), time: time, into: &events) }
        advance(by: piece.end - piece.start)
    }

    /// Keeps a piece for later, without the parts that are there already.
    private mutating func insert(_ piece: Piece) {
        let end = min(piece.end, fin ?? piece.end)
        var place = max(piece.start, position)
        var index = pieces.count
        while index > head, pieces[index - 1].end > place { index -= 1 }
        while place < end {
            if index < pieces.count, pieces[index].start <= place {
                place = pieces[index].end
            } else {
                let stop = index < pieces.count ? min(end, pieces[index].start) : end
                var part = cut(piece, from: place, to: stop)
                // A copy, so that a few bytes do not keep a whole packet in memory.
                part.bytes = ArraySlice(Array(part.bytes))
                pieces.insert(part, at: index)
                pendingBytes += part.cost
                place = stop
            }
            index += 1
        }
    }

    private func cut(_ piece: Piece, from start: Int, to end: Int) -> Piece {
        if start == piece.start, end == piece.end { return piece }
        let bytes = piece.bytes.dropFirst(start - piece.start).prefix(end - start)
        return Piece(
            start: start, bytes: bytes, missing: end - start - bytes.count, time: piece.time)
    }

    /// Drops used pieces in proportion to what was used, so that many small holes cost no more.
    private mutating func dropUsedPieces() {
        if head == pieces.count {
            if head > 0 { pieces = [] }
            head = 0
        } else if head >= 64, head >= pieces.count / 2 {
            pieces.removeSubrange(0..<head)
            head = 0
        }
    }

    private mutating func dropPieces() {
        pieces = []
        head = 0
        pendingBytes = 0
    }

    private mutating func advance(by count: Int) {
        position += count
        next &+= UInt32(truncatingIfNeeded: count)
    }

    private func emit(_ kind: TCPEvent.Kind, time: Int64, into events: inout [TCPEvent]) {
        events.append(
            TCPEvent(
                stream: stream, source: source, destination: destination, time: time, kind: kind))
    }
}

extension TCPSegment {
    /// Payload bytes as sent, captured or not.
    var lengthBytes: Int { payload.count + missing }

    /// The sequence number of the first payload byte: a SYN takes one before it.
    var firstSequence: UInt32 { flags.contains(.syn) ? sequence &+ 1 : sequence }
}
