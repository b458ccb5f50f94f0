// Runs of the gossip laboratory on all cores. They are put together in the order of their seeds, so that the
// figures are the same with any number of threads.

import GossipLab
import SystemIO

/// Where the runs of a call come from.
struct GossipRuns {
    let seeds: ClosedRange<UInt64>
    let threads: Int

    static let options = [
        Option("--seed", value: "N", "one run"),
        Option("--seeds", value: "A-B", "one run for each; default 1-100, above 10^5 nodes 1-10"),
        Option("--threads", value: "T", "runs at a time, default one a core"),
    ]

    /// Runs of one call: each leaves a few figures.
    private static let limit: UInt64 = 1_000_000
    /// So many runs at most are one piece of work.
    private static let pieceLimit = 64

    init(_ arguments: Arguments, usual: ClosedRange<UInt64>) throws(UsageError) {
        threads = try arguments.number(
            "--threads", in: 1...1024, default: max(1, MachineUsage.processorCount))
        if let text = arguments.value("--seed") {
            guard arguments.value("--seeds") == nil else {
                throw UsageError("--seed and --seeds exclude each other")
            }
            guard let seed = UInt64(text) else {
                throw UsageError("--seed must be a number, not \(text)")
            }
            seeds = seed...seed
        } else if let text = arguments.value("--seeds") {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
                first <= last
            else { throw UsageError("--seeds must be A-B, not \(text)") }
            guard last - first < Self.limit else {
                throw UsageError("more than \(Self.limit) runs")
            }
            seeds = first...last
        } else {
            seeds = usual
        }
    }

    /// Runs each of the options with each seed.
    func summaries(_ all: [LabOptions]) throws(UsageError) -> [Summary] {
        var summaries = all.map { Summary($0) }
        try run(all) { place, result in summaries[place].add(result) }
        return summaries
    }

    /// Runs each of the options with each seed, and tells the results in that order.
    func run(_ all: [LabOptions], each tell: (_ place: Int, RunResult) -> Void) throws(UsageError) {
        try run(places: all.count, { GossipBus.run(all[$0], seed: $1) }, each: tell)
    }

    /// Does the work of each place with each seed, and tells the results in that order.
    func run<Result: Sendable>(
        places: Int, _ work: @escaping @Sendable (_ place: Int, _ seed: UInt64) -> Result,
        each tell: (_ place: Int, Result) -> Void
    ) throws(UsageError) {
        let count = Int(seeds.upperBound - seeds.lowerBound) + 1
        let size = max(1, min(Self.pieceLimit, count / (4 * threads)))
        let pieces = (count + size - 1) / size
        var progress = Progress(total: places * count)
        var done = 0
        var trap: String?
        let first = seeds.lowerBound
        do throws(SystemError) {
            try Workers.run(
                count: places * pieces, threads: threads,
                work: { piece -> Piece<Result> in
                    let start = piece % pieces * size
                    return .results(
                        (start..<min(count, start + size)).map {
                            work(piece / pieces, first + UInt64($0))
                        })
                },
                trapped: { piece, signal in
                    .trap(
                        "a run ended by signal \(signal), near seed \(first + UInt64(piece % pieces * size))"
                    )
                },
                each: { piece, outcome in
                    switch outcome {
                    case .trap(let text):
                        trap = text
                        return false
                    case .results(let results):
                        for result in results { tell(piece / pieces, result) }
                        done += results.count
                        progress.done(done)
                        return true
                    }
                },
                meanwhile: { progress.tell() })
        } catch {
            throw UsageError("\(error)")
        }
        progress.clear()
        if let trap { throw UsageError(trap) }
    }

    /// What a piece of work came to.
    private enum Piece<Result: Sendable>: Sendable {
        case results([Result])
        case trap(String)
    }
}
