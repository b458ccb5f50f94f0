// Options from a file, from arguments, or both, as redis-server takes them: `node [FILE]
// [--directive value…]…`. Whatever is wrong is told with its file and line.

import ClusterCore
import ClusterWire
import RESP
import SystemIO
import Text

extension NodeOptions {
    /// Reads the words of a command line: a file first, if the first word is none of ours.
    package init(arguments words: [String]) throws(OptionError) {
        self.init()
        var rest = words[...]
        if let first = rest.first, !first.hasPrefix("--") {
            try read(file: first, depth: 0)
            sourceFile = first
            rest = rest.dropFirst()
        }
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                throw OptionError("'\(word)' is not a directive: write --NAME VALUE")
            }
            let name = String(word.dropFirst(2))
            var values: [String] = []
            while let next = rest.first, !next.hasPrefix("--") {
                values.append(next)
                rest = rest.dropFirst()
            }
            // "--save ''" is one empty value; "--save" alone is none.
            if values.count == 1, values[0].contains(" "), !Self.isOneWord(name) {
                values = values[0].split(separator: " ").map(String.init)
            }
            try apply(name, values, at: "--\(name)")
        }
        try settle()
    }

    /// Whether a value may have spaces: it is a path or a password.
    private static func isOneWord(_ name: String) -> Bool {
        let name = Directives.find(name)?.name ?? name
        return ["logfile", "dir"].contains(name)
            || Directives.passwords.contains { $0.name == name }
    }

    private static let deepestInclude = 16
    static let largestFile = 1 << 20

    private mutating func read(file path: String, depth: Int) throws(OptionError) {
        guard depth < Self.deepestInclude else {
            throw OptionError("files include each other", at: path)
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(path, limitBytes: Self.largestFile)
        } catch {
            throw OptionError("cannot be read: \(error.reason)", at: path)
        }
        for (index, line) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            let place = "\(path):\(index + 1)"
            guard let words = OptionWords.split(line) else {
                throw OptionError("unbalanced quotes", at: place)
            }
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            let values = Array(words.dropFirst())
            if name.lowercased() == "include" {
                guard values.count == 1 else {
                    throw OptionError("include takes one file", at: place)
                }
                // Of files that a pattern finds there may be none.
                for file in FilePattern.files(self.path(of: values[0])) {
                    try read(file: file, depth: depth + 1)
                }
            } else {
                try apply(name, values, at: place)
            }
        }
    }

    /// Sets one directive.
    private mutating func apply(
        _ name: String, _ values: [String], at place: String
    ) throws(OptionError) {
        // Of some directives some values are built, and others are not.
        let unbuilt = UnbuiltDirectives.find(name)
        if let directive = Directives.find(name), unbuilt?.asksForNothing(values) ?? true {
            do throws(OptionError) {
                try directive.set(&self, values)
            } catch {
                throw OptionError("\(name): \(error.text)", at: place)
            }
            if directive.hasNoEffect { withoutEffect.append(directive.name) }
        } else if let unbuilt {
            guard !unbuilt.asksForNothing(values) else { return }
            if unbuilt.name == "user", let way = UnbuiltDirectives.wayIn(ofFreeUser: values) {
                // It may stand before the password itself.
                return declaredWays.append(DeclaredWay(text: way, place: place))
            }
            guard !unbuilt.isProtection else {
                throw OptionError("\(name): \(unbuilt.reason)", at: place)
            }
            if !notInForce.contains(unbuilt.name) { notInForce.append(unbuilt.name) }
        } else if StoreDirectives.names.contains(name.lowercased()) {
            withoutEffect.append(name.lowercased())
            given[name.lowercased()] = values.joined(separator: " ")
        } else {
            throw OptionError("unknown directive '\(name)'", at: place)
        }
    }
}

/// Words of a line, with quotes as redis.conf has them.
enum OptionWords {
    /// nil when quotes are not balanced.
    static func split(_ line: ArraySlice<UInt8>) -> [String]? {
        var words: [String] = []
        var rest = line.drop(while: isSpace)
        while let first = rest.first {
            if first == UInt8(ascii: "#") && words.isEmpty { return ["#"] }
            var word: [UInt8] = []
            while let byte = rest.first, !isSpace(byte) {
                rest = rest.dropFirst()
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    guard let quoted = quoted(by: byte, &rest) else { return nil }
                    word += quoted
                    guard rest.first.map(isSpace) ?? true else { return nil }
                } else {
                    word.append(byte)
                }
            }
            words.append(PrintableText.decoded(word))
            rest = rest.drop(while: isSpace)
        }
        return words
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    private static func quoted(by quote: UInt8, _ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var word: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { return word }
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                word.append(byte)
                continue
            }
            switch (quote, escaped) {
            case (UInt8(ascii: "\""), UInt8(ascii: "n")): word.append(0x0A)
            case (UInt8(ascii: "\""), UInt8(ascii: "r")): word.append(0x0D)
            case (UInt8(ascii: "\""), UInt8(ascii: "t")): word.append(0x09)
            case (UInt8(ascii: "\""), UInt8(ascii: "x")):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexadecimal),
                    let number = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else {
                    word.append(escaped)
                    continue
                }
                rest = rest.dropFirst(2)
                word.append(number)
            case (UInt8(ascii: "'"), _) where escaped != quote: word += [byte, escaped]
            default: word.append(escaped)
            }
        }
        return nil
    }
}
