// How the network, the disks and the nodes of one world are, and how faults are drawn for it: what
// the seed draws within what the caller allows. Printed with a failure, so that it can be told from
// its report alone.

import ClusterCore
import Determinism

/// How faults are drawn from a seed.
struct FaultDrawing: Equatable, Sendable {
    /// Mean milliseconds between two faults.
    var spacing: Int64
    /// Kinds of faults that this world is spared although the caller allows them.
    var withheld: FaultKinds = []
}

/// How the network, the disks and the nodes of a world are.
struct EnvironmentProfile: Equatable, Sendable {
    /// Microseconds on the way.
    var delay: ClosedRange<Int64>
    var lossPerMillion: Int
    /// Microseconds until a synced save is on disk.
    var diskDelay: ClosedRange<Int64>
    /// Whether masters get their config epochs from the operator, or must resolve collisions.
    var assignsEpochs: Bool
    /// Whether each process has its own origin of monotonic time, near its start.
    var hasOwnOrigins: Bool
    /// Whether a replica may stand however old its data is.
    var validityFactor: Int64
    /// Whether masters write and replicas lag behind them, each as much as it does.
    var hasData: Bool
    /// Whether nodes hold keys, which clients write and replicas copy.
    var carriesKeys = false
    /// How faults are drawn; nil when the plan was kept.
    var drawing: FaultDrawing?

    init(
        delay: ClosedRange<Int64>, lossPerMillion: Int, diskDelay: ClosedRange<Int64>,
        assignsEpochs: Bool, hasOwnOrigins: Bool, validityFactor: Int64, hasData: Bool
    ) {
        self.delay = delay
        self.lossPerMillion = lossPerMillion
        self.diskDelay = diskDelay
        self.assignsEpochs = assignsEpochs
        self.hasOwnOrigins = hasOwnOrigins
        self.validityFactor = validityFactor
        self.hasData = hasData
    }

    init(_ options: SimOptions, _ random: inout SplitMix64) {
        let delays: [ClosedRange<Int64>] = [20...200, 100...1000, 500...5000, 1000...40_000]
        let drawnDelay = delays[random.below(delays.count)]
        delay = options.delay ?? drawnDelay
        let losses = [0, 0, 500, 5000]
        let drawnLoss = losses[random.below(losses.count)]
        lossPerMillion = options.lossPerMillion ?? drawnLoss
        let disks: [ClosedRange<Int64>] = [50...500, 500...10_000, 5000...60_000]
        let drawnDisk = disks[random.below(disks.count)]
        diskDelay = options.diskDelay ?? drawnDisk
        let spacings = [options.nodeTimeout / 4, options.nodeTimeout, 3 * options.nodeTimeout]
        let drawnSpacing = max(100, spacings[random.below(spacings.count)])
        var drawing = FaultDrawing(spacing: options.limits.spacing ?? drawnSpacing)
        assignsEpochs = random.below(4) != 0
        hasOwnOrigins = random.below(2) == 0
        validityFactor = random.below(4) == 0 ? 10 : 0
        // Operators interfere in half of the worlds, and reckless ones in a tenth: what they do to a
        // cluster hides what it does by itself.
        let interferes = random.below(2) == 0
        let isReckless = random.below(10) == 0
        if options.faults == .all {
            if !interferes { drawing.withheld.insert(.operators) }
            if !isReckless { drawing.withheld.insert(.reckless) }
        }
        hasData = random.below(2) == 0 && options.faults.contains(.lag)
        self.drawing = drawing
        carriesKeys = options.carriesKeys
        // Offsets are those of real streams then.
        if carriesKeys { hasData = true }
        if options.scenario != nil { playQuietly(options) }
    }

    /// A scenario is about one thing: all else is as in a good network of one place.
    private mutating func playQuietly(_ options: SimOptions) {
        delay = options.delay ?? 50...500
        lossPerMillion = options.lossPerMillion ?? 0
        diskDelay = options.diskDelay ?? 500...5000
        assignsEpochs = true
        hasData = false
        validityFactor = ClusterConfig().replicaValidityFactor
    }

    /// For reports.
    var text: String {
        "delay \(delay.lowerBound)-\(delay.upperBound) us, loss \(lossPerMillion) per million, "
            + "disk \(diskDelay.lowerBound)-\(diskDelay.upperBound) us, "
            + (drawing.map { "a fault each \($0.spacing) ms, " } ?? "faults as planned, ")
            + "config epochs \(assignsEpochs ? "assigned" : "left to collide"), "
            + "validity factor \(validityFactor), replicas \(carriesKeys ? "copy keys" : hasData ? "lag" : "hold no data")"
            + (drawing.map { ", spared \($0.withheld.isEmpty ? "nothing" : $0.withheld.list)" }
                ?? "")
    }
}
