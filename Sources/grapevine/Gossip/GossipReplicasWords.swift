// The kinds of option that `gossip replicas` has: numbers within limits, choices, lists and spans of rounds,
// each read with a refusal that names the option.

import GossipLab

extension ReplicaCall {
    static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ help: String, _ path: ReplicaPath<Choice>
    ) -> ReplicaWord where Choice.RawValue == String {
        ReplicaWord(
            option: Option(name, value: words(Choice.self, "|"), help),
            read: { text, call throws(UsageError) in
                guard let choice = Choice(rawValue: text) else {
                    throw UsageError(
                        "\(name) must be one of \(words(Choice.self, "|")), not \(text)")
                }
                call[keyPath: path] = choice
            }, tell: { .one(.word($0[keyPath: path].rawValue)) })
    }

    /// Several with commas, or none.
    static func choices<Choice: RawRepresentable & CaseIterable & Equatable & Sendable>(
        _ name: String, _ help: String, _ path: ReplicaPath<[Choice]>
    ) -> ReplicaWord where Choice.RawValue == String {
        ReplicaWord(
            option: Option(name, value: "none|" + words(Choice.self, ","), help),
            read: { text, call throws(UsageError) in
                call[keyPath: path] = []
                guard text != "none" else { return }
                for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                    guard let choice = Choice(rawValue: String(part)) else {
                        throw UsageError(
                            "\(name) must be none or some of \(words(Choice.self, ",")), not \(text)"
                        )
                    }
                    if !call[keyPath: path].contains(choice) { call[keyPath: path].append(choice) }
                }
            }, tell: { .list($0[keyPath: path].map(\.rawValue)) })
    }

    private static func words<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type, _ separator: String
    ) -> String where Choice.RawValue == String {
        Choice.allCases.map(\.rawValue).joined(separator: separator)
    }

    static func whole(
        _ name: String, _ value: String, _ help: String, _ path: ReplicaPath<Int>, _ most: Int,
        least: Int = 0
    ) -> ReplicaWord {
        ReplicaWord(
            option: Option(name, value: value, help),
            read: { text, call throws(UsageError) in
                let number = try GossipOptions.wholeNumber(text, name)
                guard (least...most).contains(number) else {
                    throw UsageError("\(name) must be from \(least) to \(most), not \(text)")
                }
                call[keyPath: path] = number
            }, tell: { .one(.whole($0[keyPath: path])) })
    }

    /// A number, or none. One that depends on other options when it is not given is never none, and is
    /// told as `used` says.
    static func optional(
        _ name: String, _ value: String, _ help: String, _ path: ReplicaPath<Int?>,
        used: (@Sendable (ReplicaCall) -> Int?)? = nil
    ) -> ReplicaWord {
        ReplicaWord(
            option: Option(name, value: value, help),
            read: { text, call throws(UsageError) in
                call[keyPath: path] =
                    text == "none" && used == nil
                    ? nil : try GossipOptions.wholeNumber(text, name)
            },
            tell: { call in
                let number = used.map { $0(call) } ?? call[keyPath: path]
                return .one(number.map { .whole($0) } ?? .none)
            })
    }

    static func bytes(_ name: String, _ help: String, _ path: ReplicaPath<Double>) -> ReplicaWord {
        ReplicaWord(
            option: Option(name, value: "B", help),
            read: { text, call throws(UsageError) in
                call[keyPath: path] = Double(try GossipOptions.wholeNumber(text, name))
            }, tell: { .one(.number($0[keyPath: path])) })
    }

    static func share(
        _ name: String, _ help: String, _ path: ReplicaPath<Double>
    ) -> ReplicaWord {
        ReplicaWord(
            option: Option(name, value: "P", help),
            read: { text, call throws(UsageError) in
                call[keyPath: path] = try GossipOptions.shareOf(text, name)
            }, tell: { .one(.number($0[keyPath: path])) })
    }

    static func span(
        _ name: String, _ help: String, _ path: ReplicaPath<ClosedRange<Int>?>
    ) -> ReplicaWord {
        ReplicaWord(
            option: Option(name, value: "A-B", help),
            read: { text, call throws(UsageError) in
                call[keyPath: path] = try GossipOptions.span(text, name)
            },
            tell: { call in .one(call[keyPath: path].map { .word(Self.text($0)) } ?? .none) })
    }

    static func text(_ rounds: ClosedRange<Int>) -> String {
        rounds.count == 1
            ? "\(rounds.lowerBound)" : "\(rounds.lowerBound)-\(rounds.upperBound)"
    }

    /// "write:20:0", "read:21:5:3".
    static func operation(_ text: String) throws(UsageError) -> ReplicaOperation {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let word = parts.first,
            let action = ReplicaOperation.Action(rawValue: String(word))
        else {
            throw UsageError(
                "--do must begin with \(words(ReplicaOperation.Action.self, "|")), not \(text)")
        }
        let numbers = parts.dropFirst().compactMap { Int($0) }
        guard (3...4).contains(parts.count), numbers.count == parts.count - 1 else {
            throw UsageError("--do must be ACTION:ROUND:NODE or ACTION:ROUND:NODE:KEY, not \(text)")
        }
        return ReplicaOperation(
            action, key: numbers.count == 3 ? numbers[2] : 0, at: numbers[1], in: numbers[0])
    }

    /// "99:20-60".
    static func absence(_ text: String) throws(UsageError) -> Absence {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let node = Int(parts[0]) else {
            throw UsageError("--absent must be NODE:A-B, not \(text)")
        }
        return Absence(node, try GossipOptions.span(String(parts[1]), "--absent NODE:"))
    }
}
