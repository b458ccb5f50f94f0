// Nothing grows without bound: what each machine holds is small beside the number of nodes that there
// ever were, whatever went wrong, and what waits on a connection is small beside what a link may hold.

import ClusterCore
import ClusterWire

/// What a machine and the ways to it may hold, in a world of a known size.
struct ResourceChecker: Sendable {
    /// Every identity that there ever was.
    let identities: Int
    let nodes: Int

    /// Handshakes that one machine has under way: some with each address that it heard of.
    private var handshakes: Int { 4 * nodes + 16 }
    /// Connections that others made to a node, those included that it does not know to be over.
    private var inbound: Int { 8 * nodes + 32 }
    /// Bytes on their way to one end of one connection, held ones included.
    static let queuedBytes = 2 << 20

    /// The first thing of which a machine holds more than it should.
    func excess(of load: Load) -> String? {
        let counts: [(name: String, count: Int, limit: Int)] = [
            ("handshakes", load.handshakes, handshakes),
            ("known nodes", load.knownNodes, identities),
            ("failure reports about one node", load.mostReports, identities),
            ("connections made to it", load.inboundLinks, inbound),
            ("forgotten ids", load.forgotten, identities),
            ("saves under way", load.savesUnderway, load.savesLimit),
            ("promises that wait", load.promises, identities),
            ("votes for it", load.votes, identities),
            ("open slots", load.openSlots, 2 * Layout.slotCount),
        ]
        guard let over = counts.first(where: { $0.count > $0.limit }) else { return nil }
        return "\(over.count) \(over.name), at most \(over.limit) are expected"
    }
}

extension World {
    /// Machines looked at in one survey, and worlds in which what waits is looked at too: what grows
    /// without bound is there the next time.
    private static let machinesPerSurvey = 4
    private static let smallCount = 64

    /// Looks at some machines and at what waits for them, and at others the next time.
    mutating func checkBounds() {
        let bounds = ResourceChecker(identities: safety.identityCount, nodes: nodes.count)
        for step in 0..<min(nodes.count, Self.machinesPerSurvey) {
            let node = (nextBounded + step) % nodes.count
            if let excess = bounds.excess(of: machines[node].state.load) {
                fail(.bounded, "n\(node) has \(excess)")
            }
        }
        nextBounded = (nextBounded + Self.machinesPerSurvey) % nodes.count
        guard nodes.count <= Self.smallCount, let lane = network.longestLane() else {
            return
        }
        let bytes = network.queuedBytes(on: lane)
        if bytes > ResourceChecker.queuedBytes {
            fail(
                .bounded,
                "\(bytes) bytes wait between n\(network.ends[lane].node) and "
                    + "n\(network.ends[lane ^ 1].node)")
        }
    }
}
