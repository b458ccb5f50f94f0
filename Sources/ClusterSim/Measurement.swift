// Timing one thing in a world without faults: how long a cluster takes to form, to replace a master
// that dies, and to learn of a new node. The clocks are virtual, so what is measured is the rules.

import ClusterCore

package enum Measurement {
    /// What is timed.
    package enum Kind: String, Sendable {
        /// From the death of a master until all survivors agree on its heir and are ok.
        case failover
        /// From the first MEET until all nodes know all and are ok.
        case formation
        /// From the MEET of a new node until all know it.
        case join
    }

    /// Times one thing once. The figure is named as the kind; without one the promise of a bounded
    /// time was broken.
    package static func run(_ kind: Kind, seed: UInt64, _ options: SimOptions) -> Outcome {
        var options = options
        options.faults = []
        if options.delay == nil { options.delay = 50...500 }
        if options.lossPerMillion == nil { options.lossPerMillion = 0 }
        if kind == .join { options.replicas += 1 }
        var world = World(seed: seed, options)
        var figures: [Measured] = []
        let time: Double?
        switch kind {
        case .failover: time = world.timeFailover()
        case .formation: time = world.timeFormation()
        case .join: time = world.timeJoin()
        }
        if let time { figures.append(Measured(name: kind.rawValue, value: time)) }
        return world.outcome(seed, figures)
    }
}

extension World {
    fileprivate mutating func timeFormation() -> Double? {
        operators.replicates = false
        return form()
    }

    fileprivate mutating func timeFailover() -> Double? {
        guard form() != nil else { return nil }
        run(until: now + 3_000_000 + Int64(random.below(Int(options.nodeTimeout) * 1000)))
        let begun = now
        trace.tell(now, "measured: n0 dies")
        crash(0, isSilent: false)
        return waitUntil(begun, among: Array(nodes.indices.dropFirst()))
    }

    /// The last node is not met at first.
    fileprivate mutating func timeJoin() -> Double? {
        let newcomer = nodes.count - 1
        let others = Array(nodes.indices.dropLast())
        operators.absent = newcomer
        operators.replicates = false
        guard form() != nil else { return nil }
        run(until: now + 3_000_000 + Int64(random.below(1_000_000)))
        operators.absent = nil
        let begun = now
        meet(newcomer, from: random.below(others.count))
        return waitUntil(begun, among: Array(nodes.indices))
    }

    /// Milliseconds until these agree, or nil when they take too long.
    private mutating func waitUntil(_ begun: Int64, among group: [Int]) -> Double? {
        let end = begun + (10 * options.nodeTimeout + 20_000) * 1000
        var agreement = Agreement(heirsMustServe: true)
        while broken == nil {
            run(until: now + 5000)
            guard let text = agreement.problem(group, machines) else {
                return Double(now - begun) / 1000
            }
            if now >= end { fail(.agreement, text) }
        }
        return nil
    }
}
