// Rules about what is declared: a public name says what it means, an enum of ours is switched over whole,
// functions and types stay small, and no time begins as 0. What is left over stands in Leftovers.

import TestSupport
import Testing

@Suite struct DeclarationTests {
    private static let outlines = Repository.sources.map { (file: $0, outline: Outline($0)) }

    @Test func `there are declarations to look at`() {
        let all = Self.outlines.map(\.outline)
        #expect(all.reduce(0) { $0 + $1.publicNames.count } > 200)
        #expect(all.reduce(0) { $0 + $1.enums.count } > 100)
        #expect(all.reduce(0) { $0 + $1.switches.count } > 300)
    }

    @Test func `a public name says what it means`() {
        var found: [String] = []
        for (file, outline) in Self.outlines {
            for name in outline.publicNames where !Witnesses.names.contains(name.name) {
                var line = name.line - 1
                while line > 0, isAttribute(file.lines[line - 1]) { line -= 1 }
                let above = line > 0 ? file.lines[line - 1].drop { $0 == " " } : ""
                if !above.hasPrefix("///") {
                    found.append("\(file.path):\(name.line): \(name.kind) \(name.name)")
                }
            }
        }
        #expect(found == [], "public, without a doc comment:\n\(found.joined(separator: "\n"))")
    }

    private func isAttribute(_ line: Substring) -> Bool {
        line.first { $0 != " " } == "@"
    }

    // MARK: - Switches

    @Test func `an enum of ours is switched over whole`() {
        let members = Members(Self.outlines.map(\.outline))
        var found: [String: [String]] = [:]
        for (file, outline) in Self.outlines where Rules.wholeSwitches.contains(file.target) {
            for choice in outline.switches where choice.hasDefault {
                guard let own = members.ownEnum(of: choice) else { continue }
                found[file.path, default: []].append("line \(choice.line), over \(own)")
            }
        }
        var wrong: [String] = []
        for path in Set(found.keys).union(Leftovers.defaults.map(\.path)).sorted() {
            let allowed = Leftovers.defaults.first { $0.path == path }?.count ?? 0
            let places = found[path] ?? []
            if places.count > allowed {
                let list = places.joined(separator: "; ")
                wrong.append("\(path): default over an enum of ours: \(list); allowed: \(allowed)")
            } else if places.count < allowed {
                wrong.append("\(path): \(places.count) are left, Leftovers says \(allowed)")
            }
        }
        #expect(wrong == [], "\(wrong.joined(separator: "\n"))")
    }

    // MARK: - Sizes

    @Test func `a function has 50 lines at most`() throws {
        var wrong: [String] = []
        var seen: Set<String> = []
        for file in Repository.sources + Repository.tests {
            for function in try file.functions() where function.lineCount > 50 {
                let left = Leftovers.longFunctions.first {
                    $0.path == file.path && function.head.contains($0.head)
                }
                let count = function.lineCount
                if let left {
                    seen.insert("\(left.path) \(left.head)")
                    if count == left.lines { continue }
                    wrong.append("\(file.path): \(left.head): \(count), was \(left.lines) lines")
                } else {
                    wrong.append("\(file.path):\(function.line): \(count) lines: \(function.head)")
                }
            }
        }
        for left in Leftovers.longFunctions where !seen.contains("\(left.path) \(left.head)") {
            wrong.append("\(left.path): \(left.head) is short enough: take it out of Leftovers")
        }
        #expect(try Repository.sources.reduce(0) { $0 + (try $1.functions().count) } > 500)
        #expect(wrong == [], "\(wrong.joined(separator: "\n"))")
    }

    @Test func `a type that stores more than 12 properties has a reason`() {
        var wrong: [String] = []
        var large: Set<String> = []
        for (file, outline) in Self.outlines {
            for type in outline.types where type.stored > 12 {
                let name = "\(file.path) \(type.name)"
                large.insert(name)
                let isListed = Leftovers.largeTypes.contains { "\($0.path) \($0.name)" == name }
                if !isListed { wrong.append("\(name): \(type.stored) stored properties") }
            }
        }
        for left in Leftovers.largeTypes where !large.contains("\(left.path) \(left.name)") {
            wrong.append("\(left.path): \(left.name) is small enough: take it out of Leftovers")
        }
        #expect(wrong == [], "\(wrong.joined(separator: "\n"))")
    }

    // MARK: - Times

    @Test func `no time of the core begins as 0 or is compared with it`() {
        let endings = ["At", "Since", "Until", "Sent", "Received"]
        let signs = [["="], ["=", "="], ["!", "="], ["<"], [">"], ["<", "="], [">", "="]]
        var found: [String] = []
        for file in Repository.sources where file.target == "ClusterCore" {
            let tokens = SwiftTokens.cut(file.code)
            func sign(after index: Int) -> (end: Int, isKnown: Bool) {
                var end = index + 1
                while end < tokens.count, ["=", "!", "<", ">"].contains(tokens[end].text) {
                    end += 1
                }
                return (end, signs.contains(tokens[(index + 1)..<end].map(\.text)))
            }
            for (index, token) in tokens.enumerated() {
                guard token.isWord, endings.contains(where: { token.text.hasSuffix($0) }) else {
                    continue
                }
                var place = index
                if index + 2 < tokens.count, tokens[index + 1].text == ":",
                    tokens[index + 2].text == "Int64"
                {
                    place = index + 2
                }
                let (end, isKnown) = sign(after: place)
                let isZeroBehind = isKnown && end < tokens.count && tokens[end].text == "0"
                // "0 < time" and the like.
                let isZeroBefore =
                    index > 1 && ["=", "<", ">"].contains(tokens[index - 1].text)
                    && tokens[..<(index - 1)].suffix(2).contains { $0.text == "0" }
                    && tokens[index - 2].line == token.line
                if isZeroBehind || isZeroBefore {
                    found.append("\(file.path): \(token.text)")
                }
            }
        }
        let left = found.filter { place in !Leftovers.zeroTimes.contains { $0.place == place } }
        #expect(left == [], "a time that may not have come is an optional")
        for entry in Leftovers.zeroTimes where !found.contains(entry.place) {
            Issue.record("\(entry.place) is a 0 no more: take it out of Leftovers")
        }
    }
}

/// What can be written behind a dot, of all types of the package.
private struct Members {
    private var enums: [String: Set<String>] = [:]
    private var statics: [Set<String>] = []

    init(_ outlines: [Outline]) {
        var byType: [String: Set<String>] = [:]
        for outline in outlines {
            enums.merge(outline.enums) { $0.union($1) }
            byType.merge(outline.statics) { $0.union($1) }
        }
        statics = Array(byType.values)
    }

    /// The enum of ours that a switch seems to be over, by the names of its patterns. Where a type that is
    /// no enum has static members of all these names, nothing is taken out of a case, and the subject is
    /// called as such a type's values are, it is that type's.
    func ownEnum(of choice: Outline.Switch) -> String? {
        for names in choice.names where !names.isEmpty {
            let owners = enums.filter { names.isSubset(of: $0.value) }.keys.sorted()
            guard let owner = owners.first else { continue }
            let isOpen =
                !choice.hasPayload && Rules.openSubjects.contains(where: choice.subject.contains)
                && statics.contains { names.isSubset(of: $0) }
            if isOpen { continue }
            return owner
        }
        return nil
    }
}
