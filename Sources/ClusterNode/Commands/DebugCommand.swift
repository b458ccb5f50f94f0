// DEBUG: what tests ask of a node to bring it into trouble, or to compare what it holds, where the configuration
// allows it. What it tells of keys is the data plane's.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import RESP
import SystemIO

/// What tests ask of a node to bring it into trouble.
enum DebugCommand {
    /// Milliseconds that DEBUG SLEEP takes at most.
    private static let longestSleep = 3_600_000.0

    static func run(_ context: ServerContext) -> CommandResult {
        guard isAllowed(context) else {
            return .error(
                "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                    + "\"local\", you can run it from a local connection, otherwise you need to set "
                    + "this option in the configuration file, and then restart the server.")
        }
        switch (context.option(1), context.count) {
        case ("sleep", 3):
            let milliseconds = min(longestSleep, max(0, 1000 * (Double(context.text(2)) ?? 0)))
            SystemClock.sleep(milliseconds: Int(milliseconds))
            return context.ok()
        case ("drop-cluster-packet-filter", 3):
            guard let type = context.number(2) else { return .notANumber }
            context.node.host.probes.filter = filter(type)
            return context.ok()
        case ("close-cluster-link-on-packet-drop", 3):
            context.node.host.probes.closesFilteredLinks = context.number(2) == 1
            return context.ok()
        case ("log", 3):
            context.node.log.write(.warning, "DEBUG LOG: \(context.text(2))")
            return context.ok()
        case ("clusterlink", 5) where context.option(2) == "kill": return killLinks(context)
        case ("restart", 2...3):
            let delay = context.count == 3 ? context.number(2) : 0
            guard let delay, (0...Int64(longestSleep)).contains(delay) else {
                return .notANumber
            }
            context.node.log.write(.warning, "Restart requested by DEBUG RESTART")
            context.node.restartsAfter = Int(delay)
            context.client.turn.isLeaving = true
            context.node.isStopping = true
            return .replied
        case ("digest", 2): return DataReports.digest(KeyContext(context.frame))
        case ("digest-value", 2...): return DataReports.digestValues(KeyContext(context.frame))
        case ("populate", 3...5): return DataReports.populate(KeyContext(context.frame))
        case ("object", 3): return DataReports.object(KeyContext(context.frame))
        case ("set-active-expire", 3):
            context.store.expiresByItself = context.number(2) != 0
            return context.ok()
        default:
            let word = context.text(1)
            return .error(
                "ERR unknown subcommand or wrong number of arguments for '\(word)'. "
                    + "Try DEBUG HELP.")
        }
    }

    /// The type whose messages are not heard; -1: none, -2: all.
    private static func filter(_ number: Int64) -> MessageFilter {
        if number == -2 { return .everything }
        return UInt16(exactly: number).map { .type(MessageType(rawValue: $0)) } ?? .nothing
    }

    private static func killLinks(_ context: ServerContext) -> CommandResult {
        let direction = context.option(3)
        guard ["to", "from", "all"].contains(direction) else {
            return .error("ERR Unknown direction \(context.text(3))")
        }
        let isDone =
            NodeID(context.text(4)).map {
                context.node.host.killLinks(
                    of: $0, ours: direction != "from", theirs: direction != "to")
            } ?? false
        guard isDone else { return .error("ERR Unknown node \(context.text(4))") }
        return context.ok()
    }

    private static func isAllowed(_ context: ServerContext) -> Bool {
        switch context.node.options.debugCommand {
        case .no: false
        case .yes: true
        case .local:
            ["127.", "[::1]"].contains { context.client.origin.peer.hasPrefix($0) }
        }
    }
}
