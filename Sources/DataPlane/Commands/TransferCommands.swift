// RENAME and COPY: a value with its time to live goes to another key of the same slot.

package enum TransferCommands {
    package static func rename(_ context: KeyContext) -> CommandResult {
        guard let number = context.find(1) else { return .error("ERR no such key") }
        guard !namesOneKey(context) else { return context.ok() }
        move(number, context)
        return context.ok()
    }

    package static func renameIfMissing(_ context: KeyContext) -> CommandResult {
        guard let number = context.find(1) else { return .error("ERR no such key") }
        guard context.find(2) == nil else { return context.integer(0) }
        move(number, context)
        return context.integer(1)
    }

    private static func move(_ number: Int, _ context: KeyContext) {
        let (store, slot) = (context.store, context.slot(ofKey: 2))
        _ = context.withWord(2) { store.rename(number, to: $0, in: slot) }
    }

    private static func namesOneKey(_ context: KeyContext) -> Bool {
        context.bytes(1) == context.bytes(2)
    }

    package static func copy(_ context: KeyContext) -> CommandResult {
        var replaces = false
        var index = 3
        while index < context.count {
            switch context.option(index) {
            case "replace": replaces = true
            case "db" where index + 1 < context.count:
                index += 1
                guard let database = context.number(index) else { return .notANumber }
                guard database == 0 else { return .error("ERR DB index is out of range") }
            default: return .syntaxError
            }
            index += 1
        }
        guard !namesOneKey(context) else {
            return .error("ERR source and destination objects are the same")
        }
        guard let number = context.look(1) else { return context.integer(0) }
        guard replaces || context.find(2) == nil else { return context.integer(0) }
        let (store, slot) = (context.store, context.slot(ofKey: 2))
        _ = context.withWord(2) { store.copy(number, to: $0, in: slot) }
        return context.integer(1)
    }
}
