// Commands about the values of keys: reading and writing strings and numbers.

import RESP

package enum StringCommands {
    package static func get(_ context: KeyContext) -> CommandResult {
        give(context, 1)
        return .replied
    }

    package static func getMany(_ context: KeyContext) -> CommandResult {
        context.reply.arrayHeader(context.count - 1)
        for index in 1..<context.count { give(context, index) }
        return .replied
    }

    @inline(__always)
    private static func give(_ context: KeyContext, _ index: Int) {
        if let number = context.look(index) {
            _ = context.bulk(value: number)
        } else {
            context.reply.null()
        }
    }

    /// Whether a value has the bytes of an argument.
    static func isEqual(_ number: Int, toWord index: Int, _ context: KeyContext) -> Bool {
        context.withWord(index) { word in
            context.store.withValue(number) { value in
                guard value.count == word.count else { return false }
                for place in word.indices where word[place] != value[place] { return false }
                return true
            }
        }
    }

    /// Sets a key to a value, both by their places in the request.
    @discardableResult
    static func store(
        _ context: KeyContext, key: Int, value: Int, keepingExpiry: Bool = false
    ) -> Int {
        let (store, slot) = (context.store, context.slot(ofKey: key))
        if case .copying(let copy) = context.work {
            let bytes = copy.take()
            return context.withWord(key) {
                store.set($0, in: slot, taking: bytes, keepingExpiry: keepingExpiry)
            }
        }
        return context.request.withWords(key, value) { key, value in
            store.set(key, in: slot, to: value, keepingExpiry: keepingExpiry)
        }
    }

    package static func setIfMissing(_ context: KeyContext) -> CommandResult {
        if let pause = context.copyLong(2) { return pause }
        guard context.find(1) == nil else { return context.integer(0) }
        store(context, key: 1, value: 2)
        return context.integer(1)
    }

    package static func getAndSet(_ context: KeyContext) -> CommandResult {
        if let pause = context.copyLong(2) { return pause }
        let result = get(context)
        store(context, key: 1, value: 2)
        if context.isReplicated {
            context.replicate(as: [Word.set, context.bytes(1), context.bytes(2)])
        }
        return result
    }

    package static func getAndDelete(_ context: KeyContext) -> CommandResult {
        let result = get(context)
        if let number = context.find(1) {
            context.store.remove(number)
            if context.isReplicated { context.replicate(as: [Word.del, context.bytes(1)]) }
        }
        return result
    }

    package static func length(_ context: KeyContext) -> CommandResult {
        context.integer(context.look(1).map { Int64(context.store.valueCount($0)) } ?? 0)
    }

    package static func append(_ context: KeyContext) -> CommandResult {
        let store = context.store
        guard let number = context.find(1) else {
            let number = self.store(context, key: 1, value: 2)
            return context.integer(Int64(store.valueCount(number)))
        }
        let added = context.withWord(2) { $0.count }
        guard store.valueCount(number) + added <= store.valueLimit else { return .valueTooLong }
        context.withWord(2) { store.append(to: number, $0) }
        return context.integer(Int64(store.valueCount(number)))
    }

    // MARK: - Numbers

    package static func increment(_ context: KeyContext) -> CommandResult { add(1, context) }
    package static func decrement(_ context: KeyContext) -> CommandResult { add(-1, context) }

    package static func incrementBy(_ context: KeyContext) -> CommandResult {
        guard let number = context.number(2) else { return .notANumber }
        return add(number, context)
    }

    package static func decrementBy(_ context: KeyContext) -> CommandResult {
        guard let number = context.number(2) else { return .notANumber }
        guard number != .min else { return .error("ERR decrement would overflow") }
        return add(-number, context)
    }

    private static func add(_ difference: Int64, _ context: KeyContext) -> CommandResult {
        let found = context.find(1)
        var old: Int64 = 0
        if let found {
            guard let number = context.store.withValue(found, { strictInteger($0) }) else {
                return .notANumber
            }
            old = number
        }
        let (sum, overflow) = old.addingReportingOverflow(difference)
        guard !overflow else {
            return .error("ERR increment or decrement would overflow")
        }
        var text: [UInt8] = []
        RESPNumber.append(sum, to: &text)
        if let found {
            context.store.setValue(of: found, text.span)
        } else {
            context.set(1, to: text)
        }
        return context.integer(sum)
    }
}
