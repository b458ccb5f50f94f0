// Which command a request names: the table's entry, or that of a container's part.

import DataPlane
import RESP

extension RequestSource {
    /// The command that the request names; a container's part where it names one of those too.
    /// - Returns: nil when there is no such command, or no such part.
    @inline(__always)
    func findCommand() -> CommandSpec? {
        guard let spec = withWord(0, { CommandTable.index.find($0) }) else { return nil }
        guard let subcommands = spec.subcommandIndex, count > 1 else { return spec }
        return withWord(1) { subcommands.find($0) }
    }
}
