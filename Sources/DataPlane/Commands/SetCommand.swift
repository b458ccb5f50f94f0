// SET with its options, and its older forms with a time to live.

package enum SetCommand {
    package static func run(_ context: KeyContext) -> CommandResult {
        if let pause = context.copyLong(2) { return pause }
        if context.count == 3 {
            StringCommands.store(context, key: 1, value: 2)
            return context.ok()
        }
        guard let options = SetOptions(context, from: 3, allows: [.conditions, .single]) else {
            return .syntaxError
        }
        let expiry: Int64?
        switch options.moment(context) {
        case .success(let moment): expiry = moment
        case .failure(let error): return .failed(error)
        }
        let found = context.find(1)
        if options.returnsOld {
            if let found { _ = context.bulk(value: found) } else { context.reply.null() }
        }
        guard holds(options, found, context) else {
            return options.returnsOld ? .replied : context.null()
        }
        let number = StringCommands.store(
            context, key: 1, value: 2, keepingExpiry: options.keepsExpiry)
        if context.isReplicated {
            replicate(
                context, key: 1, value: 2, until: expiry, keepingExpiry: options.keepsExpiry)
        }
        if let expiry { ExpiryCommands.end(number, at: expiry, context.store) }
        return options.returnsOld ? .replied : context.ok()
    }

    private static func holds(
        _ options: SetOptions, _ found: Int?, _ context: KeyContext
    ) -> Bool {
        guard let found else { return !options.onlyPresent && options.comparison == nil }
        if let word = options.comparison {
            return StringCommands.isEqual(found, toWord: word, context)
        }
        return !options.onlyMissing
    }

    /// Conditions held, so replicas need not ask for them. A key that has ended already is taken away by a
    /// command of its own.
    static func replicate(
        _ context: KeyContext, key: Int, value: Int, until expiry: Int64?, keepingExpiry: Bool
    ) {
        let key = context.bytes(key)
        var words = [Word.set, key, context.bytes(value)]
        if let expiry {
            guard expiry > context.store.now else {
                return context.replicate(as: [Word.del, key])
            }
            words += [Word.pxat, Word.number(expiry)]
        } else if keepingExpiry {
            words.append(Word.keepTTL)
        }
        context.replicate(as: words)
    }

    /// SETEX and PSETEX: the time stands before the value.
    package static func withSeconds(_ context: KeyContext) -> CommandResult {
        withTime(.seconds, context)
    }
    package static func withMilliseconds(_ context: KeyContext) -> CommandResult {
        withTime(.milliseconds, context)
    }

    private static func withTime(_ unit: TimeWord, _ context: KeyContext) -> CommandResult {
        if let pause = context.copyLong(3) { return pause }
        switch unit.moment(context, at: 2) {
        case .moment(let moment):
            let number = StringCommands.store(context, key: 1, value: 3)
            if context.isReplicated {
                replicate(context, key: 1, value: 3, until: moment, keepingExpiry: false)
            }
            ExpiryCommands.end(number, at: moment, context.store)
            return context.ok()
        case .notANumber: return .notANumber
        case .invalid:
            return .error("ERR invalid expire time in '\(context.option(0))' command")
        }
    }
}
