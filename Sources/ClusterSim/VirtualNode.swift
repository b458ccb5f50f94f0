// One node of the virtual world: its address and disk, which outlive the process, and the process with
// its two clocks. Its machine stands in the world's own list.

import ClusterCore
import ClusterWire

/// A node.
struct VirtualNode: Sendable {
    let address: NodeAddress
    /// Whether the process runs, or stands still.
    var isUp = false
    /// The machine itself is down: nobody answers that it is not there.
    var isSilent = false
    /// What is sent to it gets nowhere, and nobody says so.
    var isUnplugged: Bool { isSilent && !isUp }
    var disk = VirtualDisk()
    /// The slots in the newest header that it sent: who hears the same shares their storage.
    var saidSlots = SlotSet()
    /// Counts processes, so that what was meant for an earlier one is known.
    var life: UInt32 = 0
    /// The process stands still, and what happens to it waits.
    var isPaused = false
    var deferred: [Event] = []
    /// Microseconds by which what it sends and gets is late.
    var slowness: Int64 = 0
    /// What the process' monotonic clock adds to virtual milliseconds.
    var monotonicOffset: Int64 = 0
    /// What the wall clock adds to the world's.
    var wallOffset: Int64 = 0

    /// What the clocks of the process show.
    func instant(at time: Int64) -> Instant {
        Instant(
            monotonic: time / 1000 + monotonicOffset,
            wall: Self.wallOrigin + time / 1000 + wallOffset)
    }

    /// Wall milliseconds when the world begins.
    private static let wallOrigin: Int64 = 1_700_000_000_000

    /// The address of the n-th node.
    static func address(of index: Int) -> NodeAddress {
        let ip = IPText("10.0.\(index / 250).\(index % 250 + 1)") ?? IPText()
        return NodeAddress(ip: ip, port: 6379, busPort: 16379)
    }
}
