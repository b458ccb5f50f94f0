// Running scenarios against servers, a few at a time, each in a folder and a row of ports of its own,
// and judging: passed, failed, or it could not apply. A failure is played again with the server alone:
// if it fails there too, it lies in the server. What a failed play leaves is kept; all else goes.

package import SystemIO

/// What became of a scenario with a server.
package struct ScenarioResult: Sendable {
    package enum Outcome: String, Sendable {
        case passed, failed, inapplicable
    }
    package var scenario: String
    package var server: ReferenceServer
    package var outcome: Outcome
    package var seconds: Double
    /// Why it failed or cannot apply.
    package var reason: String?
    /// What should be known although it passed.
    package var remarks: [String] = []
    /// The same scenario fails with that server alone.
    package var liesInServer = false
    /// The files of a failed play.
    package var artifacts: FailureArtifacts?
}

/// Plays scenarios.
package struct ScenarioRunner: Sendable {
    private let ours: ServerProgram
    private let folder: String
    private let capture: CaptureMeans
    private let stop: StopRequest
    /// Seconds that a play may take at most; nil for those that its scenario has.
    private let limitSeconds: Int?

    /// - Parameters:
    ///   - executable: our program.
    ///   - folder: where plays keep their files; those of failed ones stay.
    ///   - stop: ends all plays when it is made.
    package init(
        executable: String, folder: String, capture: CaptureMeans, stop: StopRequest,
        limitSeconds: Int? = nil
    ) {
        ours = .ours(executable)
        self.folder = folder
        self.capture = capture
        self.stop = stop
        self.limitSeconds = limitSeconds
    }

    /// Plays every scenario with every server, some at a time, and calls `report` with each result
    /// as it comes, one at a time. Returns when all are played or the stop was asked for.
    /// - Returns: all results, server by server in the order of the scenarios.
    package func run(
        _ scenarios: [InteropScenario], with servers: [ReferenceServer], jobs: Int,
        report: @escaping @Sendable (ScenarioResult) -> Void
    ) throws(SystemError) -> [ScenarioResult] {
        let plays = servers.flatMap { server in scenarios.map { (scenario: $0, server: server) } }
        let queue = WorkQueue<ScenarioResult>(count: plays.count)
        let worker: @Sendable () -> Void = {
            while !stop.isMade, let index = queue.takeNext() {
                let play = plays[index]
                guard let result = self.run(play.scenario, with: play.server, among: servers)
                else { continue }
                queue.finish(index, result, report: report)
            }
        }
        try Self.start(min(jobs, max(1, plays.count)), worker)
        return queue.results
    }

    /// Runs a body so many times side by side, once of them on this thread.
    private static func start(
        _ count: Int, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        guard count > 1 else { return body() }
        let thread = try Thread(body)
        let result: Result<Void, SystemError>
        do throws(SystemError) {
            try start(count - 1, body)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        thread.join()
        try result.get()
    }

    /// Plays one scenario with one server.
    /// - Returns: nil when it was interrupted.
    private func run(
        _ scenario: InteropScenario, with server: ReferenceServer, among servers: [ReferenceServer]
    ) -> ScenarioResult? {
        var result = ScenarioResult(
            scenario: scenario.name, server: server, outcome: .inapplicable, seconds: 0)
        if let obstacle = scenario.need?.obstacle(server, among: servers) {
            result.reason = obstacle
            return result
        }
        let place = "\(folder)/\(scenario.name)-\(server.kind.rawValue)-\(server.version)"
        let start = SystemClock.monotonicMilliseconds()
        let play = Play(scenario: scenario, server: server, servers: servers)
        let failure = self.play(play, ours, place, capture, &result.remarks)
        if stop.isMade { return nil }
        result.seconds = Double(SystemClock.monotonicMilliseconds() - start) / 1000
        guard let failure else {
            result.outcome = .passed
            try? Folder.removeTree(place)
            return result
        }
        result.outcome = .failed
        result.reason = "\(failure.error)"
        result.artifacts = failure.artifacts
        guard scenario.isComparable else { return result }
        let alone = "\(place)-alone"
        var ignored: [String] = []
        if let failure = self.play(play, .reference(server), alone, nil, &ignored) {
            result.liesInServer = failure.isVerdict
            result.reason = "\(result.reason ?? ""); with \(server) alone: \(failure.error)"
        }
        try? Folder.removeTree(alone)
        return result
    }

    /// What is played.
    private struct Play {
        let scenario: InteropScenario
        let server: ReferenceServer
        let servers: [ReferenceServer]
    }

    private struct Failure {
        let error: InteropError
        let artifacts: FailureArtifacts

        /// It says something of the server: that time was over, or somebody interrupted, does not.
        var isVerdict: Bool {
            switch error {
            case .outOfTime, .stopped, .system, .noFreePorts: false
            default: true
            }
        }
    }

    /// Plays it; nil when it passed, else what was amiss. All processes end with it.
    private func play(
        _ play: Play, _ ours: ServerProgram, _ place: String, _ capture: CaptureMeans?,
        _ remarks: inout [String]
    ) -> Failure? {
        // What an earlier run left there would be taken for part of this one.
        try? Folder.removeTree(place)
        var environment = ClusterEnvironment()
        environment.deadline = Deadline(
            seconds: limitSeconds ?? play.scenario.limitSeconds, stop: stop)
        environment.capture = capture
        let context = ScenarioContext(
            server: play.server, among: play.servers, ours: ours, folder: place,
            environment: environment)
        var failure: InteropError?
        do throws(InteropError) {
            try play.scenario.play(context)
        } catch {
            failure = error
        }
        context.end()
        remarks = context.remarks
        return failure.map { Failure(error: $0, artifacts: context.artifacts()) }
    }
}
