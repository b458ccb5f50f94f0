// Many independent pieces of work on all cores. Results come back in the order of the work, on the
// thread that asked, so that what comes of them does not depend on how many threads there were.

import Synchronization
import SystemIO

enum Workers {
    /// So many results may wait for an earlier one.
    private static let runAhead = 64
    private static let napMilliseconds = 5

    /// With so many pieces of work that ended by a trap it is over: what they held is never given back.
    private static let trapLimit = 100

    /// One thread, and what it is at.
    private final class Worker: Sendable {
        let trap = TrapWatch()
        let place = Mutex<Int?>(nil)
    }

    /// Does `count` pieces of work.
    /// - Parameters:
    ///   - work: does one; on any thread.
    ///   - trapped: the result of one that ended by this signal.
    ///   - each: takes a result, in order; false ends it all, and later work that was done is lost.
    ///   - meanwhile: called now and then.
    static func run<Result: Sendable>(
        count: Int, threads: Int, work: @escaping @Sendable (Int) -> Result,
        trapped: (Int, Int32) -> Result, each: (Int, Result) -> Bool, meanwhile: () -> Void
    ) throws(SystemError) {
        let queue = WorkQueue<Result>(count: count, runAhead: runAhead)
        func start() throws(SystemError) -> Worker {
            let worker = Worker()
            // Nobody joins them: results that come after the last one was told are dropped.
            _ = try Thread {
                worker.trap.watchThisThread()
                while !queue.isEmpty {
                    guard let place = queue.takeNext() else {
                        SystemClock.sleep(milliseconds: napMilliseconds)
                        continue
                    }
                    worker.place.withLock { $0 = place }
                    queue.finish(place, work(place))
                    worker.place.withLock { $0 = nil }
                }
            }
            return worker
        }
        try TrapWatch.begin()
        var workers: [Worker] = []
        for _ in 0..<max(1, min(threads, count)) { workers.append(try start()) }
        var traps = 0
        work: for place in 0..<count {
            var result: Result?
            while result == nil {
                result = queue.collect(place)
                guard result == nil else { break }
                for index in workers.indices {
                    guard let signal = workers[index].trap.signal,
                        let stopped = workers[index].place.withLock({ $0 })
                    else { continue }
                    queue.finish(stopped, trapped(stopped, signal))
                    traps += 1
                    guard traps < trapLimit else { break work }
                    // Another thread takes its place.
                    workers[index] = try start()
                }
                meanwhile()
                SystemClock.sleep(milliseconds: napMilliseconds)
            }
            if let result, !each(place, result) { break }
        }
        queue.stop()
    }
}

/// How far long work is, on standard error: in place on a terminal, else a line now and then.
struct Progress {
    let total: Int
    private var count = 0
    private var toldAt: Int64
    private let begun: Int64
    private var isShown = false
    private let isTerminal = StandardStream.errors.isTerminal
    private let what: String

    private static let terminalInterval: Int64 = 200_000_000
    private static let lineInterval: Int64 = 5_000_000_000

    init(total: Int, _ what: String = "runs") {
        self.total = total
        self.what = what
        begun = SystemClock.monotonicNanoseconds()
        toldAt = begun
    }

    mutating func done(_ count: Int) {
        self.count = count
        tell()
    }

    mutating func tell() {
        let now = SystemClock.monotonicNanoseconds()
        guard now - toldAt >= (isTerminal ? Self.terminalInterval : Self.lineInterval) else {
            return
        }
        toldAt = now
        let seconds = (now - begun) / 1_000_000_000
        let text = "\(count) of \(total) \(what), \(seconds) s"
        StandardStream.errors.write(isTerminal ? "\r\(text)" : "\(text)\n")
        isShown = true
    }

    /// Takes away what a terminal shows.
    mutating func clear() {
        if isShown && isTerminal { StandardStream.errors.write("\r\u{1B}[K") }
        isShown = false
    }
}
