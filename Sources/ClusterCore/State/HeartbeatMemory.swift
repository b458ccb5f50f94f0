// What the rules Heartbeats and ReplicaMigration remember, besides what stands in the row of each node
// (KnownNode).

/// The memory of the rule Heartbeats.
struct HeartbeatMemory: Equatable, Sendable {
    /// Ticks between two pings to a node drawn by chance.
    ///
    /// - Source: bus protocol §3.3: one a second.
    private static let ticksPerDraw: UInt64 = 10
    private(set) var ticks: UInt64 = 0
    /// Recent round-trip times.
    private(set) var roundTrips = RoundTrips()

    /// A tick begins. Returns whether a node is drawn by chance with it.
    mutating func countTick() -> Bool {
        ticks &+= 1
        return ticks % Self.ticksPerDraw == 0
    }

    /// An answer took this many milliseconds.
    mutating func answered(after milliseconds: Int64) { roundTrips.add(milliseconds) }
}

/// The memory of the rule ReplicaMigration beside the rows of the nodes.
struct MigrationMemory: Equatable, Sendable {
    /// Some master has been without replicas for a while.
    private(set) var hasOrphans = false

    mutating func noteOrphan() { hasOrphans = true }
    mutating func forgetOrphans() { hasOrphans = false }
}
