// The 2256-byte header of every full message: the complete state of its sender. Reserved bytes and
// counts that a body does not use are kept, so that what was read is written back the same.

/// What every full message says of its sender.
///
/// - Source: bus protocol §2.1, §3.1.
public struct Header: Equatable, Sendable {
    /// The greatest epoch that the sender has heard of: 8 bytes at offset 16, big-endian.
    public var currentEpoch: Epoch
    /// The epoch of the claim to slots: a master's own; a replica's is its master's, as known to it.
    public var configEpoch: Epoch
    /// How far the data goes: a master's end of log, a replica's processed offset.
    public var offset: ReplicationOffset
    /// Who speaks: 40 bytes at offset 40.
    public var sender: NodeID
    /// The slots of the sender, if it is a master; a replica sends its master's.
    public var slots: SlotSet
    /// The master, when the sender is a replica; ``NodeID/zero`` when it is a master.
    public var replicaOf: NodeID
    /// The announced address; empty means "the one that you see me at".
    public var ip: IPText
    /// The announced port for clients, that of TLS where the bus speaks TLS: offset 10.
    public var port: Port
    /// The announced port of the other transport for clients, or 0: offset 2246.
    public var secondaryPort: Port
    /// The announced port of the bus: offset 2248.
    public var busPort: Port
    /// What the sender is, by its own word: 16 bits at offset 2250, big-endian.
    public var flags: NodeFlags
    /// How the sender sees its cluster: 0 is ok, anything else fail. Nobody acts on it.
    public var state: UInt8
    /// What goes for this message alone: one byte at offset 2253.
    public var messageFlags: MessageFlags

    /// `count` as read, for types whose body does not say it.
    var countField: UInt16 = 0
    /// `extensions` as read, for messages that carry none.
    var extensionsField: UInt16 = 0
    /// The second and third byte of message flags.
    var moreMessageFlags: UInt16 = 0
    var unused = Unused()

    /// 30 reserved bytes.
    struct Unused: Hashable, Sendable, BitwiseCopyable {
        var a: UInt64 = 0
        var b: UInt64 = 0
        var c: UInt64 = 0
        var d: UInt32 = 0
        var e: UInt16 = 0
    }

    /// Makes a header whose reserved bytes are zero.
    ///
    /// Signature, length, version, type and counts are not part of it: encoding writes them.
    public init(
        sender: NodeID, currentEpoch: Epoch = 0, configEpoch: Epoch = 0,
        offset: ReplicationOffset = 0, slots: SlotSet = SlotSet(), replicaOf: NodeID = .zero,
        ip: IPText = IPText(), port: Port = 0, secondaryPort: Port = 0, busPort: Port = 0,
        flags: NodeFlags = [.myself, .master], state: UInt8 = 0, messageFlags: MessageFlags = []
    ) {
        self.sender = sender
        self.currentEpoch = currentEpoch
        self.configEpoch = configEpoch
        self.offset = offset
        self.slots = slots
        self.replicaOf = replicaOf
        self.ip = ip
        self.port = port
        self.secondaryPort = secondaryPort
        self.busPort = busPort
        self.flags = flags
        self.state = state
        self.messageFlags = messageFlags
    }

    /// Reads a header; the caller made sure that `bytes` holds one. Slots as `known` share its storage.
    init(_ bytes: RawSpan, expecting known: SlotSet) {
        currentEpoch = Epoch(bytes.be(Layout.Head.currentEpoch))
        configEpoch = Epoch(bytes.be(Layout.Head.configEpoch))
        offset = ReplicationOffset(bytes.be(Layout.Head.offset))
        sender = NodeID(bytes, at: Layout.Head.sender)
        slots =
            known.isWritten(in: bytes, at: Layout.Head.slots)
            ? known : SlotSet(bytes, at: Layout.Head.slots)
        replicaOf = NodeID(bytes, at: Layout.Head.replicaOf)
        ip = IPText(bytes, at: Layout.Head.ip)
        port = Port(bytes.be(Layout.Head.port))
        secondaryPort = Port(bytes.be(Layout.Head.secondaryPort))
        busPort = Port(bytes.be(Layout.Head.busPort))
        flags = NodeFlags(rawValue: bytes.be(Layout.Head.flags))
        state = bytes.byte(Layout.Head.state)
        messageFlags = MessageFlags(rawValue: bytes.byte(Layout.Head.messageFlags))
        countField = bytes.be(Layout.Head.count)
        extensionsField = bytes.be(Layout.Head.extensions)
        moreMessageFlags = bytes.be(Layout.Head.messageFlags + 1)
        let unused = Layout.Head.unused
        self.unused = Unused(
            a: bytes.be(unused), b: bytes.be(unused + 8), c: bytes.be(unused + 16),
            d: bytes.be(unused + 24), e: bytes.be(unused + 28))
    }

    /// Writes the header into the first 2256 bytes of `bytes`.
    func put(
        into bytes: inout MutableRawSpan, type: MessageType, length: Int, count: UInt16,
        extensions: UInt16
    ) {
        bytes.putBE(Layout.signature, 0)
        bytes.putBE(UInt32(truncatingIfNeeded: length), Layout.Head.length)
        bytes.putBE(Layout.version, Layout.Head.version)
        bytes.putBE(port.value, Layout.Head.port)
        bytes.putBE(type.rawValue, Layout.Head.type)
        bytes.putBE(count, Layout.Head.count)
        bytes.putBE(currentEpoch.value, Layout.Head.currentEpoch)
        bytes.putBE(configEpoch.value, Layout.Head.configEpoch)
        bytes.putBE(offset.value, Layout.Head.offset)
        sender.put(into: &bytes, at: Layout.Head.sender)
        slots.put(into: &bytes, at: Layout.Head.slots)
        replicaOf.put(into: &bytes, at: Layout.Head.replicaOf)
        ip.put(into: &bytes, at: Layout.Head.ip)
        bytes.putBE(extensions, Layout.Head.extensions)
        let at = Layout.Head.unused
        bytes.putBE(unused.a, at)
        bytes.putBE(unused.b, at + 8)
        bytes.putBE(unused.c, at + 16)
        bytes.putBE(unused.d, at + 24)
        bytes.putBE(unused.e, at + 28)
        bytes.putBE(secondaryPort.value, Layout.Head.secondaryPort)
        bytes.putBE(busPort.value, Layout.Head.busPort)
        bytes.putBE(flags.rawValue, Layout.Head.flags)
        bytes.putBE(state, Layout.Head.state)
        bytes.putBE(messageFlags.rawValue, Layout.Head.messageFlags)
        bytes.putBE(moreMessageFlags, Layout.Head.messageFlags + 1)
    }
}

extension Header {
    /// Whether the sender says that it is a master: receivers go by `replicaOf` alone.
    @inlinable public var saysMaster: Bool { replicaOf.isZero }
    /// Whether the sender says that its cluster serves.
    @inlinable public var saysOK: Bool { state == 0 }
}
