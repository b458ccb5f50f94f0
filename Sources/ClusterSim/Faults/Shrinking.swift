// Making a failure small enough to read: fewer nodes, fewer faults, a shorter run, as long as the same
// invariant is violated. It tries one thing after the other and keeps what works; runs are all that it asks.

import ClusterCore

/// A run that violates an invariant, and how many were tried to find it.
package struct Shrinking {
    package private(set) var seed: UInt64
    package private(set) var options: SimOptions
    package private(set) var outcome: Outcome
    package private(set) var runs = 0
    private let invariant: Invariant
    private let limit: Int
    private let run: (UInt64, SimOptions) -> Outcome

    /// Runs that are tried at most.
    package static let usualLimit = 300
    /// Seeds that are tried with fewer nodes: another size leads to other events.
    private static let seedsPerSize: UInt64 = 12
    private static let sizes = [(2, 1), (3, 1), (3, 3), (4, 4), (5, 5), (7, 7)]

    /// Shrinks a failure; nil when it is none.
    package init?(
        _ failure: Outcome, _ options: SimOptions, limit: Int = usualLimit,
        run: @escaping (UInt64, SimOptions) -> Outcome = { Simulation.run(seed: $0, $1) }
    ) {
        guard let violation = failure.violation else { return nil }
        seed = failure.seed
        self.options = options
        outcome = failure
        invariant = violation.invariant
        self.limit = limit
        self.run = run
        if options.keptFaults == nil && options.plan == nil { removeNodes() }
        removeFaults()
        shorten()
    }

    /// Keeps a change if the invariant is still violated.
    private mutating func attempt(_ seed: UInt64, _ options: SimOptions) -> Bool {
        guard runs < limit else { return false }
        runs += 1
        let outcome = run(seed, options)
        guard outcome.violation?.invariant == invariant else { return false }
        (self.seed, self.options, self.outcome) = (seed, options, outcome)
        return true
    }

    private mutating func removeNodes() {
        let count = options.masters + options.replicas
        for (masters, replicas) in Self.sizes where masters + replicas < count {
            var smaller = options
            (smaller.masters, smaller.replicas) = (masters, replicas)
            guard masters <= options.masters, replicas <= options.replicas,
                smaller.scenario?.refusal(smaller) == nil
            else { continue }
            for seed in [seed] + Array(1...Self.seedsPerSize) where attempt(seed, smaller) {
                return
            }
        }
    }

    /// Takes out parts of the plan, halves first, then ever smaller ones.
    private mutating func removeFaults() {
        guard options.scenario == nil else { return }
        var kept = options.keptFaults ?? Array(0..<outcome.plannedFaults)
        var parts = 2
        while !kept.isEmpty, runs < limit {
            let size = max(1, (kept.count + parts - 1) / parts)
            var start = 0
            var hasShrunk = false
            while start < kept.count {
                var fewer = options
                fewer.keptFaults = Array(kept[..<start] + kept[min(start + size, kept.count)...])
                if attempt(seed, fewer) {
                    kept = fewer.keptFaults ?? []
                    hasShrunk = true
                } else {
                    start += size
                }
            }
            if hasShrunk {
                parts = max(2, parts - 1)
            } else if size == 1 {
                return
            } else {
                parts = min(kept.count, 2 * parts)
            }
        }
    }

    /// Halves what may be cut off the end, to a tenth of a second.
    private mutating func shorten() {
        guard options.scenario == nil, options.plan == nil else { return }
        var least: Int64 = 0
        while options.duration - least > 100, runs < limit {
            var shorter = options
            shorter.duration = (least + (options.duration - least) / 2) / 100 * 100
            if !attempt(seed, shorter) { least = max(least + 100, shorter.duration) }
        }
    }
}
