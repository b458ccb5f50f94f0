// The words of a run of the gossip laboratory, and what they come to. One table has the option, its help,
// how it is read and how it is told again, so that what is printed is what was used.

import GossipLab

/// An option of a run: read into the options of the laboratory, and told from them.
struct GossipOption: Sendable {
    /// How a value stands in JSON.
    enum Value: Sendable {
        case word(String)
        case number(Double)
        case whole(Int)
        case flag(Bool)
        case none
    }

    let option: Option
    let read: @Sendable (_ text: String, _ options: inout LabOptions) throws(UsageError) -> Void
    let tell: @Sendable (LabOptions) -> Value

    var name: String { option.name }
}

/// Where a value stands in the options of a run.
typealias OptionPath<Value> = any WritableKeyPath<LabOptions, Value> & Sendable

enum GossipOptions {
    /// All options that shape a run, in the order of the help.
    static let table: [GossipOption] =
        strategy + rumor + print + databases + network + later + swim + bus

    /// Reads the options of a run; those that are not given keep what `base` has.
    /// - Parameter isShared: they are for several strategies, which need not all know them.
    static func read(
        _ arguments: Arguments, base: LabOptions, isShared: Bool = false
    ) throws(UsageError) -> LabOptions {
        var options = base
        for entry in table {
            guard let text = arguments.value(entry.name) else { continue }
            try entry.read(text, &options)
        }
        if options.strategy == .bus, !arguments.has("--nodes"), base.strategy != .bus,
            base.nodes == LabOptions().nodes
        {
            // The real rules cost more than a model: a thousand nodes are minutes a run.
            options.nodes = usualBusNodes
        }
        if !isShared { try GossipScope.check(arguments, options) }
        if let text = options.refusal { throw UsageError(text) }
        return options
    }

    /// The options as a command line, without those that are as they are anyway.
    static func commandLine(_ options: LabOptions) -> String {
        words(options).map { $0.text.isEmpty ? $0.name : "\($0.name) \($0.text)" }
            .joined(separator: " ")
    }

    /// The same as pairs of a name and a value, which is empty for a flag.
    static func words(_ options: LabOptions) -> [(name: String, text: String)] {
        let plain = LabOptions()
        return table.compactMap { entry in
            // What follows from the end of the run need not be said.
            if entry.name == "--k" && options.k == nil { return nil }
            let (used, usual) = (text(entry.tell(options)), text(entry.tell(plain)))
            return used == usual ? nil : (entry.name, used)
        }
    }

    private static let usualBusNodes = 30

    static func text(_ value: GossipOption.Value) -> String {
        switch value {
        case .word(let word): word
        case .number(let number): GossipText.plain(number)
        case .whole(let number): "\(number)"
        case .flag(let isSet): isSet ? "" : "no"
        case .none: "none"
        }
    }

    // MARK: Kinds of option

    static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ help: String, _ path: OptionPath<Choice>
    ) -> GossipOption where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue).joined(separator: "|")
        return GossipOption(
            option: Option(name, value: words, help),
            read: { text, options throws(UsageError) in
                guard let choice = Choice(rawValue: text) else {
                    throw UsageError("\(name) must be one of \(words), not \(text)")
                }
                options[keyPath: path] = choice
            }, tell: { .word($0[keyPath: path].rawValue) })
    }

    static func whole(
        _ name: String, _ value: String, _ help: String,
        _ path: OptionPath<Int>
    ) -> GossipOption {
        GossipOption(
            option: Option(name, value: value, help),
            read: { text, options throws(UsageError) in
                options[keyPath: path] = try wholeNumber(text, name)
            }, tell: { .whole($0[keyPath: path]) })
    }

    /// A number, or "none".
    static func wholeOrNone(
        _ name: String, _ value: String, _ help: String,
        _ path: OptionPath<Int?>
    ) -> GossipOption {
        GossipOption(
            option: Option(name, value: value, help),
            read: { text, options throws(UsageError) in
                options[keyPath: path] = text == "none" ? nil : try wholeNumber(text, name)
            }, tell: { options in options[keyPath: path].map { .whole($0) } ?? .none })
    }

    /// A share from 0 to 1, or a percentage.
    static func share(
        _ name: String, _ help: String, _ path: OptionPath<Double>
    ) -> GossipOption {
        GossipOption(
            option: Option(name, value: "P", help),
            read: { text, options throws(UsageError) in
                options[keyPath: path] = try shareOf(text, name)
            }, tell: { .number($0[keyPath: path]) })
    }

    static func flag(
        _ name: String, _ help: String, _ path: OptionPath<Bool>
    ) -> GossipOption {
        GossipOption(
            option: Option(name, help), read: { _, options in options[keyPath: path] = true },
            tell: { .flag($0[keyPath: path]) })
    }

    static func wholeNumber(_ text: String, _ name: String) throws(UsageError) -> Int {
        guard let number = Int(text), number >= 0 else {
            throw UsageError("\(name) must be a whole number, not \(text)")
        }
        return number
    }

    static func shareOf(_ text: String, _ name: String) throws(UsageError) -> Double {
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text), number.isFinite
        else { throw UsageError("\(name) must be a number from 0 to 1 or N%, not \(text)") }
        let share = isPercent ? number / 100 : number
        guard (0...1).contains(share) else {
            throw UsageError("\(name) must be from 0 to 1, or to 100%, not \(text)")
        }
        return share
    }

    static func yesOrNo(_ text: String, _ name: String) throws(UsageError) -> Bool {
        guard ["yes", "no"].contains(text) else {
            throw UsageError("\(name) must be yes or no, not \(text)")
        }
        return text == "yes"
    }

    /// "A-B" or "A", in rounds.
    static func span(_ text: String, _ name: String) throws(UsageError) -> ClosedRange<Int> {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let low = Int(parts[0]), let high = Int(parts[parts.count - 1]),
            low >= 0, low <= high
        else { throw UsageError("\(name) must be N or A-B in rounds, not \(text)") }
        return low...high
    }
}
