// GETEX: reads a value, and sets or takes away its time to live. Replicas are sent only what became of the time.

package enum GetExpireCommand {
    private enum Change {
        case none, persist
        case time(word: Int, TimeWord)
    }

    package static func run(_ context: KeyContext) -> CommandResult {
        guard let change = parse(context) else { return .syntaxError }
        guard let number = context.look(1) else { return context.null() }
        switch change {
        case .none: return context.bulk(value: number)
        case .persist:
            let result = context.bulk(value: number)
            if context.store.expiry(number) != nil {
                if context.isReplicated {
                    context.replicate(as: [Word.persist, context.bytes(1)])
                }
                context.store.setExpiry(of: number, nil)
            }
            return result
        case .time(let word, let unit):
            switch unit.moment(context, at: word) {
            case .notANumber: return .notANumber
            case .invalid: return .error("ERR invalid expire time in 'getex' command")
            case .moment(let moment):
                let result = context.bulk(value: number)
                ExpiryCommands.end(number, named: context.bytes(1), at: moment, context)
                return result
            }
        }
    }

    /// - Returns: nil when the words make no sense together.
    private static func parse(_ context: KeyContext) -> Change? {
        var change = Change.none
        var index = 2
        while index < context.count {
            let word = context.option(index)
            switch change {
            case .none, .persist:
                if word == "persist" {
                    change = .persist
                } else if case .none = change, let unit = TimeWord(rawValue: word) {
                    index += 1
                    change = .time(word: index, unit)
                } else {
                    return nil
                }
            case .time(_, let unit):
                guard unit.rawValue == word else { return nil }
                index += 1
                change = .time(word: index, unit)
            }
            index += 1
        }
        return index == context.count ? change : nil
    }
}
