// The repository's own rules, as tests: arrows between targets, lengths, what the rules of the cluster
// may not use, what must be listed. What is excepted stands in TidyRules, with its reason.

import Foundation
import TestSupport
import Testing

@Suite struct TidyTests {
    private static let sources = Repository.sources
    private static let tests = Repository.tests
    private static let cFiles = Repository.cFiles
    private static let pureTargets = ["ClusterCore", "ClusterSim"]

    private static func sources(of targets: [String]) -> [SourceFile] {
        sources.filter { targets.contains($0.target) }
    }

    /// Fails with all places that are not excepted, and with exceptions that nothing needs.
    private func expectNone(
        _ rule: Rule, _ found: [(path: String, what: String)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let exempt = Exemptions.all.filter { $0.rule == rule }
        func covers(_ exemption: Exemption, _ place: (path: String, what: String)) -> Bool {
            exemption.path == place.path
                && (exemption.what.isEmpty || place.what.contains(exemption.what))
        }
        let left = found.filter { place in !exempt.contains { covers($0, place) } }
        let list = left.map { "\($0.path): \($0.what)" }.joined(separator: "\n")
        #expect(left.isEmpty, "\(rule):\n\(list)", sourceLocation: sourceLocation)
        for exemption in exempt where !found.contains(where: { covers(exemption, $0) }) {
            Issue.record(
                "\(rule): the exemption of \(exemption.path) is needed no more",
                sourceLocation: sourceLocation)
        }
    }

    private func places(
        _ files: [SourceFile], _ pattern: String, among words: [String]
    ) throws -> [(path: String, what: String)] {
        let pattern = try Regex(pattern)
        return files.flatMap { file in
            file.codeLines(matching: pattern, among: words).map {
                (file.path, "line \($0.number): \($0.line.drop { $0 == " " })")
            }
        }
    }

    @Test func `there is something to look at`() throws {
        #expect(Self.sources.count > 100 && Self.tests.count > 30 && Self.cFiles.count >= 2)
    }

    @Test func `a target imports what its arrows allow`() throws {
        let pattern = try Regex(
            #"^\s*(@\w+ +)*((public|package|internal|private|fileprivate) +)?import +((struct|enum|class|func|var|let|protocol|typealias) +)?(?<name>\w+)"#
        )
        var found: [(path: String, what: String)] = []
        let support = Self.tests.filter { $0.target == "Support" }
        for file in Self.sources + support {
            let allowed = try #require(Arrows.allowed[file.target], "no arrows of \(file.target)")
            for (_, line) in file.codeLines(matching: pattern, among: ["import"]) {
                let name = line.firstMatch(of: pattern)?["name"]?.substring ?? ""
                if !allowed.contains(String(name)) { found.append((file.path, "imports \(name)")) }
            }
        }
        expectNone(.imports, found)
    }

    @Test func `a file has 400 lines at most`() {
        let long = (Self.sources + Self.tests + Self.cFiles).filter { $0.lines.count > 401 }
        expectNone(.fileLength, long.map { ($0.path, "\($0.lines.count - 1) lines") })
    }

    @Test func `core and simulator have no clock, no chance of their own and no output`() throws {
        let words =
            #"\b[A-Z]\w*\.random\(|\.randomElement|\.shuffled?\(|SystemRandomNumberGenerator|"#
            + #"\bprint\(|debugPrint\(|\bDate\(|ContinuousClock|SuspendingClock|clock_gettime|"#
            + #"gettimeofday|SystemClock|\bMutex\b|\bAtomic\b|\basync\b|\bawait\b|nonisolated\("#
        let parts = [
            "random", "shuffle", "System", "print(", "debugPrint(", "Date(", "Clock",
            "clock_gettime",
            "gettimeofday", "Mutex", "Atomic", "async", "await", "nonisolated(",
        ]
        expectNone(
            .impurity, try places(Self.sources(of: Self.pureTargets), words, among: parts))
    }

    @Test func `core and simulator have no collection whose order changes`() throws {
        let words = #"\bSet<|\bSet\(|\bDictionary\b|\[[A-Z][\w.]* ?: ?[A-Z(\[]"#
        expectNone(
            .hashedOrder,
            try places(
                Self.sources(of: Self.pureTargets), words, among: ["Set", "Dictionary", "["]))
    }

    @Test func `nothing is forced`() throws {
        let words = #"\btry!|\bas!|fatalError\(|[\w)\]>]!([^=]|$)"#
        expectNone(
            .forcing, try places(Self.sources + Self.tests, words, among: ["!", "fatalError"]))
    }

    @Test func `a file begins with what it is for`() {
        var found: [(path: String, what: String)] = []
        for file in Self.sources + Self.tests {
            let paragraph = file.lines.prefix { $0.hasPrefix("//") }
            let next = file.lines.dropFirst(paragraph.count).first ?? ""
            if !(1...8).contains(paragraph.count) || !next.isEmpty || file.text.hasPrefix("///") {
                found.append((file.path, "has no paragraph at its top"))
            }
        }
        expectNone(.opening, found)
    }

    @Test func `nothing was left for later`() throws {
        // In pieces, so that this file is not found.
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "WI" + "P"]
        let pattern = try Regex(#"\b("# + words.joined(separator: "|") + #")\b"#)
        let endings = [".swift", ".c", ".h", ".md", "run"]
        let files = try SourceFile.all(
            below: ["Sources", "Tests", "README.md", "Package.swift", "Fixtures/README.md"],
            endings: endings)
        let found = files.flatMap { file in
            file.lines.enumerated().filter { $0.element.contains(pattern) }
                .map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(found == [])
    }

    @Test func `the foreign server is short and sees the public products alone`() throws {
        let files = try SourceFile.all(below: ["Tests/Embedding/Sources"], endings: [".swift"])
        #expect(files.reduce(0) { $0 + $1.lines.count - 1 } < 200 && files.count > 1)
        let known = ["ClusterCore", "ClusterHost", "ClusterWire", "Glibc"]
        for file in files {
            let imports = file.codeLines.filter { $0.contains("import ") }
            let strangers = imports.filter { line in !known.contains { line == "import \($0)" } }
            #expect(strangers == [], "\(file.path)")
        }
    }

    @Test func `the top of the repository is bare`() throws {
        let known = ["Package.swift", "Sources", "Tests", "Fixtures", "README.md"]
        let entries = try FileManager.default.contentsOfDirectory(atPath: Fixture.packageFolder)
        #expect(entries.filter { !$0.hasPrefix(".") && !known.contains($0) } == [])
    }

    @Test func `every fixture is listed with its origin, and all are small`() throws {
        let listed = try Listing(Fixture.text("README.md"))
        var bytes = 0
        for path in try SourceFile.paths(below: "Fixtures") where path != "Fixtures/README.md" {
            let whole = "\(Fixture.packageFolder)/\(path)"
            let size = try FileManager.default.attributesOfItem(atPath: whole)[.size]
            bytes += (size as? NSNumber)?.intValue ?? 0
            let isListed = listed.names(path)
            #expect(isListed, "\(path) is not listed in Fixtures/README.md")
        }
        #expect(bytes > 0 && bytes < 6_000_000)
    }
}

/// The names between back-ticks of Fixtures/README.md.
private struct Listing {
    private let names: [String]

    init(_ text: String) {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        names = parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) }
    }

    /// Whether a name stands for the file: its folder's, its own, without what is behind the first
    /// ending, with "*" for anything, "N" for a number, or only its end behind "-".
    func names(_ path: String) -> Bool {
        let file = String(path.split(separator: "/").last ?? "")
        let folder = path.split(separator: "/").dropFirst().dropLast().joined(separator: "/")
        let endings = [".pcap.txt", ".pcapng.txt", ".pcap", ".pcapng", ".hex", ".txt", ".json"]
        let ending = endings.first(where: file.hasSuffix) ?? ""
        let bare = String(file.dropLast(ending.count))
        return names.contains { name in
            if name.hasPrefix("-") { return bare.hasSuffix(name) }
            if name.hasSuffix("/") && "\(folder)/".hasPrefix(name) { return true }
            if name == "\(folder)/\(file)" { return true }
            let pattern = name.replacingOccurrences(of: "*", with: ".*")
                .replacingOccurrences(of: "-N", with: "-[0-9]+")
            guard let regex = try? Regex(pattern) else { return false }
            return [bare, file, "\(bare).pcap", "\(bare).pcapng"].contains {
                $0.wholeMatch(of: regex) != nil
            }
        }
    }
}
