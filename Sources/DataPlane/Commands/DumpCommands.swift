// DUMP, RESTORE and RESTORE-ASKING: a value as bytes that any server takes, and back. Long ones go in pieces; a
// request that was put off is checked from its beginning each time, so that what happened meanwhile counts.

import RESP

package enum DumpCommands {
    // MARK: - DUMP

    /// Values up to this many bytes go in one piece.
    private static let shortBytes = 1 << 16

    package static func dump(_ context: KeyContext) -> CommandResult {
        if case .dumping(let work) = context.work { return goOn(work, context) }
        guard let number = context.withWord(1, { context.store.look($0) }) else {
            return context.null()
        }
        let value = context.store.value(number)
        guard value.count > shortBytes else { return context.bulk(DumpPayload.make(value.span)) }
        let work = DumpWork(value)
        let count = DumpPayload.byteCount(ofValue: value.count)
        work.bytes.reserveCapacity(count + 32)
        RESPWriter.bulkHeader(count, to: &work.bytes)
        work.builder.head(valueCount: value.count, to: &work.bytes)
        return goOn(work, context)
    }

    private static func goOn(_ work: DumpWork, _ context: KeyContext) -> CommandResult {
        let value = work.value
        let piece = min(context.turnBytes, value.count - work.done)
        let slice = value.span.extracting(work.done..<(work.done + piece))
        work.bytes.append(slice)
        work.builder.value(slice)
        work.done += piece
        guard work.done == value.count else { return context.pause(.dumping(work)) }
        work.builder.tail(to: &work.bytes)
        RESPWriter.endBulk(&work.bytes)
        context.reply.take(&work.bytes)
        return .replied
    }

    // MARK: - RESTORE

    private struct Options {
        var replaces = false
        var isAbsolute = false
        var hasIdleTime = false
        var hasFrequency = false
    }

    /// The last moment at which a key may end: one close to the end of the range is taken by real servers, and ends
    /// some of them.
    package static let lastMoment: Int64 = 1 << 62

    package static func restore(_ context: KeyContext) -> CommandResult {
        var options = Options()
        if let error = parse(context, &options) { return error }
        let found = context.withWord(1) { context.store.find($0) }
        guard options.replaces || found == nil else {
            return .error("BUSYKEY Target key name already exists.")
        }
        guard let time = context.number(2) else { return .notANumber }
        guard time >= 0 else { return .error("ERR Invalid TTL value, must be >= 0") }
        let now = context.store.now
        guard time <= lastMoment - (options.isAbsolute ? 0 : now) else {
            return .error("ERR invalid expire time in '\(context.option(0))' command")
        }
        let value: [UInt8]
        switch open(context) {
        case .success(let opened?): value = opened
        case .success(nil): return .unfinished(.nextTurn)
        case .failure(let error):
            return .error(
                error.isOfFooter
                    ? "ERR DUMP payload version or checksum are wrong" : "ERR Bad data format")
        }
        let end = time == 0 ? nil : options.isAbsolute ? time : now + time
        // A replica keeps what has ended until its master says that it goes.
        if let end, end <= now, !context.store.isReplica {
            if let found {
                context.store.remove(found)
                if context.isReplicated { context.replicate(as: [Word.del, context.bytes(1)]) }
            }
            return context.ok()
        }
        let slot = context.slot
        let number = context.withWord(1) { context.store.set($0, in: slot, taking: value) }
        if let end {
            context.store.setExpiry(of: number, end)
            if context.isReplicated { replicate(context, options, end) }
        }
        return context.ok()
    }

    private static func replicate(_ context: KeyContext, _ options: Options, _ end: Int64) {
        let words = [context.bytes(0), context.bytes(1), Word.number(end), context.bytes(3)]
        context.replicate(
            as: words + (options.replaces ? [Word.replace] : []) + [Word.absTTL])
    }

    /// - Returns: nil when the words make sense.
    private static func parse(_ context: KeyContext, _ options: inout Options) -> CommandResult? {
        var index = 4
        while index < context.count {
            let hasMore = index + 1 < context.count
            switch context.option(index) {
            case "replace": options.replaces = true
            case "absttl": options.isAbsolute = true
            case "idletime" where hasMore && !options.hasFrequency:
                guard let seconds = context.number(index + 1) else { return .notANumber }
                guard seconds >= 0 else {
                    return .error("ERR Invalid IDLETIME value, must be >= 0")
                }
                options.hasIdleTime = true
                index += 1
            case "freq" where hasMore && !options.hasIdleTime:
                guard let frequency = context.number(index + 1) else { return .notANumber }
                guard (0...255).contains(frequency) else {
                    return .error("ERR Invalid FREQ value, must be >= 0 and <= 255")
                }
                options.hasFrequency = true
                index += 1
            default: return .syntaxError
            }
            index += 1
        }
        return nil
    }

    /// The value in the payload; nil as long as it is not open.
    private static func open(_ context: KeyContext) -> Result<[UInt8]?, DumpError> {
        let work: RestoreWork
        if case .restoring(let begun) = context.work {
            work = begun
        } else {
            work = RestoreWork(DumpOpener(limit: context.store.valueLimit))
        }
        let budget = context.turnBytes
        let count = context.withWord(3) { $0.count }
        var spent = 0
        // The steps of a short payload go together; each of them is counted with what it may at most have taken.
        let step = min(budget, max(1, count))
        repeat {
            let result = context.withWord(3) { payload -> Result<[UInt8]?, DumpError> in
                do throws(DumpError) {
                    return .success(try work.opener.step(payload, budgetBytes: step))
                } catch { return .failure(error) }
            }
            switch result {
            case .success(nil): spent = budget == .max ? 0 : spent + step
            case .success, .failure: return result
            }
        } while spent < budget
        context.work = .restoring(work)
        return .success(nil)
    }
}
