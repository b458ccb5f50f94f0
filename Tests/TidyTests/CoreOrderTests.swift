// One direction inside the core: commands call rules, rules call rules below them, state calls neither. The
// order is read from Sources/ClusterCore/Rules/Order.swift; what is found is found by name.

import Foundation
import TestSupport
import Testing

@Suite struct CoreOrderTests {
    private static let core = Repository.sources.filter { $0.target == "ClusterCore" }
    private static let root = "Sources/ClusterCore"
    private static let orderFile = "\(root)/Rules/Order.swift"

    /// The names of one list of the order, from the top caller down.
    private static func order(of list: String) throws -> [String] {
        let file = try #require(core.first { $0.path == orderFile })
        let begin = try #require(file.text.range(of: "static let \(list) = ["))
        let end = try #require(file.text[begin.upperBound...].firstIndex(of: "]"))
        let lines = file.text[begin.upperBound..<end].split(separator: "\n")
            .map { $0.components(separatedBy: "//")[0] }
        let parts = lines.joined().split(separator: "\"", omittingEmptySubsequences: false)
        return parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) }
    }

    private static func files(in folder: String) -> [SourceFile] {
        core.filter { $0.path.hasPrefix("\(root)/\(folder)/") && $0.path != orderFile }
    }

    /// What a file offers by name: its own type, and what it adds to the types of state.
    private struct Offer {
        let name: String
        let members: [String]

        init(_ file: SourceFile) throws {
            name = String(file.name.dropLast(".swift".count))
            let head = try Regex(#"^extension \w+ \{"#)
            let member = try Regex(
                #"^    (@inline\(__always\) )?(package |public )?(mutating )?(func|var) (?<name>\w+)"#
            )
            var isInside = false
            var members: [String] = []
            for line in file.codeLines {
                if line.contains(head) { isInside = true }
                if line == "}" { isInside = false }
                if isInside, let name = line.firstMatch(of: member)?["name"]?.substring {
                    members.append(String(name))
                }
            }
            self.members = members
        }

        /// Lines of a file that use what is offered.
        func uses(in file: SourceFile) throws -> [String] {
            // Not \b: to the engine a full stop between letters ends no word.
            var words = members.filter { file.text.contains($0) }
                .map { #"(^|\W)"# + $0 + #"(\W|$)"# }
            if file.text.contains("\(name).") {
                words.append(#"(^|[^.\w])"# + name + #"\.[a-zA-Z]"#)
            }
            guard !words.isEmpty else { return [] }
            let pattern = try Regex(words.joined(separator: "|"))
            return file.codeLines(matching: pattern).map {
                "\(file.path):\($0.number) calls \(name) above it: \($0.line.drop { $0 == " " })"
            }
        }
    }

    /// Calls from files to what is above each of them.
    private func upwardCalls(in folder: String, _ list: String) throws -> [String] {
        let names = try Self.order(of: list)
        let files = Self.files(in: folder)
        let found = files.map { String($0.name.dropLast(".swift".count)) }
        #expect(found.sorted() == names.sorted(), "the order names each file, and only them")
        let offers = try files.map { try Offer($0) }
        var calls: [String] = []
        for file in files {
            let own = String(file.name.dropLast(".swift".count))
            guard let place = names.firstIndex(of: own) else { continue }
            for offer in offers where names.prefix(place).contains(offer.name) {
                calls += try offer.uses(in: file)
            }
        }
        return calls
    }

    private func calls(from lower: [String], to upper: [String]) throws -> [String] {
        let offers = try upper.flatMap { Self.files(in: $0) }.map { try Offer($0) }
        let files = lower.flatMap { Self.files(in: $0) }
        #expect(!offers.isEmpty && !files.isEmpty)
        return try files.flatMap { file in try offers.flatMap { try $0.uses(in: file) } }
    }

    @Test func `a rule calls only rules below it`() throws {
        let found = try upwardCalls(in: "Rules", "rules")
        #expect(found == [])
    }

    @Test func `a command calls only commands below it`() throws {
        let found = try upwardCalls(in: "Commands", "commands")
        #expect(found == [])
    }

    @Test func `state and reports call no rule and no command`() throws {
        let found = try calls(from: ["State", "Reports"], to: ["Rules", "Commands"])
        #expect(found == [])
    }

    @Test func `a rule calls no command and no report`() throws {
        let found = try calls(from: ["Rules"], to: ["Commands", "Reports"])
        #expect(found == [])
    }

    @Test func `what is called by all calls none of them`() throws {
        let all = ["State", "Rules", "Commands", "Reports"]
        let shared = [
            "Input", "Effect", "Note", "Instant", "StepContext", "ClusterConfig", "AdminCommand",
            "AdminReply", "ClusterCommandTable",
        ]
        let files = Self.files(in: "Machine").filter {
            shared.contains(String($0.name.dropLast(".swift".count)))
        }
        #expect(files.count == shared.count)
        let offers = try all.dropFirst().flatMap { Self.files(in: $0) }.map { try Offer($0) }
        let found = try files.flatMap { file in try offers.flatMap { try $0.uses(in: file) } }
        #expect(found == [])
    }
}
