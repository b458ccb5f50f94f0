// Runs the scenario files below Fixtures/scenarios: scripts of what happens to one machine, with what
// it asks for below each step. The format is described in Fixtures/README.md; the interpreter is in
// Scenario.swift. UPDATE_FIXTURES=1 rewrites the expected lines.

import TestSupport
import Testing

@testable import ClusterCore

struct ScenarioTests {
    static func files() -> [String] {
        let folder = "scenarios"
        let rules = (try? Fixture.names(in: folder)) ?? []
        return rules.flatMap { rule in
            ((try? Fixture.names(in: "\(folder)/\(rule)", ending: ".txt")) ?? [])
                .map { "\(folder)/\(rule)/\($0)" }
        }
    }

    @Test(arguments: files())
    func `a scenario goes as its file says`(name: String) throws {
        var scenario = Scenario()
        let played = try scenario.play(Fixture.text(name))
        Fixture.expectGolden(played, name)
    }

    @Test func `there are scenarios for the worked sequences`() {
        #expect(Self.files().count >= 6)
    }

    @Test(arguments: ["> dance", "> hear ping from", "> hear hello from b", "> wait soon", "b"])
    func `a script that makes no sense is refused`(line: String) {
        var scenario = Scenario()
        #expect(throws: Scenario.Fault.self) {
            try scenario.play("node m myself,master - 1 0-5\nnode b master - 2\n\(line)\n")
        }
    }
}
