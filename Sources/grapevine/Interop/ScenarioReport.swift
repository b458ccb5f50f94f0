// What is said on standard error when a scenario is over: one line, and of a failure its files, each with
// its name, and the story of what happened on the bus.

import Interop
import RESP
import SystemIO
import Text

enum ScenarioReport {
    /// Lines of a story that are shown; all of it is in a file.
    private static let shownLines = 60

    @Sendable static func tell(_ result: ScenarioResult) {
        var lines = [line(result)]
        lines += result.remarks.map { "  remark: \($0)" }
        if let artifacts = result.artifacts { lines += told(artifacts) }
        StandardStream.errors.write(PrintableText.lines(lines.joined(separator: "\n")) + "\n")
    }

    private static func line(_ result: ScenarioResult) -> String {
        var line = "\(result.server)  \(result.scenario)  \(Matrix.word(result))"
        if result.outcome != .inapplicable { line += "  \(Decimals.text(result.seconds, 1)) s" }
        if let reason = result.reason { line += "  \(Matrix.indented(reason))" }
        return line
    }

    private static func told(_ artifacts: FailureArtifacts) -> [String] {
        var lines = ["  files in \(artifacts.folder)"]
        for log in artifacts.logs { lines.append("  log of \(log.server): \(log.file)") }
        if artifacts.captures.isEmpty {
            lines.append("  no bus traffic: \(artifacts.captureNote)")
        }
        for capture in artifacts.captures {
            lines.append("  bus traffic, \(artifacts.captureNote): \(capture)")
            lines += story(of: capture).map { "    \($0)" }
        }
        return lines
    }

    /// What `explain` tells of it, which is put beside it, too.
    private static func story(of capture: String) -> [String] {
        let lines = CaptureReport(of: capture, for: "interop").lines
        if lines.isEmpty { return ["(no message of the bus)"] }
        let file = "\(File.folder(of: capture))/story.txt"
        try? File.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: file)
        guard lines.count > shownLines else { return lines }
        return lines.prefix(shownLines) + ["(\(lines.count - shownLines) more lines in \(file))"]
    }
}
