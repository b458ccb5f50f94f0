// Failovers in which real servers and nodes of ours vote for each other, and configuration files that
// each takes over from the other.

import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized, .enabled(if: Live.redis != nil, Live.noRedis)) struct MixedFailoverTests {
        static let timeout = 1000

        /// Servers of the distribution, and the newest of GRAPEVINE_PEERS' Valkey.
        static let servers: [ReferenceServer] =
            (Live.redis.map { [$0] } ?? [])
            + (Live.peers.last { $0.kind == .valkey }.map { [$0] } ?? [])

        /// Masters first; the nodes of ours may stand without a copy.
        private func cluster(_ programs: [ServerProgram], masters: Int) throws -> MixedCluster {
            let cluster = try MixedCluster(programs, nodeTimeoutMilliseconds: Self.timeout)
            for node in cluster.ours {
                try node.command("CONFIG", "SET", "failover-without-copy", "yes")
            }
            try cluster.form(cluster.nodes, masters: masters)
            return cluster
        }

        @Test(arguments: servers)
        func `real voters elect a replica of ours`(_ server: ReferenceServer) throws {
            let (theirs, ours) = (ServerProgram.reference(server), try Live.ours())
            let cluster = try cluster([theirs, theirs, theirs, ours], masters: 3)
            let spent = try cluster.killAndWait(
                cluster.nodes[0], cluster.nodes[3], limit: 4 * Self.timeout + 10_000)
            print("\(server): our heir after \(spent) ms")
            try cluster.nodes[0].restart()
            eventually("the old master follows", withinMilliseconds: 10_000) {
                let own = try cluster.nodes[0].myself()
                return own.isReplica ? nil : "\(own.flags)"
            }
        }

        @Test(arguments: servers)
        func `our voters elect a real replica of a real master`(_ server: ReferenceServer) throws {
            let (theirs, ours) = (ServerProgram.reference(server), try Live.ours())
            let cluster = try cluster([theirs, ours, ours, theirs], masters: 3)
            eventually("the replica holds a copy", withinMilliseconds: 10_000) {
                try cluster.nodes[3].field("master_link_status", of: "INFO", "replication") == "up"
                    ? nil : "link down"
            }
            let spent = try cluster.killAndWait(
                cluster.nodes[0], cluster.nodes[3], limit: 4 * Self.timeout + 10_000)
            print("\(server): their heir after \(spent) ms")
        }

        @Test(arguments: servers, [[], ["FORCE"], ["TAKEOVER"]])
        func `a replica of ours takes a real master's place by hand`(
            _ server: ReferenceServer, _ option: [String]
        ) throws {
            let (theirs, ours) = (ServerProgram.reference(server), try Live.ours())
            let cluster = try cluster([theirs, theirs, theirs, ours], masters: 3)
            try handOver(cluster, option)
        }

        @Test(arguments: servers, [[], ["FORCE"], ["TAKEOVER"]])
        func `a real replica takes our master's place by hand`(
            _ server: ReferenceServer, _ option: [String]
        ) throws {
            let (theirs, ours) = (ServerProgram.reference(server), try Live.ours())
            let cluster = try cluster([ours, theirs, ours, theirs], masters: 3)
            try handOver(cluster, option)
        }

        /// Node 3 replaces node 0, which becomes its replica.
        private func handOver(_ cluster: MixedCluster, _ option: [String]) throws {
            let reply = try cluster.nodes[3].ask(["CLUSTER", "FAILOVER"] + option)
            #expect(reply.string == "OK")
            try cluster.waitUntilServed(by: [cluster.nodes[3]], without: [], limit: 10_000)
            eventually("the old master follows", withinMilliseconds: 10_000) {
                let (old, new) = (try cluster.nodes[0].myself(), try cluster.nodes[3].myself())
                return old.master == new.id ? nil : "\(old.flags) of \(old.master ?? "nobody")"
            }
        }

        @Test(arguments: servers)
        func `nodes conf of ours starts a real server, and theirs starts ours`(
            _ server: ReferenceServer
        ) throws {
            let (theirs, ours) = (ServerProgram.reference(server), try Live.ours())
            for (first, second) in [(ours, theirs), (theirs, ours)] {
                let cluster = try cluster([first, first, first, first], masters: 3)
                let before = try cluster.nodes.map { try $0.myself() }
                for index in [0, 3] {
                    let node = cluster.nodes[index]
                    node.stop()
                    let other = try ServerProcess(
                        second, port: node.port, folder: node.folder,
                        directives: node.directives)
                    let own = try other.myself()
                    #expect(own.id == before[index].id, "\(second)")
                    #expect(own.slots == before[index].slots, "\(second)")
                    #expect(own.master == before[index].master, "\(second)")
                    eventually("it is a member again", withinMilliseconds: 10_000) {
                        let row = try cluster.nodes[1].nodes().first { $0.id == own.id }
                        return row?.isConnected == true && row?.isFailing == false
                            ? nil : "\(row?.flags ?? [])"
                    }
                }
            }
        }
    }
}
