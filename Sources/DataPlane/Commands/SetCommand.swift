// SET with its options, and its older forms with a time to live.

package enum SetCommand {
    private struct Options {
        var onlyMissing = false
        var onlyPresent = false
        var returnsOld = false
        var keepsExpiry = false
        var time: (word: Int, unit: TimeWord)?
    }

    package static func run(_ context: KeyContext) -> CommandResult {
        if let pause = context.copyLong(2) { return pause }
        if context.count == 3 {
            StringCommands.store(context, key: 1, value: 2)
            return context.ok()
        }
        guard let options = parse(context) else { return .syntaxError }
        var expiry: Int64?
        if let time = options.time {
            switch time.unit.moment(context, at: time.word) {
            case .moment(let moment): expiry = moment
            case .notANumber: return .notANumber
            case .invalid: return .error("ERR invalid expire time in 'set' command")
            }
        }
        let found = context.withWord(1) { context.store.find($0) }
        if options.returnsOld {
            if let found {
                context.reply.bulk(context.store.value(found))
            } else {
                context.reply.null()
            }
        }
        guard !(options.onlyMissing && found != nil), !(options.onlyPresent && found == nil) else {
            return options.returnsOld ? .replied : context.null()
        }
        let number = StringCommands.store(
            context, key: 1, value: 2, keepingExpiry: options.keepsExpiry)
        if context.isReplicated { replicate(context, options, expiry) }
        if let expiry { ExpiryCommands.end(number, at: expiry, context.store) }
        return options.returnsOld ? .replied : context.ok()
    }

    /// Conditions held, so replicas need not ask for them.
    private static func replicate(_ context: KeyContext, _ options: Options, _ expiry: Int64?) {
        if let expiry { return replicate(context, value: 2, until: expiry) }
        let words = [Word.set, context.bytes(1), context.bytes(2)]
        context.replicate(as: words + (options.keepsExpiry ? [Word.keepTTL] : []))
    }

    /// A key that has ended already is taken away by a command of its own.
    private static func replicate(_ context: KeyContext, value: Int, until expiry: Int64) {
        let key = context.bytes(1)
        guard expiry > context.store.now else { return context.replicate(as: [Word.del, key]) }
        context.replicate(
            as: [Word.set, key, context.bytes(value), Word.pxat, Word.number(expiry)])
    }

    /// - Returns: nil when the words make no sense together.
    private static func parse(_ context: KeyContext) -> Options? {
        var options = Options()
        var index = 3
        while index < context.count {
            let hasMore = index + 1 < context.count
            switch context.option(index) {
            case "nx" where !options.onlyPresent: options.onlyMissing = true
            case "xx" where !options.onlyMissing: options.onlyPresent = true
            case "get": options.returnsOld = true
            case "keepttl" where options.time == nil: options.keepsExpiry = true
            case let word where hasMore && options.time == nil && !options.keepsExpiry:
                guard let unit = TimeWord(rawValue: word) else { return nil }
                index += 1
                options.time = (index, unit)
            default: return nil
            }
            index += 1
        }
        return options
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
            if context.isReplicated { replicate(context, value: 3, until: moment) }
            ExpiryCommands.end(number, at: moment, context.store)
            return context.ok()
        case .notANumber: return .notANumber
        case .invalid:
            return .error("ERR invalid expire time in '\(context.option(0))' command")
        }
    }
}

/// The ways to say when a key ends.
enum TimeWord: String {
    case seconds = "ex"
    case milliseconds = "px"
    case secondsOfDay = "exat"
    case millisecondsOfDay = "pxat"

    enum Moment {
        case moment(Int64)
        case notANumber, invalid
    }

    /// The moment that a word names, in wall milliseconds; it must be above 0.
    func moment(_ context: KeyContext, at index: Int) -> Moment {
        guard let number = context.number(index) else { return .notANumber }
        guard number > 0 else { return .invalid }
        return milliseconds(number, context.store.now).map { .moment($0) } ?? .invalid
    }

    /// nil when it does not fit.
    func milliseconds(_ number: Int64, _ now: Int64) -> Int64? {
        var value = number
        if self == .seconds || self == .secondsOfDay {
            let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
            guard !overflow else { return nil }
            value = product
        }
        guard self == .seconds || self == .milliseconds else { return value }
        let (sum, overflow) = value.addingReportingOverflow(now)
        return overflow ? nil : sum
    }
}
