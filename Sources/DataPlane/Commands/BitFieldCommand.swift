// BITFIELD: numbers of any width anywhere in a value, read, written and added to, with a choice of what becomes of
// what does not fit.

import RESP

package enum BitFieldCommand {
    /// A number of so many bits.
    private struct Field {
        var isSigned: Bool
        var width: Int
        var place: Int
    }

    private enum Action {
        case get
        case set(Int64)
        case add(Int64)
    }

    private enum Overflow: String { case wrap, sat, fail }

    private struct Step {
        var field: Field
        var action: Action
        var overflow: Overflow
    }

    package static func run(_ context: KeyContext) -> CommandResult {
        perform(context, mayWrite: true)
    }

    package static func read(_ context: KeyContext) -> CommandResult {
        perform(context, mayWrite: false)
    }

    private static func perform(_ context: KeyContext, mayWrite: Bool) -> CommandResult {
        switch parse(context, mayWrite) {
        case .failure(let error): return .failed(error)
        case .success(let steps):
            let start = context.reply.count
            let changes = context.store.changes
            context.reply.arrayHeader(steps.count)
            for step in steps {
                guard run(step, context) else {
                    context.reply.cut(to: start)
                    return .valueTooLong
                }
            }
            if context.store.changes != changes { grow(steps, context) }
            return .replied
        }
    }

    /// Steps that did not fit lengthen a value, too, if others wrote: replicas of other makes do so.
    private static func grow(_ steps: [Step], _ context: KeyContext) {
        let store = context.store
        let ends = steps.map { step in
            if case .get = step.action { return 0 }
            return (step.field.place + step.field.width - 1) >> 3
        }
        guard let last = ends.max(), let number = context.find(1),
            last >= store.valueCount(number)
        else { return }
        _ = store.setSlice(of: number, at: last, [0].span)
    }

    // MARK: - Reading the words

    private static func parse(
        _ context: KeyContext, _ mayWrite: Bool
    ) -> Result<[Step], CommandError> {
        var steps: [Step] = []
        var overflow = Overflow.wrap
        var index = 2
        while index < context.count {
            let word = context.option(index)
            let left = context.count - index - 1
            if word == "overflow", left >= 1 {
                guard let chosen = Overflow(rawValue: context.option(index + 1)) else {
                    return .failure(CommandError("ERR Invalid OVERFLOW type specified"))
                }
                overflow = chosen
                index += 2
                continue
            }
            let needed = word == "get" ? 2 : word == "set" || word == "incrby" ? 3 : .max
            guard left >= needed else { return .failure(CommandError("ERR syntax error")) }
            switch field(context, index + 1) {
            case .failure(let error): return .failure(error)
            case .success(let field):
                var action = Action.get
                if word != "get" {
                    guard let number = context.number(index + 3) else {
                        return .failure(.notANumber)
                    }
                    action = word == "set" ? .set(number) : .add(number)
                }
                steps.append(Step(field: field, action: action, overflow: overflow))
                index += needed + 1
            }
        }
        let writes = steps.contains { if case .get = $0.action { false } else { true } }
        guard mayWrite || !writes else {
            return .failure(CommandError("ERR BITFIELD_RO only supports the GET subcommand"))
        }
        return .success(steps)
    }

    private static func field(_ context: KeyContext, _ index: Int) -> Result<Field, CommandError> {
        let type = context.bytes(index)
        let isSigned = type.first == UInt8(ascii: "i")
        guard isSigned || type.first == UInt8(ascii: "u"),
            let width = strictInteger(type.span.extracting(1..<type.count)),
            width >= 1, width <= (isSigned ? 64 : 63)
        else {
            return .failure(
                CommandError(
                    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                        + "supported but i64 is."))
        }
        guard let place = BitCommands.place(context, index + 1, width: Int(width)) else {
            return .failure(BitCommands.wrongPlace)
        }
        return .success(Field(isSigned: isSigned, width: Int(width), place: place))
    }

    // MARK: - Steps

    /// - Returns: false when the value would be too long.
    private static func run(_ step: Step, _ context: KeyContext) -> Bool {
        let (store, field) = (context.store, step.field)
        let found = context.find(1)
        let bits = found.map { number in
            store.withValue(number) {
                BitRow.number($0, at: field.place, width: field.width)
            }
        }
        let old = number(bits ?? 0, field)
        let new: Int64?
        switch step.action {
        case .get:
            context.reply.integer(old)
            return true
        case .set(let number): new = fitted(number, 0, field, step.overflow)
        case .add(let number): new = fitted(old, number, field, step.overflow)
        }
        guard let new else {
            context.reply.null()
            return true
        }
        if case .set = step.action {
            context.reply.integer(old)
        } else {
            context.reply.integer(new)
        }
        return write(new, field, found, context)
    }

    private static func write(
        _ new: Int64, _ field: Field, _ found: Int?, _ context: KeyContext
    ) -> Bool {
        let store = context.store
        let last = (field.place + field.width - 1) >> 3
        guard last < store.valueLimit else { return false }
        let number = found ?? context.set(1, to: [])
        let bytes = store.withValue(number) {
            BitRow.bytes(
                $0, with: UInt64(bitPattern: new), at: field.place, width: field.width)
        }
        let isSame = store.withValue(number) { value -> Bool in
            guard last < value.count else { return false }
            return bytes.indices.allSatisfy { value[field.place >> 3 + $0] == bytes[$0] }
        }
        return isSame || store.setSlice(of: number, at: field.place >> 3, bytes.span)
    }

    /// What bits mean.
    private static func number(_ bits: UInt64, _ field: Field) -> Int64 {
        let free = UInt64(64 - field.width)
        guard field.isSigned else { return Int64(bitPattern: bits) }
        return Int64(bitPattern: bits << free) >> Int64(free)
    }

    /// A number with another added to it, if it fits or can be made to.
    private static func fitted(
        _ number: Int64, _ added: Int64, _ field: Field, _ overflow: Overflow
    ) -> Int64? {
        let range = range(field)
        let (sum, hasOverflown) = number.addingReportingOverflow(added)
        // What lacks to the upper end is more than a number holds: real servers count that as too large, and
        // copies must be as theirs.
        let isHuge =
            range.upperBound.subtractingReportingOverflow(number).overflow
            || !field.isSigned && added == 0 && number < 0
        if !hasOverflown && range.contains(sum) { return sum }
        switch overflow {
        case .fail: return nil
        case .wrap:
            let mask = UInt64.max >> UInt64(64 - field.width)
            return self.number(UInt64(bitPattern: sum) & mask, field)
        case .sat:
            let isBelow = hasOverflown ? added < 0 : sum < range.lowerBound
            return isBelow && !isHuge ? range.lowerBound : range.upperBound
        }
    }

    private static func range(_ field: Field) -> ClosedRange<Int64> {
        guard field.isSigned else { return 0...Int64.max >> Int64(63 - field.width) }
        return (Int64.min >> Int64(64 - field.width))...(Int64.max >> Int64(64 - field.width))
    }
}
