// Commands about keys, whatever their values: which there are, and that they go.

package enum KeyCommands {
    package static func delete(_ context: KeyContext) -> CommandResult {
        var removed: Int64 = 0
        for index in 1..<context.count {
            guard let number = context.find(index) else { continue }
            context.store.remove(number)
            removed += 1
        }
        return context.integer(removed)
    }

    /// DELIFEQ: deletes a key if it has this value.
    package static func deleteIfEqual(_ context: KeyContext) -> CommandResult {
        guard let number = context.find(1),
            StringCommands.isEqual(number, toWord: 2, context)
        else { return context.integer(0) }
        context.store.remove(number)
        if context.isReplicated { context.replicate(as: [Word.del, context.bytes(1)]) }
        return context.integer(1)
    }

    package static func exists(_ context: KeyContext) -> CommandResult {
        var found: Int64 = 0
        for index in 1..<context.count
        where context.look(index) != nil { found += 1 }
        return context.integer(found)
    }

    package static func type(_ context: KeyContext) -> CommandResult {
        let number = context.look(1)
        return context.simple(number == nil ? "none" : "string")
    }

    package static func keys(_ context: KeyContext) -> CommandResult {
        let pattern = context.bytes(1)
        let takesAll = pattern == [UInt8(ascii: "*")]
        var found: [Int] = []
        context.store.visit { number in
            if takesAll || Glob.matches(context.store.key(number), pattern) {
                found.append(number)
            }
        }
        context.reply.arrayHeader(found.count)
        for number in found { context.store.withKey(number) { context.reply.bulk($0) } }
        return .replied
    }

    package static func size(_ context: KeyContext) -> CommandResult {
        context.integer(Int64(context.store.count))
    }

    package static func random(_ context: KeyContext) -> CommandResult {
        guard let number = context.store.anyKey() else { return context.null() }
        return context.bulk(context.store.key(number))
    }

    package static func flush(_ context: KeyContext) -> CommandResult {
        if context.count > 2 { return .syntaxError }
        if context.count == 2, context.option(1) != "sync", context.option(1) != "async" {
            return .syntaxError
        }
        context.store.removeAll()
        return context.ok()
    }

    // MARK: - SCAN

    /// The most keys that are looked at in one call, whatever was asked for.
    private static let largestScan = 1_000_000

    /// A number below 0 counts back from the end of the range, as in C.
    private static func cursor(_ text: String) -> UInt64? {
        guard text.utf8.first == UInt8(ascii: "-") else { return UInt64(text) }
        return UInt64(text.dropFirst()).map { 0 &- $0 }
    }

    package static func scan(_ context: KeyContext) -> CommandResult {
        guard let cursor = cursor(context.text(1)) else {
            return .error("ERR invalid cursor")
        }
        var count = 10
        var pattern: [UInt8]?
        var isOtherType = false
        var index = 2
        while index < context.count {
            guard index + 1 < context.count else { return .syntaxError }
            switch context.option(index) {
            case "count":
                guard let number = context.number(index + 1) else { return .notANumber }
                guard number >= 1 else { return .syntaxError }
                count = Int(min(number, Int64(largestScan)))
            case "match":
                let bytes = context.bytes(index + 1)
                pattern = bytes == [UInt8(ascii: "*")] ? nil : bytes
            case "type": isOtherType = context.option(index + 1) != "string"
            default: return .syntaxError
            }
            index += 2
        }
        var (next, numbers) = context.store.scan(from: cursor, count: count)
        if isOtherType { numbers = [] }
        if let pattern { numbers.removeAll { !Glob.matches(context.store.key($0), pattern) } }
        context.reply.arrayHeader(2)
        context.reply.bulk(String(next))
        context.reply.arrayHeader(numbers.count)
        for number in numbers { context.store.withKey(number) { context.reply.bulk($0) } }
        return .replied
    }
}
