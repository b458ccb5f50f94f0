// Runs the scenario files below Fixtures/scenarios, a folder a rule: scripts of what happens to one machine,
// with what it asks for below each step. The language is described in Fixtures/README.md; the interpreter is
// in RuleScenario.swift. UPDATE_FIXTURES=1 rewrites the expected lines.

import TestSupport
import Testing

@testable import ClusterCore

struct RuleScenarioTests {
    private static let folder = "scenarios"

    private static func files(of rule: String) -> [String] {
        ((try? Fixture.names(in: "\(folder)/\(rule)", ending: ".txt")) ?? [])
            .map { "\(folder)/\(rule)/\($0)" }
    }

    static func files() -> [String] {
        ((try? Fixture.names(in: folder)) ?? []).flatMap(files(of:))
    }

    @Test(arguments: files())
    func `a scenario goes as its file says`(name: String) throws {
        var scenario = RuleScenario()
        let played = try scenario.play(Fixture.text(name), named: "Fixtures/\(name)")
        Fixture.expectGolden(played, name)
    }

    @Test(arguments: Order.rules)
    func `each rule is shown by a scenario in the folder of its name`(rule: String) {
        #expect(!Self.files(of: rule).isEmpty)
    }

    @Test func `each folder of scenarios is named as a rule`() throws {
        for name in try Fixture.names(in: Self.folder) { #expect(Order.rules.contains(name)) }
    }

    @Test(arguments: files())
    func `a scenario begins with which rule it shows and where the protocol has it`(
        name: String
    ) throws {
        let head = try Fixture.text(name).split(separator: "\n").prefix { $0.hasPrefix("#") }
        #expect(head.contains { $0.contains("§") })
        #expect(head.first?.hasPrefix("# ") == true)
    }

    @Test(arguments: [
        "> dance", "> receive ping from", "> receive hello from b", "> wait soon", "b",
        "> receive ping from b slots all", "> receive ping from b loudly", "> tick twice",
        "> connected b", "> lost c", "> receive fail from b", "> show everybody", "situation",
        "> receive ping from b gossip c:gone", "> configure cluster-color red",
        "config x y\n> tick",
    ])
    func `a script that makes no sense is refused with its line`(line: String) throws {
        var scenario = RuleScenario()
        let fault = try #require(throws: RuleScenario.Fault.self) {
            try scenario.play("node m myself,master - 1 0-5\nnode b master - 2\n\(line)\n")
        }
        #expect(fault.line == (line.hasPrefix("config") ? 4 : 3))
        #expect("\(fault)".hasPrefix("script:\(fault.line): "))
    }

    @Test func `a situation begins again from what stands before the first`() throws {
        let script = """
            node m myself,master - 1 0-5
            situation with b
            node b master - 2
            > show b
            situation alone
            > show b

            """
        var scenario = RuleScenario()
        let lines = try scenario.play(script).split(separator: "\n").filter { $0.hasPrefix("<") }
        #expect(lines.count == 2)
        #expect(lines.first?.contains("master at 127.0.0.1:7001@17001") == true)
        #expect(lines.last == "< b: unknown")
    }
}
