// INCRBYFLOAT. Replicas are sent the sum, so that copies do not differ by how they add.

package enum FloatCommand {
    private static let notAFloat = "ERR value is not a valid float"

    package static func increment(_ context: KeyContext) -> CommandResult {
        let found = context.find(1)
        var old = ExtendedFloat.zero
        if let found {
            guard let number = context.store.withValue(found, { ExtendedFloat($0) }) else {
                return .error(notAFloat)
            }
            old = number
        }
        guard let added = context.withWord(2, { ExtendedFloat($0) }) else {
            return .error(notAFloat)
        }
        guard let sum = old.adding(added) else {
            return .error("ERR increment would produce NaN or Infinity")
        }
        let text = sum.text
        if let found {
            context.store.setValue(of: found, text.span)
        } else {
            context.set(1, to: text)
        }
        if context.isReplicated {
            context.replicate(as: [Word.set, context.bytes(1), text, Word.keepTTL])
        }
        return context.bulk(text)
    }
}
