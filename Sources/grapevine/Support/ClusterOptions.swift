// What commands that start real servers have in common: the size of a cluster and its node timeout as
// options, and which servers of the reference there are. Ranges, defaults and help are theirs.

import Interop

enum ClusterOptions {
    static func nodes(_ help: String) -> Option { Option("--nodes", value: "N", help) }

    static func nodeTimeout(_ help: String) -> Option {
        Option("--node-timeout", value: "MS", help)
    }

    static func nodes(
        _ arguments: Arguments, in range: ClosedRange<Int>, default fallback: Int
    ) throws(UsageError) -> Int {
        try arguments.number("--nodes", in: range, default: fallback)
    }

    /// Milliseconds.
    static func nodeTimeout(
        _ arguments: Arguments, in range: ClosedRange<Int>, default fallback: Int
    ) throws(UsageError) -> Int {
        try arguments.number("--node-timeout", in: range, default: fallback)
    }

    /// The servers on `PATH`, one of each kind.
    static var installedServers: [ReferenceServer] {
        ReferenceServer.Kind.allCases.compactMap { ReferenceServer.installed($0) }
    }

    /// The servers that these programs are.
    static func servers(_ paths: [String]) throws(UsageError) -> [ReferenceServer] {
        var servers: [ReferenceServer] = []
        for path in paths {
            do throws(InteropError) {
                servers.append(try ReferenceServer(path: path))
            } catch {
                throw UsageError("\(error)")
            }
        }
        return servers
    }
}
