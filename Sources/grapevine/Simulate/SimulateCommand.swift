// `grapevine simulate`: whole clusters in one thread each, one seed after another on all cores, until a
// promise is broken or all seeds are through; and what a failover takes and the bus costs, by scenario.
// What is promised, and how a scenario goes, is ClusterSim's.

import ClusterCore
import ClusterSim
import SystemIO

enum SimulateCommand {
    static let command = Command(
        name: "simulate", summary: "Runs whole clusters under faults, or one scenario.",
        operands: "", options: SimulateCall.options, notes: SimulateCall.notes,
        run: { arguments throws(UsageError) in try run(try SimulateCall(arguments)) })

    private static func run(_ call: SimulateCall) throws(UsageError) -> Int32 {
        if !call.isJSON { show(call.heading) }
        let begun = SystemClock.monotonicNanoseconds()
        var reports = call.cases.map { SimulateReport(seeds: call.seeds, options: $0) }
        let jobs = call.cases.indices.flatMap { place in call.seeds.map { (place, $0) } }
        var progress = Progress(total: jobs.count)
        var trace: [String] = []
        var failure: (place: Int, outcome: Outcome)?
        var smaller: Shrinking?
        let stopwatch = Stopwatch { SystemClock.monotonicNanoseconds() }
        do throws(SystemError) {
            try Workers.run(
                count: jobs.count, threads: call.threads,
                work: { index in
                    let (place, seed) = jobs[index]
                    return Simulation.run(seed: seed, call.cases[place], stopwatch: stopwatch)
                },
                trapped: { Outcome.trapped(seed: jobs[$0].1, signal: $1) },
                each: { index, outcome in
                    let place = jobs[index].0
                    reports[place].add(outcome)
                    if call.tracePath != nil { trace = outcome.lines }
                    progress.done(index + 1)
                    guard outcome.violation != nil else { return true }
                    progress.clear()
                    if !call.isJSON { show(reports[place].failure(outcome)) }
                    // One that trapped tells nothing more, and its seed cannot be looked into from here.
                    if outcome.violation?.invariant == .noTrap { return true }
                    if failure == nil { failure = (place, outcome) }
                    return call.keepsGoing
                },
                meanwhile: { progress.tell() })
        } catch {
            throw UsageError("\(error)")
        }
        progress.clear()
        if let failure, call.shrinks {
            smaller = shrink(failure.outcome, call, &reports[failure.place])
        }
        let wallSeconds = Double(SystemClock.monotonicNanoseconds() - begun) / 1e9
        reports.removeAll { $0.runs == 0 }
        try writeFiles(call, trace, reports, plan: (failure, smaller))
        show(
            call.isJSON
                ? SimulateJSON.text(reports, wallSeconds: wallSeconds)
                : SimulateText.summary(reports, wallSeconds: wallSeconds))
        return reports.allSatisfy { $0.violations.isEmpty } ? 0 : 1
    }

    /// Writes the files that were asked for: the trace, the plan of what was violated, the picture.
    private static func writeFiles(
        _ call: SimulateCall, _ trace: [String], _ reports: [SimulateReport],
        plan: (failure: (place: Int, outcome: Outcome)?, smaller: Shrinking?)
    ) throws(UsageError) {
        if let path = call.tracePath {
            try write(trace.joined(separator: "\n") + "\n", to: path)
        }
        if let path = call.planPath {
            try writePlan(of: plan.failure, plan.smaller, call, to: path)
        }
        if let path = call.plotPath { try write(SimulatePicture(reports).svg, to: path) }
    }

    /// Looks for a smaller run that breaks the same promise, and tells how to have it. Returns it.
    private static func shrink(
        _ failure: Outcome, _ call: SimulateCall, _ report: inout SimulateReport
    ) -> Shrinking? {
        var progress = Progress(total: Shrinking.usualLimit, "tries of a smaller run")
        var count = 0
        let shrunk = Shrinking(failure, report.options) { seed, options in
            count += 1
            progress.done(count)
            return Simulation.run(seed: seed, options)
        }
        progress.clear()
        guard let shrunk, shrunk.outcome != failure else { return nil }
        report.smaller = (failure.seed, shrunk.seed, shrunk.options)
        if !call.isJSON { show(report.shrunk(shrunk)) }
        return shrunk
    }

    /// Of the smaller run, of the first that broke a promise, or of the only one.
    private static func writePlan(
        of failure: (place: Int, outcome: Outcome)?, _ smaller: Shrinking?, _ call: SimulateCall,
        to path: String
    ) throws(UsageError) {
        if let smaller {
            let violation = smaller.outcome.violation
            try write(SimulatePlan.text(of: smaller.seed, smaller.options, violation), to: path)
        } else if let failure {
            let (seed, options) = (failure.outcome.seed, call.cases[failure.place])
            try write(SimulatePlan.text(of: seed, options, failure.outcome.violation), to: path)
        } else if call.seeds.count == 1, call.cases.count == 1 {
            try write(SimulatePlan.text(of: call.seeds.lowerBound, call.cases[0], nil), to: path)
        }
    }

    private static func show(_ text: String) {
        var output = Output()
        output.bytes.append(contentsOf: text.utf8)
        _ = output.flush()
    }

    private static func write(_ text: String, to path: String) throws(UsageError) {
        do throws(SystemError) {
            try File.write(Array(text.utf8), to: path)
        } catch {
            throw UsageError("\(path): \(error.reason)")
        }
    }
}
