// A file of the repository as lines, with comments and texts blanked where only code counts, and its
// functions with their lengths. It reads Swift and C well enough for rules of form, no further.

import Foundation
import TestSupport

struct SourceFile: CustomStringConvertible {
    /// From the folder of the package.
    let path: String
    let text: String
    let lines: [Substring]
    /// The bytes with comments and the contents of texts blanked.
    let code: [UInt8]
    /// The same as lines.
    let codeLines: [Substring]
    var description: String { path }

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = Self.blanked(Array(text.utf8))
        codeLines = String(decoding: code, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    var name: String { String(path.split(separator: "/").last ?? "") }
    /// The target it belongs to: the folder below Sources or Tests.
    var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }

    /// Every file of the package with one of these endings, below these folders.
    static func all(below folders: [String], endings: [String]) throws -> [SourceFile] {
        var found: [SourceFile] = []
        for folder in folders {
            for path in try paths(below: folder) where endings.contains(where: path.hasSuffix) {
                let file = "\(Fixture.packageFolder)/\(path)"
                found.append(
                    SourceFile(path: path, text: try String(contentsOfFile: file, encoding: .utf8)))
            }
        }
        return found
    }

    /// The paths of all files below a folder of the package, sorted, or the path itself if it is a
    /// file; hidden ones left out.
    static func paths(below folder: String) throws -> [String] {
        let root = "\(Fixture.packageFolder)/\(folder)"
        guard isFolder(root) else { return isThere(root) ? [folder] : [] }
        return try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
            .filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { "\(folder)/\($0)" }
            .filter { !isFolder("\(Fixture.packageFolder)/\($0)") }
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// A line of code that matches, with its number from 1.
    ///
    /// - Parameter words: a line that has none of them cannot match, and is not tried; empty: all are.
    func codeLines(
        matching pattern: Regex<AnyRegexOutput>, among words: [String] = []
    ) -> [(number: Int, line: Substring)] {
        codeLines.enumerated().filter { line in
            (words.isEmpty || words.contains { line.element.contains($0) })
                && line.element.contains(pattern)
        }.map { ($0.offset + 1, $0.element) }
    }

    // MARK: - Functions

    struct Function {
        let line: Int
        let lineCount: Int
        let head: String
    }

    /// Functions, initialisers and subscripts that have a body.
    func functions() throws -> [Function] {
        let head = try Regex(#"\b(func\s+\S|init[?]?\s*[(<]|deinit\s*\{|subscript\s*[(<])"#)
        let lines = codeLines
        var found: [Function] = []
        for (index, line) in lines.enumerated()
        where ["func ", "init", "subscript"].contains(where: { line.contains($0) })
            && line.contains(head)
        {
            // A call of an initialiser is no declaration.
            if line.contains(".init") || line.contains("= init") { continue }
            guard let end = Self.end(ofBodyFrom: index, in: lines) else { continue }
            found.append(
                Function(
                    line: index + 1, lineCount: end - index + 1,
                    head: String(line.drop { $0 == " " })))
        }
        return found
    }

    /// The line that closes the first brace which opens at the depth of a declaration.
    private static func end(ofBodyFrom start: Int, in lines: [Substring]) -> Int? {
        var (round, curly) = (0, 0)
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(", "[": round += 1
                case ")", "]": round -= 1
                case "{": curly += 1
                case "}":
                    curly -= 1
                    if curly == 0 && round == 0 { return index }
                    if curly < 0 { return nil }
                default: break
                }
            }
            // The next declaration begins: this one has no body.
            if index > start, curly == 0, round == 0, lines[index].contains("func ") { return nil }
        }
        return nil
    }

    // MARK: - Blanking

    private enum Within {
        case code, lineComment, blockComment, text, longText
    }

    /// The text with every character of a comment or a string literal as a blank.
    private static func blanked(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        let (slash, star, quote) = (UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "\""))
        var within = Within.code
        var index = 0
        func follows(_ first: UInt8, _ second: UInt8) -> Bool {
            bytes[index] == first && index + 1 < bytes.count && bytes[index + 1] == second
        }
        func followsLongQuote() -> Bool {
            follows(quote, quote) && index + 2 < bytes.count && bytes[index + 2] == quote
        }
        func blank(_ count: Int) {
            for at in index..<min(index + count, bytes.count) where bytes[at] != 0x0A {
                result[at] = 0x20
            }
            index += count
        }
        while index < bytes.count {
            switch within {
            case .code:
                if bytes[index] == slash, follows(slash, slash) {
                    within = .lineComment
                } else if bytes[index] == slash, follows(slash, star) {
                    within = .blockComment
                } else if bytes[index] == quote {
                    within = followsLongQuote() ? .longText : .text
                    blank(within == .text ? 1 : 3)
                } else {
                    index += 1
                }
            case .lineComment:
                if bytes[index] == 0x0A { within = .code }
                blank(1)
            case .blockComment:
                if follows(star, slash) { within = .code }
                blank(within == .code ? 2 : 1)
            case .text, .longText:
                if within == .text ? bytes[index] == quote : followsLongQuote() {
                    blank(within == .text ? 1 : 3)
                    within = .code
                } else {
                    // What is interpolated is blanked too: it is an expression, rarely a rule's matter.
                    blank(bytes[index] == UInt8(ascii: "\\") ? 2 : 1)
                }
            }
        }
        return result
    }
}

/// The files of the repository, read once for all suites.
enum Repository {
    static let sources = (try? SourceFile.all(below: ["Sources"], endings: [".swift"])) ?? []
    static let tests = (try? SourceFile.all(below: ["Tests"], endings: [".swift"])) ?? []
    static let cFiles = (try? SourceFile.all(below: ["Sources"], endings: [".c", ".h"])) ?? []
}
