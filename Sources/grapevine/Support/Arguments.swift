// The words after a command: options with and without value, the rest, and the text of --help, all
// from one table per command. What the words mean is decided by the commands.

/// An option of a command.
struct Option: Sendable {
    /// With its dashes.
    let name: String
    /// What stands for the value in the help; nil for an option that has none.
    let value: String?
    /// What it does, with unit and default.
    let help: String

    init(_ name: String, value: String? = nil, _ help: String) {
        self.name = name
        self.value = value
        self.help = help
    }
}

/// What is wrong with a call, in one line.
struct UsageError: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// A command of the program.
struct Command: Sendable {
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// What follows the name, without options: "FILE|-".
    let operands: String
    let options: [Option]
    /// More lines for --help.
    var notes: [String] = []
    /// Takes the words as they are, for a command whose options are not in a table.
    var runRaw: (@Sendable ([String]) -> Int32)?
    /// Runs it and tells the exit status.
    let run: @Sendable (Arguments) throws(UsageError) -> Int32

    /// The text of --help.
    var help: String {
        let words = ["grapevine", name, operands, options.isEmpty ? "" : "[options]"]
        var lines = [
            "Usage: " + words.filter { !$0.isEmpty }.joined(separator: " "), "", summary, "",
        ]
        let rows =
            options.map { ([$0.name, $0.value ?? ""].joined(separator: " "), $0.help) }
            + [("--help", "show this text")]
        let width = rows.map { $0.0.count }.filter { $0 <= Self.leftLimit }.max() ?? 0
        for (left, right) in rows { lines += Self.row(left, right, width) }
        if !notes.isEmpty { lines += [""] + notes }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Command {
    /// Names with values that are longer than this have their text on lines of its own.
    private static let leftLimit = 34
    private static let lineLength = 100

    /// An option and its text beside it, in as many lines as it takes.
    private static func row(_ left: String, _ right: String, _ width: Int) -> [String] {
        let margin = String(repeating: " ", count: width + 4)
        var texts = [""]
        for word in right.split(separator: " ") {
            let last = texts[texts.count - 1]
            if !last.isEmpty && margin.count + last.count + 1 + word.count > lineLength {
                texts.append(String(word))
            } else {
                texts[texts.count - 1] += (last.isEmpty ? "" : " ") + word
            }
        }
        guard left.count <= width else { return ["  \(left)"] + texts.map { margin + $0 } }
        let padding = String(repeating: " ", count: width - left.count)
        return ["  \(left)\(padding)  \(texts[0])"] + texts.dropFirst().map { margin + $0 }
    }
}

/// The words of a call, sorted by a command's table.
struct Arguments: Sendable {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]
    /// Whether --help was among the words.
    private(set) var wantsHelp = false

    /// Sorts the words: "--name value", "--name=value", and "--" before words that only look like
    /// options.
    init(_ words: ArraySlice<String>, options: [Option]) throws(UsageError) {
        var rest = words
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                continue
            }
            if word == "--help" || word == "-h" {
                wantsHelp = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw UsageError("unknown option \(name)")
            }
            if option.value == nil {
                guard parts.count == 1 else { throw UsageError("\(name) takes no value") }
                values[name, default: []].append("")
            } else if parts.count == 2 {
                values[name, default: []].append(String(parts[1]))
            } else if let value = rest.popFirst() {
                values[name, default: []].append(value)
            } else {
                throw UsageError("\(name) needs a value")
            }
        }
    }

    /// Whether an option was given.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// The value of an option, the last one when it was given more than once.
    func value(_ name: String) -> String? { values[name]?.last }

    /// All values of an option, in order.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// The only operand.
    func single(_ what: String) throws(UsageError) -> String {
        guard let first = operands.first else { throw UsageError("\(what) is missing") }
        if operands.count > 1 { throw UsageError("one \(what) only, not also \(operands[1])") }
        return first
    }

    /// The value of an option as a number in a range, or its default.
    func number(
        _ name: String, in range: ClosedRange<Int>, default fallback: Int
    ) throws(UsageError) -> Int {
        guard let text = value(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \(text)"
            )
        }
        return number
    }
}
