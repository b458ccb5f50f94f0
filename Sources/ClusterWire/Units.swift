// The protocol's integers as distinct types, so that an epoch is never passed where an offset is
// meant. They are what the wire carries: unsigned, without arithmetic beyond what the rules need.

/// A logical clock of the cluster: currentEpoch, configEpoch, the epoch of a vote.
///
/// - Source: bus protocol §4.11.
public struct Epoch: Hashable, Comparable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    /// The number, 8 bytes big-endian on the wire.
    public var value: UInt64

    /// The epoch with this number.
    @inlinable public init(_ value: UInt64) { self.value = value }
    /// The epoch with this number.
    @inlinable public init(integerLiteral value: UInt64) { self.value = value }
    /// The epoch of a node that was never given one.
    public static let zero: Epoch = 0

    /// The epoch after this one.
    @inlinable public var next: Epoch { Epoch(value &+ 1) }
    /// By number: the greater one is the later.
    @inlinable
    public static func < (left: Epoch, right: Epoch) -> Bool { left.value < right.value }
    /// The number in decimal.
    public var description: String { String(value) }
}

/// A position in the replication stream of a shard, in bytes.
public struct ReplicationOffset: Hashable, Comparable, Sendable, BitwiseCopyable,
    ExpressibleByIntegerLiteral, CustomStringConvertible
{
    /// Bytes since the stream began, 8 bytes big-endian on the wire.
    public var value: UInt64

    /// The position after this many bytes.
    @inlinable public init(_ value: UInt64) { self.value = value }
    /// The position after this many bytes.
    @inlinable public init(integerLiteral value: UInt64) { self.value = value }
    /// By position: the greater one has more of the stream.
    @inlinable
    public static func < (left: ReplicationOffset, right: ReplicationOffset) -> Bool {
        left.value < right.value
    }
    /// The number in decimal.
    public var description: String { String(value) }
}

/// A TCP port; 0 stands for "none".
public struct Port: Hashable, Comparable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    /// The number, 2 bytes big-endian on the wire.
    public var value: UInt16

    /// The port with this number.
    @inlinable public init(_ value: UInt16) { self.value = value }
    /// The port with this number.
    @inlinable public init(integerLiteral value: UInt16) { self.value = value }
    /// By number.
    @inlinable
    public static func < (left: Port, right: Port) -> Bool { left.value < right.value }
    /// The number in decimal.
    public var description: String { String(value) }
}
