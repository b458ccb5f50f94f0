// Running scenarios against servers, one after the other, each in a folder of its own, and judging:
// passed, failed, or it could not apply. A failure is played again with the server alone: if it fails
// there too, it lies in the server.

import SystemIO

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
    /// The same scenario fails with that server alone.
    package var liesInServer = false
    /// Where the files of a failed play are.
    package var folder: String?
}

/// Plays scenarios.
package struct ScenarioRunner {
    private let ours: ServerProgram
    private let folder: String

    /// - Parameters:
    ///   - executable: our program.
    ///   - folder: where plays keep their files; those of failed ones stay.
    package init(executable: String, folder: String) {
        ours = .ours(executable)
        self.folder = folder
    }

    /// Plays one scenario with one server.
    package func run(_ scenario: Scenario, with server: ReferenceServer) -> ScenarioResult {
        var result = ScenarioResult(
            scenario: scenario.name, server: server, outcome: .inapplicable, seconds: 0)
        if let obstacle = scenario.need?.obstacle(server) {
            result.reason = obstacle
            return result
        }
        let place = "\(folder)/\(scenario.name)-\(server.kind.rawValue)-\(server.version)"
        let start = SystemClock.monotonicMilliseconds()
        let failure = play(scenario, server, ours, place)
        result.seconds = Double(SystemClock.monotonicMilliseconds() - start) / 1000
        guard let failure else {
            result.outcome = .passed
            try? Folder.removeTree(place)
            return result
        }
        result.outcome = .failed
        result.reason = failure
        result.folder = place
        if let alone = play(scenario, server, .reference(server), "\(place)-alone") {
            result.liesInServer = true
            result.reason = "\(failure); with \(server) alone: \(alone)"
        }
        try? Folder.removeTree("\(place)-alone")
        return result
    }

    /// Plays it; nil when it passed, else what was amiss. All processes end with it.
    private func play(
        _ scenario: Scenario, _ server: ReferenceServer, _ ours: ServerProgram, _ place: String
    ) -> String? {
        do throws(SystemError) {
            try Folder.make(folder)
            try Folder.make(place)
        } catch {
            return "\(error)"
        }
        do throws(InteropError) {
            try scenario.play(Stage(server: server, ours: ours, folder: place))
            return nil
        } catch {
            return "\(error)"
        }
    }
}
