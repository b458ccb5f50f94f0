// `grapevine interop`: scenarios with real servers of several versions beside our nodes, and a matrix
// at the end: as text, as JSON, and as a page.

import Interop
import SystemIO

enum InteropCommand {
    static let command = Command(
        name: "interop", summary: "Plays scenarios with real servers and shows a matrix.",
        operands: "",
        options: [
            Option("--peer", value: "PATH", "a server to play with; may be given more than once"),
            Option("--peers", value: "DIR", "every server in DIR/bin, each version once"),
            Option("--scenario", value: "NAME", "this scenario alone; may be given more than once"),
            Option("--list", "names the scenarios and ends"),
            Option("--json", "one JSON object"),
            Option("--html", value: "FILE", "writes the matrix as a page too"),
            Option("--dir", value: "FOLDER", "where failed plays leave their files"),
        ],
        notes: [
            "Without --peer and --peers, the servers on PATH are played with.",
            "Exit status 1 when a scenario failed.",
        ],
        run: { arguments throws(UsageError) in
            if arguments.has("--list") { return list() }
            let servers = try servers(arguments)
            guard !servers.isEmpty else {
                throw UsageError(
                    "no server was found: install redis-server, or name one by --peer or --peers")
            }
            let scenarios = try chosen(arguments.all("--scenario"))
            return try play(scenarios, servers, arguments)
        })

    private static func list() -> Int32 {
        let width = Scenario.all.map(\.name.count).max() ?? 0
        for scenario in Scenario.all {
            let space = String(repeating: " ", count: width - scenario.name.count)
            StandardStream.output.write("\(scenario.name)\(space)  \(scenario.summary)\n")
        }
        return 0
    }

    private static func servers(
        _ arguments: Arguments
    ) throws(UsageError) -> [ReferenceServer] {
        var servers: [ReferenceServer] = []
        for path in arguments.all("--peer") {
            do throws(InteropError) {
                servers.append(try ReferenceServer(path: path))
            } catch {
                throw UsageError("\(error)")
            }
        }
        for folder in arguments.all("--peers") {
            let bin = "\(folder)/bin"
            servers += ReferenceServer.servers(in: File.isFolder(bin) ? bin : folder)
        }
        if arguments.all("--peer").isEmpty && arguments.all("--peers").isEmpty {
            servers = ReferenceServer.Kind.allCases.compactMap { ReferenceServer.installed($0) }
        }
        return servers
    }

    private static func chosen(_ names: [String]) throws(UsageError) -> [Scenario] {
        guard !names.isEmpty else { return Scenario.all }
        var scenarios: [Scenario] = []
        for name in names {
            guard let scenario = Scenario.all.first(where: { $0.name == name }) else {
                throw UsageError("unknown scenario \(name); see grapevine interop --list")
            }
            scenarios.append(scenario)
        }
        return scenarios
    }

    private static func play(
        _ scenarios: [Scenario], _ servers: [ReferenceServer], _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        let executable: String
        let folder: String
        do throws(SystemError) {
            executable = try File.ownExecutable()
            if let given = arguments.value("--dir") {
                folder = given
            } else {
                folder = try TemporaryFolder(prefix: "interop", isKept: true).path
            }
        } catch {
            throw UsageError("\(error)")
        }
        let runner = ScenarioRunner(executable: executable, folder: folder)
        var results: [ScenarioResult] = []
        for server in servers {
            for scenario in scenarios {
                let result = runner.run(scenario, with: server)
                results.append(result)
                progress(result)
            }
        }
        if results.allSatisfy({ $0.outcome != .failed }) { try? Folder.removeTree(folder) }
        let matrix = Matrix(scenarios: scenarios, servers: servers, results: results)
        if let file = arguments.value("--html") {
            do throws(SystemError) {
                try File.write(Array(MatrixPage.html(matrix).utf8), to: file)
            } catch {
                throw UsageError("\(error)")
            }
        }
        StandardStream.output.write(
            arguments.has("--json") ? matrix.json : Array(matrix.text.utf8))
        return matrix.hasFailed ? 1 : 0
    }

