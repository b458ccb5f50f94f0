// Ports on loopback for servers that are about to be started: in a row, free now, given to nobody else
// by this process. Between the look and the start another program may take one; the start then fails
// with the server's own words.

import Synchronization
import SystemIO

/// Free ports on loopback.
package enum LoopbackPorts {
    /// What a bus port is away from its client port, unless it is set.
    package static let busOffset = 10_000

    /// Below the range from which systems take ports for connections, with the bus ports too.
    private static let range = 11_000..<22_000
    private static let attempts = 1000

    /// What this process gave away.
    private static let given = Mutex<Set<Int>>([])

    /// The first of `count` ports in a row, each free, as is the one `busOffset` above it.
    package static func base(count: Int) throws(InteropError) -> Int {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<attempts {
            let base = Int.random(
                in: range.lowerBound...(range.upperBound - count), using: &generator)
            let ports = Set(base..<base + count).union(base + busOffset..<base + busOffset + count)
            let isOurs = given.withLock { given in
                guard given.isDisjoint(with: ports) else { return false }
                given.formUnion(ports)
                return true
            }
            if isOurs && ports.allSatisfy(isFree) { return base }
        }
        throw .noFreePorts(count: count)
    }

    /// Gives ports back.
    fileprivate static func giveBack(_ ports: Range<Int>) {
        let all = Set(ports).union(ports.map { $0 + busOffset })
        given.withLock { given in given.subtract(all) }
    }

    /// Whether nobody listens. Asked by connecting: a socket bound for a trial would be inherited by
    /// a child that another thread starts just then, and keep the port for a moment.
    private static func isFree(_ port: Int) -> Bool {
        do throws(SystemError) {
            _ = try BlockingConnection(
                to: .loopback(port: UInt16(clamping: port)), timeoutMilliseconds: 1000)
            return false
        } catch {
            return error.isConnectionRefused
        }
    }
}

/// Ports in a row, with those of the bus above them, that are somebody's as long as the owner lives.
package final class PortRow {
    package let ports: Range<Int>

    package init(count: Int) throws(InteropError) {
        let first = try LoopbackPorts.base(count: count)
        ports = first..<first + count
    }

    deinit { LoopbackPorts.giveBack(ports) }
}
