// What theory says of a SWIM group, to be printed beside what a run came to: the time until the
// first detection, its bound, and how often a member that is up is taken for dead.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Formulas of Das, Gupta and Motivala, "SWIM", DSN 2002, in protocol periods.
package enum SwimTheory {
    /// The mean time until some member's probe of a crashed one fails: 1.58 periods when all others
    /// are up.
    /// - Parameter up: the share of the members that are up.
    /// - Source: section 3.1: 1/(1 - e^-q).
    package static func meanFirstDetection(up: Double = 1) -> Double { 1 / (1 - exp(-up)) }

    /// The periods within which each member has probed a crashed one itself, whatever the chance:
    /// once at the beginning of one pass through its list and once at the end of the next.
    /// - Source: section 4.3.
    package static func detectionBound(nodes: Int) -> Int { 2 * nodes - 1 }

    /// The chance that a probe of a member that is up fails: its own two messages, or one of the
    /// four by way of each helper, or the helper itself.
    /// - Source: section 3.1.
    package static func failedProbe(up: Double, delivered: Double, indirectChecks: Int) -> Double {
        let direct = 1 - delivered * delivered
        let indirect = 1 - up * pow(delivered, 4)
        return direct * pow(indirect, Double(indirectChecks))
    }

    /// PM: failed probes of a member that is up within the mean time until a first detection. A
    /// member is probed `up` times a period in the mean, so that the last factor of the paper's
    /// formula, e^q/(e^q - 1), is that time in periods: divide by it for a rate a period.
    /// - Source: section 3.1.
    package static func falsePositives(
        up: Double, delivered: Double, indirectChecks: Int
    ) -> Double {
        up * failedProbe(up: up, delivered: delivered, indirectChecks: indirectChecks)
            * meanFirstDetection(up: up)
    }

    /// What is known of a run of these options, by the names of its figures.
    package static func figures(of options: LabOptions) -> [(name: String, value: Double)] {
        guard options.nodes > 1, options.partition == nil, options.churn == 0, options.slow == 0,
            options.delay.upperBound == 0
        else { return [] }
        let up = 1 - options.down
        var figures = [
            ("firstDetection", meanFirstDetection(up: up)),
            ("firstDetectionBound", Double(detectionBound(nodes: options.nodes))),
        ]
        // With Lifeguard probes become fewer where they fail; the dead are soon probed no more.
        if options.down == 0, options.loss == 0 || !options.lifeguard {
            let failing = failedProbe(
                up: up, delivered: 1 - options.loss, indirectChecks: options.indirectChecks)
            figures.append(("falseSuspicionsPer1000NodePeriods", 1000 * failing))
        }
        return figures
    }

    /// How many times each node sends an update in all: the multiplier times log10(n + 1), rounded
    /// up.
    /// - Source: memberlist, util.go:78-82.
    package static func sends(multiplier: Int, nodes: Int) -> Int {
        var digits = 0
        var power = 1
        while power < nodes + 1 {
            power *= 10
            digits += 1
        }
        return multiplier * digits
    }
}
