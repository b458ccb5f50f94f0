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

        @Test func `without time to wait, a replica that has everything is asked to take over`()
            throws
        {
            let cluster = try FailoverTests.cluster(
                masters: 3, replicas: 3, nodeTimeout: 60_000, ["--shutdown-timeout", "0"])
            let (leaving, successor) = (cluster.nodes[0], cluster.nodes[3])
            _ = try leaving.connect().send(["SET", "06S", "in slot 0"])
            eventually("the replica has acknowledged everything") {
                let all = try leaving.field("master_repl_offset", of: "INFO", "REPLICATION")
                let line = try leaving.field("slave0", of: "INFO", "REPLICATION") ?? ""
                return line.contains(",offset=\(all ?? "none"),") ? nil : line
            }
            _ = try? leaving.connect().send(["SHUTDOWN", "NOSAVE", "FAILOVER"])
            #expect(leaving.wait(milliseconds: 5000) == .exited(0))
            eventually("the replica is master", withinMilliseconds: 5000) {
                let role = try successor.field("role", of: "INFO", "REPLICATION")
                return role == "master" ? nil : role
            }
            // Nobody is left to hand over to.
            _ = try? successor.connect().send(["SHUTDOWN", "NOSAVE", "FAILOVER"])
            #expect(successor.wait(milliseconds: 5000) == .exited(0))
            #expect(successor.log.contains("Unable to find a replica"), "\(successor.logEnd)")
        }
    }
}
