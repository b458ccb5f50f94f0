// Waiting for what other processes and threads do: try until it holds or a deadline passes, and tell
// the last thing that was amiss. Also free ports for nodes that tests start.

import Synchronization
import SystemIO
package import Testing

/// Tries until nothing is amiss.
///
/// - Parameter amiss: what is not yet as it should be, or nil.
/// - Returns: whether it came to hold; if not, a failure is recorded with the last difference.
@discardableResult
package func eventually(
    _ what: String, withinMilliseconds limit: Int = 10_000,
    sourceLocation: SourceLocation = #_sourceLocation, _ amiss: () throws -> String?
) -> Bool {
    let end = SystemClock.monotonicMilliseconds() + Int64(limit)
    while true {
        let difference: String?
        do { difference = try amiss() } catch { difference = "\(error)" }
        guard let difference else { return true }
        if SystemClock.monotonicMilliseconds() >= end {
            Issue.record("\(what): \(difference)", sourceLocation: sourceLocation)
            return false
        }
        SystemClock.sleep(milliseconds: 10)
    }
}

/// Ports on loopback that nobody uses.
package enum FreePorts {
    /// What a cluster bus port is away from its client port.
    private static let busOffset = 10_000

    /// What this process was given, since tests run side by side.
    private static let taken = Mutex<Set<Int>>([])

    /// The first of `count` ports in a row of which each is free, and the one 10000 above, too.
    package static func base(_ count: Int) -> Int {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            // Below the range from which the system takes ports for connections.
            let base = Int.random(in: 10_000..<(22_000 - count), using: &generator)
            let ports = base..<(base + count)
            let isOurs = taken.withLock { taken in
                guard taken.isDisjoint(with: ports) else { return false }
                taken.formUnion(ports)
                return true
            }
            if isOurs && ports.allSatisfy({ isFree($0) && isFree($0 + busOffset) }) { return base }
        }
        preconditionFailure("no \(count) ports in a row are free")
    }

    private static func isFree(_ port: Int) -> Bool {
        guard let number = UInt16(exactly: port) else { return false }
        do throws(SystemError) {
            _ = try Socket.listen(at: .loopback(port: number), backlog: 1)
            return true
        } catch {
            return false
        }
    }
}
