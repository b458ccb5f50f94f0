// The words behind the keys and values of SET and MSETEX: on which conditions, and when the keys end.

/// What SET and its like were asked for beside keys and values.
struct SetOptions {
    /// Which words a command takes beside those about time.
    struct Allowed: OptionSet {
        let rawValue: UInt8
        /// NX and XX.
        static let conditions = Allowed(rawValue: 1)
        /// GET and IFEQ, which make sense for one key alone.
        static let single = Allowed(rawValue: 2)
    }

    private(set) var onlyMissing = false
    private(set) var onlyPresent = false
    /// The argument that the old value must be equal to.
    private(set) var comparison: Int?
    private(set) var returnsOld = false
    private(set) var keepsExpiry = false
    private var time: (word: Int, unit: TimeWord)?

    /// Reads the words from `first` on.
    /// - Returns: nil when they make no sense together.
    init?(_ context: KeyContext, from first: Int, allows allowed: Allowed) {
        var index = first
        while index < context.count {
            let word = context.option(index)
            if let unit = TimeWord(rawValue: word) {
                // The same word once more takes the place of the first.
                guard index + 1 < context.count, !keepsExpiry, time?.unit ?? unit == unit else {
                    return nil
                }
                index += 1
                time = (index, unit)
            } else if word == "keepttl" {
                guard time == nil else { return nil }
                keepsExpiry = true
            } else {
                guard takeCondition(word, context, &index, allowed) else { return nil }
            }
            index += 1
        }
    }

    private mutating func takeCondition(
        _ word: String, _ context: KeyContext, _ index: inout Int, _ allowed: Allowed
    ) -> Bool {
        switch word {
        case "nx" where allowed.contains(.conditions):
            onlyMissing = true
            return !onlyPresent && comparison == nil
        case "xx" where allowed.contains(.conditions):
            onlyPresent = true
            return !onlyMissing && comparison == nil
        case "get" where allowed.contains(.single):
            returnsOld = true
            return true
        case "ifeq" where allowed.contains(.single) && index + 1 < context.count:
            guard !onlyMissing, !onlyPresent, comparison == nil else { return false }
            index += 1
            comparison = index
            return true
        default: return false
        }
    }

    /// When the keys end, in wall milliseconds; nil: never, or as before.
    func moment(_ context: KeyContext) -> Result<Int64?, CommandError> {
        guard let time else { return .success(nil) }
        switch time.unit.moment(context, at: time.word) {
        case .moment(let moment): return .success(moment)
        case .notANumber: return .failure(.notANumber)
        case .invalid:
            return .failure(
                CommandError("ERR invalid expire time in '\(context.option(0))' command"))
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
