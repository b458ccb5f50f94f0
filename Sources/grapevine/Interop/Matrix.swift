// What became of all plays of `interop`, scenario × server, as text and as JSON. The page is in MatrixPage.

import Interop
import RESP
import Text

/// InteropScenario × server.
struct Matrix {
    var scenarios: [InteropScenario]
    var servers: [ReferenceServer]
    var results: [ScenarioResult]

    var hasFailed: Bool { results.contains { $0.outcome == .failed } }

    func result(_ scenario: InteropScenario, _ server: ReferenceServer) -> ScenarioResult? {
        results.first { $0.scenario == scenario.name && $0.server == server }
    }

    /// The outcome in a word, with whose fault it is.
    static func word(_ result: ScenarioResult) -> String {
        result.liesInServer ? "fails, and with that server alone" : result.outcome.rawValue
    }

    static func cell(_ result: ScenarioResult?) -> String {
        switch result?.outcome {
        case nil: ""
        case .passed: result?.remarks.isEmpty == false ? "ok*" : "ok"
        case .failed: result?.liesInServer == true ? "theirs" : "FAILED"
        case .inapplicable: "-"
        }
    }

    /// A reason of several lines below the line that it belongs to.
    static func indented(_ reason: String) -> String {
        reason.split(whereSeparator: \.isNewline).joined(separator: "\n    ")
    }

    var text: String {
        var rows = [["scenario"] + servers.map { "\($0)" }]
        for scenario in scenarios {
            rows.append([scenario.name] + servers.map { Self.cell(result(scenario, $0)) })
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for row in rows {
            let cells = zip(row, widths).map {
                $0 + String(repeating: " ", count: $1 - $0.count)
            }
            text += cells.joined(separator: "  ") + "\n"
        }
        text += "\nok: passed; ok*: passed, with a remark; -: cannot apply; "
        text += "theirs: fails with that server alone too\n"
        var told: Set<String> = []
        for result in results {
            for remark in result.remarks {
                let line = "\(result.scenario): \(remark)"
                if told.insert(line).inserted { text += PrintableText.lines(line) + "\n" }
            }
            guard let reason = result.reason else { continue }
            let suffix = result.outcome == .failed ? " with \(result.server)" : ""
            let line = "\(result.scenario)\(suffix): \(Self.indented(reason))"
            if told.insert(line).inserted { text += PrintableText.lines(line) + "\n" }
        }
        return text
    }

    var json: [UInt8] {
        var json = JSONText()
        json.object { json in
            json.list("servers") { json in
                for server in servers {
                    json.object { json in
                        json.field("name", server.kind.rawValue)
                        json.field("version", server.version)
                    }
                }
            }
            json.list("results") { json in
                for result in results { Self.write(result, &json) }
            }
        }
        json.endLine()
        return json.bytes
    }

    private static func write(_ result: ScenarioResult, _ json: inout JSONText) {
        json.object { json in
            json.field("scenario", result.scenario)
            json.field("server", "\(result.server)")
            json.field("outcome", result.outcome.rawValue)
            json.field("seconds", result.seconds, decimals: 3)
            json.field("reason", result.reason)
            json.field("remarks", result.remarks)
            json.field("liesInServer", result.liesInServer)
            if let artifacts = result.artifacts { write(artifacts, &json) }
        }
    }

    private static func write(_ artifacts: FailureArtifacts, _ json: inout JSONText) {
        json.field("folder", artifacts.folder)
        json.list("logs") { json in
            for log in artifacts.logs {
                json.object { json in
                    json.field("server", log.server)
                    json.field("file", log.file)
                }
            }
        }
        json.field("captures", artifacts.captures)
    }
}
