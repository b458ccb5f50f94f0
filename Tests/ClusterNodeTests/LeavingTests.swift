// How a node of ours ends when it is asked to: its replica has all that it wrote, and takes over before it goes where
// that is wanted, so that neither keys nor the slots' service wait for a failure to be noticed.

import ClusterClient
import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct LeavingTests {
        @Test func `a master that is asked to end hands over first, and no key is lost`() throws {
            // Nobody notices a failure within this test: only handing over can bring a successor.
            let cluster = try FailoverTests.cluster(
                masters: 3, replicas: 3, nodeTimeout: 60_000,
                ["--auto-failover-on-shutdown", "yes"])
            let (leaving, successor) = (cluster.nodes[0], cluster.nodes[3])
            try cluster.writeKeys(300)
            leaving.send(.terminate)
            #expect(leaving.wait(milliseconds: 10_000) == .exited(0))
            #expect(leaving.log.contains("took over"), "\(leaving.logEnd)")
            let role = try successor.myself()
            #expect(role.master == nil, "\(role.flags)")
            #expect(try successor.field("role", of: "INFO", "REPLICATION") == "master")
            #expect(try cluster.lostKeys(300) == 0)
        }
    }
}