    private static func progress(_ result: ScenarioResult) {
        var line = "\(result.server)  \(result.scenario)  \(result.outcome.rawValue)"
        if result.outcome != .inapplicable { line += "  \(Matrix.seconds(result.seconds)) s" }
        if let reason = result.reason { line += "  \(reason)" }
        if let folder = result.folder { line += "  (files in \(folder))" }
        StandardStream.errors.write(line + "\n")
    }
}

/// Scenario × server.
struct Matrix {
    var scenarios: [Scenario]
    var servers: [ReferenceServer]
    var results: [ScenarioResult]

    var hasFailed: Bool { results.contains { $0.outcome == .failed && !$0.liesInServer } }

    func result(_ scenario: Scenario, _ server: ReferenceServer) -> ScenarioResult? {
        results.first { $0.scenario == scenario.name && $0.server == server }
    }

    static func seconds(_ value: Double) -> String {
        var json = JSONText()
        json.number(value, decimals: 1)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    static func cell(_ result: ScenarioResult?) -> String {
        switch result?.outcome {
        case nil: ""
        case .passed: "ok"
        case .failed: result?.liesInServer == true ? "theirs" : "FAILED"
        case .inapplicable: "-"
        }
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
        text += "\nok: passed; -: cannot apply; theirs: fails with that server alone too\n"
        var told: Set<String> = []
        for result in results {
            guard let reason = result.reason else { continue }
            let suffix = result.outcome == .failed ? " with \(result.server)" : ""
            let line = "\(result.scenario)\(suffix): \(reason)"
            if told.insert(line).inserted { text += line + "\n" }
        }
        return text
    }

    var json: [UInt8] {
        var json = JSONText()
        json.object { json in
            json.key("servers")
            json.list { json in
                for server in servers {
                    json.object { json in
                        json.key("name")
                        json.string(server.kind.rawValue)
                        json.key("version")
                        json.string(server.version)
                    }
                }
            }
            json.key("results")
            json.list { json in
                for result in results { Self.write(result, &json) }
            }
        }
        json.endLine()
        return json.bytes
    }

    private static func write(_ result: ScenarioResult, _ json: inout JSONText) {
        json.object { json in
            json.key("scenario")
            json.string(result.scenario)
            json.key("server")
            json.string("\(result.server)")
            json.key("outcome")
            json.string(result.outcome.rawValue)
            json.key("seconds")
            json.number(result.seconds, decimals: 3)
            json.key("reason")
            if let reason = result.reason { json.string(reason) } else { json.null() }
        }
    }
}

/// The matrix as one page that needs nothing else.
enum MatrixPage {
    static func html(_ matrix: Matrix) -> String {
        let head = matrix.servers.map { "<th>\(escaped("\($0)"))</th>" }.joined()
        var body = ""
        for scenario in matrix.scenarios {
            body += "<tr><th title=\"\(escaped(scenario.summary))\">\(scenario.name)</th>"
            for server in matrix.servers {
                let result = matrix.result(scenario, server)
                let kind = Matrix.cell(result)
                let title = escaped(result?.reason ?? "")
                body += "<td class=\"\(kind == "-" ? "none" : kind)\" title=\"\(title)\">"
                body += "\(kind)</td>"
            }
            body += "</tr>\n"
        }
        return """
            <!doctype html><html lang="en"><meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>Grapevine beside real servers</title>
            <style>
            :root{color-scheme:light dark}
            body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
            div{overflow-x:auto} table{border-collapse:collapse}
            th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid #8884}
            td.ok{color:#1a7f37} td.FAILED{color:#d1242f;font-weight:bold}
            td.theirs{color:#9a6700} td.none{color:#8888}
            @media(prefers-color-scheme:dark){td.ok{color:#3fb950}td.FAILED{color:#ff7b72}\
            td.theirs{color:#d29922}}
            </style>
            <h1>Grapevine beside real servers</h1>
            <p>ok: passed; theirs: fails with that server alone too; –: cannot apply. Point at a cell
            for the reason, at a name for what holds.</p>
            <div><table><tr><th></th>\(head)</tr>
            \(body)</table></div></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }
}
