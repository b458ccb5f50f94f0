// Every offset and size of the protocol, in one table, in bytes from the start of the message.
// Nothing else in the package spells an offset. Source: bus protocol §2.1 to §2.10.

/// Sizes and offsets of the messages on the bus, in bytes.
public enum Layout {
    /// "RCmb", the first four bytes of every message.
    public static let signature: UInt32 = 0x5243_6D62
    /// "RAFT", the first four bytes of a second bus protocol that is known and not spoken.
    public static let raftSignature: UInt32 = 0x5241_4654
    /// The only header version that is spoken.
    public static let version: UInt16 = 1
    /// The bit of `type` that marks a light header.
    public static let lightBit: UInt16 = 0x8000

    /// Bytes of the full header, in front of every message but a light one.
    public static let headerSize = 2256
    /// Bytes of the light header; no message is shorter.
    public static let lightHeaderSize = 16
    /// Bytes from which length and type can be read.
    public static let prefixSize = 14
    /// How many hash slots there are.
    public static let slotCount = 16384
    /// Bytes of a bitmap of slots.
    public static let slotBytes = 2048
    /// Bytes of the id of a node or shard, without a terminator.
    public static let nameSize = 40
    /// Bytes of the text field of an IP address, a terminating NUL included.
    public static let ipSize = 46
    /// Bytes of one gossip entry.
    public static let gossipEntrySize = 104
    /// Bytes in front of the payload of an extension.
    public static let extensionHeaderSize = 8
    /// Bytes of the body of UPDATE.
    public static let updateSize = 2096
    /// Bytes in front of the payload in the body of MODULE.
    public static let moduleHeaderSize = 13
    /// Bytes in front of channel and message in the body of PUBLISH.
    public static let publishHeaderSize = 8

    @usableFromInline
    enum Head {
        @usableFromInline static let length = 4
        @usableFromInline static let version = 8
        @usableFromInline static let port = 10
        @usableFromInline static let type = 12
        @usableFromInline static let count = 14
        @usableFromInline static let currentEpoch = 16
        @usableFromInline static let configEpoch = 24
        @usableFromInline static let offset = 32
        @usableFromInline static let sender = 40
        @usableFromInline static let slots = 80
        @usableFromInline static let replicaOf = 2128
        @usableFromInline static let ip = 2168
        @usableFromInline static let extensions = 2214
        @usableFromInline static let unused = 2216
        @usableFromInline static let unusedCount = 30
        @usableFromInline static let secondaryPort = 2246
        @usableFromInline static let busPort = 2248
        @usableFromInline static let flags = 2250
        @usableFromInline static let state = 2252
        @usableFromInline static let messageFlags = 2253
    }

    @usableFromInline
    enum Entry {
        @usableFromInline static let node = 0
        @usableFromInline static let pingSent = 40
        @usableFromInline static let pongReceived = 44
        @usableFromInline static let ip = 48
        @usableFromInline static let port = 94
        @usableFromInline static let busPort = 96
        @usableFromInline static let flags = 98
        @usableFromInline static let secondaryPort = 100
        @usableFromInline static let unused = 102
    }
}
