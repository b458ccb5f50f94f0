// Push-sum: each node learns an aggregate of the values of all by halving what it holds, in fixed
// point, so that what is conserved can be checked to the last bit. What a lost message does to it
// is to be seen: the mass that it carried is gone, unless the sender takes it back.

import Determinism

/// Each node holds a sum s and a weight w. In each round it keeps one part of both and sends the
/// others; its estimate is s/w. The sums over all nodes of s and of w never change.
///
/// The mean starts with w = 1 everywhere, the sum with w = 1 at one node and 0 elsewhere, and the
/// count with s = 1 everywhere and w as for the sum. The maximum needs no weights: each sends the
/// largest value that it has heard of.
///
/// A node knows the aggregate as long as its estimate is within one percent of the truth: it is
/// infective in the curve, and its first receipt is the round since which it has been so until the
/// end.
/// - Source: Kempe, Dobra and Gehrke, "Gossip-based computation of aggregate information" (FOCS
///   2003), protocol Push-Sum.
package enum PushSum {
    /// The relative error at which a node counts as one that knows.
    package static let accuracy = 0.01
    /// Estimates this close to each other, relative to the truth, are the same: nothing changes
    /// any more.
    static let agreement = 1e-9

    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        let course = course(options, seed: seed)
        var result = RunResult(seed: seed)
        course.complete(&result)
        return result
    }

    /// The largest relative error of any node that is up, after round 0, 1, 2, …. A node that has
    /// no weight yet has no estimate: its error is 1.
    package static func trace(_ options: LabOptions, seed: UInt64) -> [Double] {
        course(options, seed: seed).errors
    }

    private static func course(_ options: LabOptions, seed: UInt64) -> PushSumCourse {
        var random = SplitMix64(seed: seed)
        var course = PushSumCourse(options, &random)
        while course.round < options.roundsLimit && !course.isSettled
            && !(options.until == .allKnow && course.allKnow)
        {
            course.run(&random)
        }
        return course
    }

    /// What the error is multiplied by in a round, in the long run: the potential, a sum of
    /// squares, falls by a half in expectation.
    package static var errorFactor: Double { 0.5.squareRoot() }
}
