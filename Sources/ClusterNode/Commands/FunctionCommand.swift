// FUNCTION of a node without functions. Tools copy functions to a node that they add even when there are
// none: the empty library is given and taken.

import ClusterCore
import DataPlane
import RESP

enum FunctionCommand {
    /// A dump of no functions.
    ///
    /// - Source: bus protocol §14.
    private static let emptyDump: [UInt8] = [
        0x0A, 0x00, 0x5D, 0x9B, 0x5C, 0x40, 0x0F, 0x7F, 0xA2, 0xDA,
    ]

    static func run(_ context: WordContext) -> CommandResult {
        switch context.option(1) {
        case "list": return list(context)
        case "dump": return context.bulk(emptyDump)
        case "restore": return restore(context)
        case "flush": return context.ok()
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "function")
        }
    }

    private static func list(_ context: WordContext) -> CommandResult {
        var index = 2
        while index < context.count {
            switch context.option(index) {
            case "withcode": break
            case "libraryname":
                index += 1
                guard index < context.count else {
                    return .error("ERR library name argument was not given")
                }
            default: return .error("ERR Unknown argument \(context.text(index))")
            }
            index += 1
        }
        return context.answer(.list([]))
    }

    private static func restore(_ context: WordContext) -> CommandResult {
        if context.count > 4 {
            return context.unknownSubcommand(of: "function")
        }
        if context.count == 4, !["append", "replace", "flush"].contains(context.option(3)) {
            return .error(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
        }
        guard context.bytes(2) == emptyDump else {
            return .error("ERR DUMP payload version or checksum are wrong")
        }
        return context.ok()
    }
}
