// A node of ours in clusters of real servers: it is taken in, both sides say the same of all, and it
// stays so with no suspicion and no link made again.

import Interop
import SystemIO
import Testing

extension LiveTests {
    @Suite(.serialized, .enabled(if: Live.redis != nil, Live.noRedis)) struct JoinTests {
        @Test func `a node that MEETs a cluster of redis-server stands in all tables, and stays`()
            throws
        {
            let cluster = try formed(try Live.theirs(), masters: 3, replicas: 0)
            try joinAndStay(cluster, meeting: .oursMeets)
        }

        @Test func `so it does in a cluster with replicas`() throws {
            let cluster = try formed(try Live.theirs(), masters: 3, replicas: 3)
            try joinAndStay(cluster, meeting: .oursMeets)
        }

        @Test func `a node that redis-server MEETs is taken in as well`() throws {
            let cluster = try formed(try Live.theirs(), masters: 3, replicas: 0)
            try joinAndStay(cluster, meeting: .oursIsMet)
        }

        @Test func `a node of ours takes slots beside those of redis-server, and keeps them`()
            throws
        {
            let cluster = try MixedCluster(
                [try Live.theirs(), try Live.theirs(), try Live.ours()],
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 3)
            let change = try cluster.watch(milliseconds: 2000)
            #expect(change == nil)
            let own = try cluster.ours[0].myself()
            #expect(own.slotCount > 5000)
            try cluster.ours[0].restart()
            try cluster.waitUntilAgreed()
            let again = try cluster.ours[0].myself()
            #expect(again.id == own.id && again.slots == own.slots)
            #expect(again.configEpoch == own.configEpoch)
        }

        /// With every server of GRAPEVINE_PEERS, in both directions.
        @Test(
            .enabled(if: !Live.peers.isEmpty, Live.noPeers), arguments: Live.peers,
            Meeting.allCases)
        func `a node joins a cluster of any server`(_ peer: ReferenceServer, _ meeting: Meeting)
            throws
        {
            let cluster = try formed(.reference(peer), masters: 3, replicas: 0)
            try joinAndStay(cluster, meeting: meeting)
        }

        enum Meeting: CaseIterable {
            case oursMeets, oursIsMet
        }

        private func formed(
            _ program: ServerProgram, masters: Int, replicas: Int
        ) throws -> MixedCluster {
            let cluster = try MixedCluster(
                Array(repeating: program, count: masters + replicas),
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: masters)
            return cluster
        }

        /// The node must be known to all, as it knows them, within five seconds.
        private func joinAndStay(_ cluster: MixedCluster, meeting: Meeting) throws {
            let node = try cluster.add(try Live.ours())
            let other = cluster.nodes[0]
            switch meeting {
            case .oursMeets: try cluster.meet(node, other)
            case .oursIsMet: try cluster.meet(other, node)
            }
            let spent = try cluster.waitUntilAgreed(withinMilliseconds: 5000)
            print("\(other.program), \(meeting), \(cluster.nodes.count) nodes: \(spent) ms")
            let own = try node.myself()
            #expect(own.isMaster && own.slots.isEmpty)
            #expect(try node.nodes().count == cluster.nodes.count)
            try cluster.waitUntilServing()
            let change = try cluster.watch(milliseconds: Live.stayMilliseconds)
            #expect(change == nil)
            #expect(!node.log.contains("possibly failing"))
        }
    }
}
