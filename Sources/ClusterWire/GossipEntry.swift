// One 104-byte rumour about a third node, and the section of them that heartbeats carry. A section
// stays bytes: it is checked once, shared by reference and read in place, because heartbeats are
// nearly all of the traffic and hardly any of their entries change anything.

/// What one node says of a third.
///
/// - Source: bus protocol §2.5.
public struct GossipEntry: Hashable, Sendable, BitwiseCopyable {
    /// The node that is spoken of: 40 bytes at offset 0 of the entry.
    public var node: NodeID
    /// Seconds since the Unix epoch of the ping that the speaker waits on, or 0.
    public var pingSent: UInt32
    /// Seconds since the Unix epoch of the last pong that the speaker knows of.
    public var pongReceived: UInt32
    /// Where the speaker would reach the node.
    public var address: NodeAddress
    /// The speaker's stored flag word about the node.
    public var flags: NodeFlags
    @usableFromInline var unused: UInt16 = 0

    /// Makes an entry; its two reserved bytes are zero.
    public init(
        node: NodeID, pingSent: UInt32, pongReceived: UInt32, address: NodeAddress,
        flags: NodeFlags
    ) {
        self.node = node
        self.pingSent = pingSent
        self.pongReceived = pongReceived
        self.address = address
        self.flags = flags
    }

    @inlinable @inline(__always)
    init(_ bytes: RawSpan) {
        node = NodeID(bytes, at: Layout.Entry.node)
        pingSent = bytes.be(Layout.Entry.pingSent)
        pongReceived = bytes.be(Layout.Entry.pongReceived)
        address = NodeAddress(
            ip: IPText(bytes, at: Layout.Entry.ip),
            port: Port(bytes.be(Layout.Entry.port)),
            secondaryPort: Port(bytes.be(Layout.Entry.secondaryPort)),
            busPort: Port(bytes.be(Layout.Entry.busPort)))
        flags = NodeFlags(rawValue: bytes.be(Layout.Entry.flags))
        unused = bytes.be(Layout.Entry.unused)
    }

    @inline(__always)
    func put(into bytes: inout MutableRawSpan, at offset: Int) {
        node.put(into: &bytes, at: offset &+ Layout.Entry.node)
        bytes.putBE(pingSent, offset &+ Layout.Entry.pingSent)
        bytes.putBE(pongReceived, offset &+ Layout.Entry.pongReceived)
        address.ip.put(into: &bytes, at: offset &+ Layout.Entry.ip)
        bytes.putBE(address.port.value, offset &+ Layout.Entry.port)
        bytes.putBE(address.busPort.value, offset &+ Layout.Entry.busPort)
        bytes.putBE(flags.rawValue, offset &+ Layout.Entry.flags)
        bytes.putBE(address.secondaryPort.value, offset &+ Layout.Entry.secondaryPort)
        bytes.putBE(unused, offset &+ Layout.Entry.unused)
    }
}

/// The gossip entries of a heartbeat, read in place.
///
/// - Source: bus protocol §2.5.
public struct GossipSection: Sendable, RandomAccessCollection {
    /// The bytes that hold the entries: a whole frame, or the entries alone.
    @usableFromInline let storage: [UInt8]
    @usableFromInline let offset: Int
    /// How many entries there are, at most ``limit``.
    public let count: Int

    /// The most entries that a heartbeat can have: the format counts them in 16 bits.
    public static let limit = 65535

    /// Entries that stand at `offset` of `storage`; the caller checked that they fit.
    init(storage: [UInt8], offset: Int, count: Int) {
        precondition(offset + count * Layout.gossipEntrySize <= storage.count)
        self.storage = storage
        self.offset = offset
        self.count = count
    }

    /// A section of these entries; those past the limit of 65535 are left out.
    public init(_ entries: some Collection<GossipEntry>) {
        // As an array, which costs nothing when it is one: a loop over any collection would call
        // through a table for each entry.
        let list = Array(entries)
        self.init(count: list.count) { list[$0] }
    }

    /// A section of `count` entries, each made when it is written.
    @inline(__always)
    package init(count wanted: Int, _ entry: (Int) -> GossipEntry) {
        let count = Swift.min(wanted, Self.limit)
        var storage = [UInt8](repeating: 0, count: count * Layout.gossipEntrySize)
        var span = storage.mutableSpan
        var bytes = unsafe span.mutableBytes
        for index in 0..<count {
            let start = index &* Layout.gossipEntrySize
            var record = bytes._mutatingExtracting(start..<start &+ Layout.gossipEntrySize)
            entry(index).put(into: &record, at: 0)
        }
        self.init(storage: storage, offset: 0, count: count)
    }

    /// Makes a section without entries.
    public init() { self.init(storage: [], offset: 0, count: 0) }

    /// The index of the first entry: 0.
    public var startIndex: Int { 0 }
    /// The index after the last entry: as many as there are.
    @inlinable public var endIndex: Int { count }

    /// The entry at an index, decoded from its 104 bytes when it is asked for.
    @inlinable
    public subscript(position: Int) -> GossipEntry {
        let start = start(of: position)
        return GossipEntry(
            // Reads of integers only, inside a range that `extracting` checks.
            unsafe storage.span.bytes.extracting(start..<start &+ Layout.gossipEntrySize))
    }

    /// The id that an entry names, without the rest of it.
    @inlinable @inline(__always)
    package func node(_ position: Int) -> NodeID {
        // The section was checked to lie inside its storage.
        NodeID(unsafe storage.span.bytes, at: start(of: position) &+ Layout.Entry.node)
    }

    /// The flags of an entry, without the rest of it.
    @inlinable @inline(__always)
    package func flags(_ position: Int) -> NodeFlags {
        NodeFlags(
            rawValue: unsafe storage.span.bytes.be(start(of: position) &+ Layout.Entry.flags))
    }

    /// The seconds of the last pong in an entry, without the rest of it.
    @inlinable @inline(__always)
    package func pongReceived(_ position: Int) -> UInt32 {
        unsafe storage.span.bytes.be(start(of: position) &+ Layout.Entry.pongReceived)
    }

    @inlinable @inline(__always)
    func start(of position: Int) -> Int {
        precondition(position >= 0 && position < count)
        return offset &+ position &* Layout.gossipEntrySize
    }

    var byteCount: Int { count * Layout.gossipEntrySize }

    func put(into bytes: inout MutableRawSpan, at target: Int) {
        bytes.put(unsafe storage.span.bytes, from: offset, count: byteCount, target)
    }
}

extension GossipSection: Equatable {
    /// Whether both have the same entries, byte for byte.
    public static func == (left: GossipSection, right: GossipSection) -> Bool {
        left.count == right.count
            && left.storage[left.offset..<left.offset + left.byteCount]
                == right.storage[right.offset..<right.offset + right.byteCount]
    }
}
