// LCS: the longest row of bytes that two values have in common, not necessarily side by side. It takes as many steps
// as the lengths of the values multiplied, so that product is limited.

package enum LongestCommonCommand {
    /// Steps that one command may take, each of which takes 4 bytes: 64 MB.
    private static let stepLimit = 1 << 24

    private struct Options {
        var asksLength = false
        var asksPlaces = false
        var asksLengths = false
        var shortest = 0
    }

    package static func run(_ context: KeyContext) -> CommandResult {
        let first = context.look(1).map { context.store.value($0) } ?? []
        let second = context.look(2).map { context.store.value($0) } ?? []
        var options = Options()
        var index = 3
        while index < context.count {
            switch context.option(index) {
            case "idx": options.asksPlaces = true
            case "len": options.asksLength = true
            case "withmatchlen": options.asksLengths = true
            case "minmatchlen" where index + 1 < context.count:
                index += 1
                guard let number = context.number(index) else { return .notANumber }
                options.shortest = Int(max(0, number))
            default: return .syntaxError
            }
            index += 1
        }
        if options.asksLength && options.asksPlaces {
            return .error(
                "ERR If you want both the length and indexes, please just use IDX.")
        }
        let (steps, overflow) = (first.count + 1).multipliedReportingOverflow(by: second.count + 1)
        guard !overflow, steps <= stepLimit else {
            return .error(
                "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
        }
        let pairs = common(first, second)
        if options.asksLength { return context.integer(Int64(pairs.count)) }
        guard options.asksPlaces else { return context.bulk(pairs.map { first[$0.first] }) }
        answer(pairs, options, context)
        return .replied
    }

    /// Places of equal bytes in both, from the start on.
    private static func common(
        _ first: [UInt8], _ second: [UInt8]
    ) -> [(first: Int, second: Int)] {
        let width = second.count + 1
        // How long the common row of the first so many bytes of each is.
        var lengths = [UInt32](repeating: 0, count: (first.count + 1) * width)
        for row in first.indices {
            for column in second.indices {
                let above = row * width + column
                lengths[above + width + 1] =
                    first[row] == second[column]
                    ? lengths[above] + 1 : max(lengths[above + width], lengths[above + 1])
            }
        }
        var pairs: [(first: Int, second: Int)] = []
        var (row, column) = (first.count, second.count)
        while row > 0 && column > 0 {
            if first[row - 1] == second[column - 1] {
                row -= 1
                column -= 1
                pairs.append((row, column))
            } else if lengths[(row - 1) * width + column] > lengths[row * width + column - 1] {
                row -= 1
            } else {
                column -= 1
            }
        }
        return pairs.reversed()
    }

    /// The runs of bytes that are side by side in both, the last first.
    private static func answer(
        _ pairs: [(first: Int, second: Int)], _ options: Options, _ context: KeyContext
    ) {
        var runs: [(first: Int, second: Int, count: Int)] = []
        for pair in pairs {
            if let run = runs.last, run.first + run.count == pair.first,
                run.second + run.count == pair.second
            {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((pair.first, pair.second, 1))
            }
        }
        let shown = runs.reversed().filter { $0.count >= options.shortest }
        context.reply.mapHeader(2)
        context.reply.bulk("matches")
        context.reply.arrayHeader(shown.count)
        for run in shown {
            context.reply.arrayHeader(options.asksLengths ? 3 : 2)
            for start in [run.first, run.second] {
                context.reply.arrayHeader(2)
                context.reply.integer(Int64(start))
                context.reply.integer(Int64(start + run.count - 1))
            }
            if options.asksLengths { context.reply.integer(Int64(run.count)) }
        }
        context.reply.bulk("len")
        context.reply.integer(Int64(pairs.count))
    }
}
