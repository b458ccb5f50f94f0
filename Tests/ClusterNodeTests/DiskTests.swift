// A voter whose disk fails it while a master is to be replaced: full, read-only, or slow to sync. Its
// heartbeats go on and nobody suspects it; its vote waits for the disk. The disk fails for real: a
// tiny file system is mounted over the node's folder, the folder is mounted read-only, and a library
// that a test compiles delays the syncs of the node (bus protocol §12 rows 17 and 20).

import ClusterClient
import Interop
import SystemIO
import TestSupport
import Testing

/// How a disk fails.
enum DiskTrouble: String, CustomTestStringConvertible {
    case full, readOnly
    var testDescription: String { rawValue }
}

extension LiveTests {
    @Suite(.serialized) struct DiskTests {
        @Test(
            .enabled(if: Mounts.areAllowed, Mounts.whyNot),
            arguments: [DiskTrouble.full, .readOnly])
        func `a voter that cannot write is not suspected, and votes once it can`(
            _ trouble: DiskTrouble
        ) throws {
            let cluster = try FailoverTests.cluster(masters: 3, replicas: 3)
            let voter = cluster.nodes[1]
            let mount = try Mounts(trouble, over: voter.folder)
            try Self.replace(cluster, voter: voter, repair: { try mount.repair() })
            // Its log lies below.
            mount.remove()
            #expect(voter.log.contains("Saving the cluster configuration failed"))
        }

        @Test(.enabled(if: SlowDisk.compiler != nil, SlowDisk.whyNot))
        func `a voter whose disk takes seconds is not suspected, and votes once it is quick`()
            throws
        {
            let slow = try SlowDisk()
            let cluster = try MixedCluster(
                [try Live.ours(), .ours(slow.wrapper)]
                    + Array(repeating: try Live.ours(), count: 4),
                nodeTimeoutMilliseconds: FailoverTests.timeout)
            try cluster.form(cluster.nodes, masters: 3)
            try slow.delay(.sync, milliseconds: 3 * FailoverTests.timeout)
            try Self.replace(
                cluster, voter: cluster.nodes[1],
                repair: { try slow.delay(.sync, milliseconds: 0) })
        }

        /// Kills the first master and watches for a while in which one of two votes cannot be given;
        /// then the disk works again.
        private static func replace(
            _ cluster: MixedCluster, voter: ServerProcess, repair: () throws -> Void
        ) throws {
            let (victim, successor) = (cluster.nodes[0], cluster.nodes[3])
            let others = cluster.nodes.filter { $0 !== victim && $0 !== voter }
            victim.send(.kill)
            _ = victim.wait(milliseconds: 5000)
            let end = SystemClock.monotonicMilliseconds() + Int64(4 * FailoverTests.timeout)
            while SystemClock.monotonicMilliseconds() < end {
                #expect(try successor.myself().isReplica, "elected without a vote that is on disk")
                for other in others {
                    let row = try other.nodes().first { $0.port == voter.port }
                    #expect(row?.isFailing == false, "\(other.name) suspects the voter")
                }
                SystemClock.sleep(milliseconds: 50)
            }
            #expect(try voter.text("PING") == "PONG")
            try repair()
            try cluster.waitUntilServed(
                by: [successor], without: [victim], limit: 20 * FailoverTests.timeout)
        }
    }
}
