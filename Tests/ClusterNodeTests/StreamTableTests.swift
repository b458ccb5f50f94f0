// What clients may write, replicas must be able to follow: the table of commands against that of the stream.

import DataPlane
import Testing

@testable import ClusterNode

@Suite struct StreamTableTests {
    /// Commands that write and never go to replicas under their name.
    private static let others = [
        // What it took away is sent as DEL.
        "migrate",
        // Refused in a cluster.
        "move", "swapdb",
        // There are no libraries.
        "function",
    ]

    @Test func `what writes for clients can be followed by replicas, with as many words`() {
        let written = CommandTable.all.filter {
            $0.flags.contains(.write) && !Self.others.contains($0.name)
        }
        #expect(written.count > 20)
        for spec in written {
            let change = StreamCommands.changes.first { $0.name == spec.name }
            #expect(change?.arity == spec.arity, "\(spec.name)")
        }
    }
}
