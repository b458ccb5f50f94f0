// One node of the virtual world: its address and disk, which outlive the process, and the process with
// its two clocks. Its machine stands in the world's own list.

import ClusterCore
import ClusterWire

/// A node.
struct VirtualNode: Sendable {
    var address: NodeAddress
    /// Whether the process runs, or stands still.
    var isUp = false
    /// The machine itself is down: nobody answers that it is not there.
    var isSilent = false
    /// What is sent to it gets nowhere, and nobody says so.
    var isUnplugged: Bool { isSilent && !isUp }
    var disk = VirtualDisk()
    /// The newest save of this process that holds something which a client was told is done.
    var acknowledged = Generation(0)
    /// The slots in the newest header that it sent: who hears the same shares their storage.
    var saidSlots = SlotSet()
    /// Counts processes, so that what was meant for an earlier one is known.
    var incarnation: UInt32 = 0
    /// How many faults have the process stand still; what happens to it waits.
    var pauses = 0
    var isPaused: Bool { pauses > 0 }
    /// Whether it runs and nothing slows it down.
    var isUnhindered: Bool {
        isUp && !isPaused && slowness == 0 && disk.slowness == 0 && disk.refusals == 0
    }
    var deferred: [Event] = []
    /// Microseconds by which what it sends and gets is late.
    var slowness: Int64 = 0
    /// Virtual microseconds of the next timer that the machine asked for; 0 for none.
    private(set) var timerAt: Int64 = 0
    var data = VirtualData()
    var traffic = Traffic()

    /// What the process' monotonic clock adds to virtual milliseconds.
    var monotonicOffset: Int64 = 0
    /// What the wall clock adds to the world's.
    private var wallOffset: Int64
    /// Millionths by which the wall clock is too fast.
    private var drift: Int64 = 0
    /// Since when, in microseconds.
    private var driftSince: Int64 = 0

    init(address: NodeAddress, wallOffset: Int64) {
        self.address = address
        self.wallOffset = wallOffset
    }

    /// What the clocks of the process show.
    func instant(at time: Int64) -> Instant {
        Instant(
            monotonic: time / 1000 + monotonicOffset,
            wall: Self.wallOrigin + time / 1000 + wallOffset + driftedBy(time))
    }

    /// The machine asks for a timer at a monotonic millisecond of its own. Returns the virtual time of
    /// it; nil when an earlier one is asked for already.
    mutating func setTimer(at monotonic: Int64, now: Int64) -> Int64? {
        let due = max(now, (monotonic - monotonicOffset) * 1000)
        guard timerAt == 0 || due < timerAt else { return nil }
        timerAt = due
        return due
    }

    /// Whether the timer that was asked for is due; then it is none any more.
    mutating func takeTimer(at time: Int64) -> Bool {
        guard timerAt != 0, timerAt <= time else { return false }
        timerAt = 0
        return true
    }

    /// A new process has none.
    mutating func clearTimer() { timerAt = 0 }

    private func driftedBy(_ time: Int64) -> Int64 {
        drift == 0 ? 0 : (time - driftSince) / 1000 * drift / 1_000_000
    }

    /// The wall clock jumps.
    mutating func jump(by milliseconds: Int64) { wallOffset += milliseconds }

    /// From now on the wall clock is too fast by so many millionths.
    mutating func setDrift(_ parts: Int64, at time: Int64) {
        wallOffset += driftedBy(time)
        drift = parts
        driftSince = time
    }

    /// Wall milliseconds when the world begins.
    private static let wallOrigin: Int64 = 1_700_000_000_000

    /// The address at which the n-th node begins.
    static func address(of index: Int) -> NodeAddress { address(10, index) }

    /// The n-th address that no node began with.
    static func spareAddress(_ index: Int) -> NodeAddress { address(11, index) }

    private static func address(_ network: Int, _ index: Int) -> NodeAddress {
        let text = "\(network).\(index / 62500).\(index / 250 % 250).\(index % 250 + 1)"
        return NodeAddress(ip: IPText(text) ?? IPText(), port: 6379, busPort: 16379)
    }
}

/// What a node sent since its traffic was last counted from.
struct Traffic: Equatable, Sendable {
    var messages: Int64 = 0
    var bytes: Int64 = 0
}

/// What a node holds of its shard's keys, as far as the bus tells of it: offsets.
struct VirtualData: Equatable, Sendable {
    /// A master's end of log, or what a replica has of it.
    var offset: UInt64 = 0
    /// Bytes by which this node is behind as a replica.
    var lag: UInt64 = 0
    /// Microseconds when its master was last heard on the replication link; -1 when it never was.
    var heardAt: Int64 = -1
    /// The node that it copies.
    var source: Int?
}
