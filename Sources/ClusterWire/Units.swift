// The protocol's integers as distinct types, so that an epoch is never passed where an offset is
// meant. They are what the wire carries: unsigned, without arithmetic beyond what the rules need.

/// A logical clock of the cluster: currentEpoch, configEpoch, the epoch of a vote.
///
/// - Source: bus protocol §4.11.
public struct Epoch: Hashable, Comparable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    public var value: UInt64

    @inlinable public init(_ value: UInt64) { self.value = value }
    @inlinable public init(integerLiteral value: UInt64) { self.value = value }
    public static let zero: Epoch = 0

    /// The epoch after this one.
    @inlinable public var next: Epoch { Epoch(value &+ 1) }
    @inlinable
    public static func < (left: Epoch, right: Epoch) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// A position in the replication stream of a shard, in bytes.
public struct ReplicationOffset: Hashable, Comparable, Sendable, BitwiseCopyable,
    ExpressibleByIntegerLiteral, CustomStringConvertible
{
    public var value: UInt64

    @inlinable public init(_ value: UInt64) { self.value = value }
    @inlinable public init(integerLiteral value: UInt64) { self.value = value }
    @inlinable
    public static func < (left: ReplicationOffset, right: ReplicationOffset) -> Bool {
        left.value < right.value
    }
    public var description: String { String(value) }
}

/// A TCP port; 0 stands for "none".
public struct Port: Hashable, Comparable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    public var value: UInt16

    @inlinable public init(_ value: UInt16) { self.value = value }
    @inlinable public init(integerLiteral value: UInt16) { self.value = value }
    @inlinable
    public static func < (left: Port, right: Port) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}
