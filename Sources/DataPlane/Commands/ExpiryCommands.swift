// Commands about when keys end.

package enum ExpiryCommands {
    /// Lets a key end; at once when the moment is past. What comes from a master's stream ends when the master
    /// says so: on the way here its moment may have passed, and commands behind it may still use the key.
    static func end(_ number: Int, at moment: Int64, _ store: MemoryStore) {
        if moment <= store.now && !store.readsExpired {
            store.remove(number)
        } else {
            // The last moment of all stands for never.
            store.setExpiry(of: number, min(moment, .max - 1))
        }
    }

    /// The same for a command that changes nothing else.
    static func end(_ number: Int, named key: [UInt8], at moment: Int64, _ context: KeyContext) {
        if context.isReplicated {
            context.replicate(
                as: moment <= context.store.now
                    ? [Word.del, key] : [Word.pexpireat, key, Word.number(moment)])
        }
        end(number, at: moment, context.store)
    }

    package static func expire(_ context: KeyContext) -> CommandResult { set(.seconds, context) }
    package static func expireMilliseconds(_ context: KeyContext) -> CommandResult {
        set(.milliseconds, context)
    }
    package static func expireAt(_ context: KeyContext) -> CommandResult {
        set(.secondsOfDay, context)
    }
    package static func expireAtMilliseconds(_ context: KeyContext) -> CommandResult {
        set(.millisecondsOfDay, context)
    }

    private struct Conditions: OptionSet {
        let rawValue: UInt8
        static let none = Conditions(rawValue: 1)
        static let some = Conditions(rawValue: 2)
        static let later = Conditions(rawValue: 4)
        static let earlier = Conditions(rawValue: 8)
    }

    private static func set(_ unit: TimeWord, _ context: KeyContext) -> CommandResult {
        var conditions: Conditions = []
        for index in 3..<max(3, context.count) {
            switch context.option(index) {
            case "nx": conditions.insert(.none)
            case "xx": conditions.insert(.some)
            case "gt": conditions.insert(.later)
            case "lt": conditions.insert(.earlier)
            default: return .error("ERR Unsupported option \(context.text(index))")
            }
        }
        if conditions.contains(.none) && conditions != .none {
            return .error(
                "ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        if conditions.isSuperset(of: [.later, .earlier]) {
            return .error("ERR GT and LT options at the same time are not compatible")
        }
        guard let value = context.number(2) else { return .notANumber }
        guard let moment = unit.milliseconds(value, context.store.now) else {
            return .error("ERR invalid expire time in '\(context.option(0))' command")
        }
        guard let number = context.find(1) else {
            return context.integer(0)
        }
        guard holds(conditions, context.store.expiry(number), moment) else {
            return context.integer(0)
        }
        end(number, named: context.bytes(1), at: moment, context)
        return context.integer(1)
    }

    /// A key without an end counts as one that ends after all others.
    private static func holds(_ conditions: Conditions, _ old: Int64?, _ new: Int64) -> Bool {
        if conditions.contains(.none) && old != nil { return false }
        if conditions.contains(.some) && old == nil { return false }
        if conditions.contains(.later) && new <= old ?? .max { return false }
        if conditions.contains(.earlier), let old, new >= old { return false }
        return true
    }

    package static func seconds(_ context: KeyContext) -> CommandResult {
        tell(context) { (max(0, $0 - context.store.now) + 500) / 1000 }
    }

    package static func milliseconds(_ context: KeyContext) -> CommandResult {
        tell(context) { max(0, $0 - context.store.now) }
    }

    package static func endSeconds(_ context: KeyContext) -> CommandResult {
        tell(context) { ($0 + 500) / 1000 }
    }

    package static func endMilliseconds(_ context: KeyContext) -> CommandResult {
        tell(context) { $0 }
    }

    private static func tell(
        _ context: KeyContext, _ form: (Int64) -> Int64
    ) -> CommandResult {
        guard let number = context.look(1) else {
            return context.integer(-2)
        }
        return context.integer(context.store.expiry(number).map(form) ?? -1)
    }

    package static func persist(_ context: KeyContext) -> CommandResult {
        guard let number = context.find(1),
            context.store.expiry(number) != nil
        else { return context.integer(0) }
        context.store.setExpiry(of: number, nil)
        return context.integer(1)
    }
}
