// Requests that are run one after the other: those of a connection as its bytes come in, or those that
// wait for EXEC. The one that is being run is read in place; what its words mean is for the commands.

import ClusterWire
import RESP

/// Requests in their order, and the one that is being run.
final class RequestSource {
    var parser = RequestParser()
    /// The slot of the keys of the request that is being run.
    var slot = KeySlot.of([UInt8]())
}

extension RequestSource {
    /// How many words the request has.
    var count: Int { parser.argumentCount }

    /// A word as text; bytes that are not UTF-8 become U+FFFD.
    func text(_ index: Int) -> String { parser.argumentText(index) }

    /// A word in small letters, for options.
    func option(_ index: Int) -> String { parser.argumentText(index).lowercased() }

    /// A copy of a word.
    func bytes(_ index: Int) -> [UInt8] { parser.argument(index) }

    /// A number in its one spelling.
    func number(_ index: Int) -> Int64? { parser.lendArgument(index) { strictInteger($0) } }

    /// The command that the request names; a container's part where it names one of those too.
    /// - Returns: nil when there is no such command, or no such part.
    @inline(__always)
    func findCommand() -> CommandSpec? {
        guard let spec = parser.lendArgument(0, { CommandTable.index.find($0) }) else {
            return nil
        }
        guard let subcommands = spec.subcommandIndex, count > 1 else { return spec }
        return parser.lendArgument(1) { subcommands.find($0) }
    }
}
