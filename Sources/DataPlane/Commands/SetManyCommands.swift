// MSET, MSETNX and MSETEX: several keys at once, all or none of them.

package enum SetManyCommands {
    package static func set(_ context: KeyContext) -> CommandResult {
        guard context.count % 2 == 1 else { return wrongCount(context) }
        store(context, from: 1, pairs: context.count / 2)
        return context.ok()
    }

    package static func setIfMissing(_ context: KeyContext) -> CommandResult {
        guard context.count % 2 == 1 else { return wrongCount(context) }
        for index in stride(from: 1, to: context.count, by: 2) where context.find(index) != nil {
            return context.integer(0)
        }
        store(context, from: 1, pairs: context.count / 2)
        return context.integer(1)
    }

    private static func wrongCount(_ context: KeyContext) -> CommandResult {
        .error("ERR wrong number of arguments for '\(context.option(0))' command")
    }

    private static func store(
        _ context: KeyContext, from first: Int, pairs: Int, keepingExpiry: Bool = false
    ) {
        for pair in 0..<pairs {
            StringCommands.store(
                context, key: first + 2 * pair, value: first + 2 * pair + 1,
                keepingExpiry: keepingExpiry)
        }
    }

    // MARK: - MSETEX

    /// How many pairs of key and value a request of so many words names, as its first argument says.
    package static func pairs(_ number: Int64?, words: Int) -> Int? {
        guard let number, number >= 1, number <= Int64((words - 2) / 2) else { return nil }
        return Int(number)
    }

    package static func setWithTime(_ context: KeyContext) -> CommandResult {
        guard let number = context.number(1), number >= 1, number <= Int64(Int32.max) else {
            return .error("ERR invalid numkeys value or out of range")
        }
        guard let pairs = pairs(number, words: context.count),
            let options = SetOptions(context, from: 2 + 2 * pairs, allows: [.conditions])
        else { return .syntaxError }
        let expiry: Int64?
        switch options.moment(context) {
        case .success(let moment): expiry = moment
        case .failure(let error): return .failed(error)
        }
        for pair in 0..<pairs {
            let isThere = context.find(2 + 2 * pair) != nil
            if options.onlyMissing && isThere || options.onlyPresent && !isThere {
                return context.integer(0)
            }
        }
        store(context, from: 2, pairs: pairs, keepingExpiry: options.keepsExpiry)
        if context.isReplicated { replicate(context, pairs, options, expiry) }
        if let expiry {
            for pair in 0..<pairs {
                guard let number = context.find(2 + 2 * pair) else { continue }
                ExpiryCommands.end(number, at: expiry, context.store)
            }
        }
        return context.integer(1)
    }

    /// In words that every version knows.
    private static func replicate(
        _ context: KeyContext, _ pairs: Int, _ options: SetOptions, _ expiry: Int64?
    ) {
        for pair in 0..<pairs {
            SetCommand.replicate(
                context, key: 2 + 2 * pair, value: 3 + 2 * pair, until: expiry,
                keepingExpiry: options.keepsExpiry)
        }
    }
}
