// Nothing grows without bound: what each machine holds is small beside the number of nodes that there
// ever were, whatever went wrong, and what waits on a connection is small beside what a link may hold.

import ClusterCore
import ClusterWire

/// What a machine and the ways to it may hold, in a world of a known size.
struct ResourceBounds {
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
    func excess(of held: ResourceCounts) -> String? {
        let counts: [(name: String, count: Int, limit: Int)] = [
            ("handshakes", held.handshakes, handshakes),
            ("known nodes", held.knownNodes, identities),
            ("failure reports about one node", held.mostReports, identities),
            ("connections made to it", held.inboundLinks, inbound),
            ("forgotten ids", held.forgotten, identities),
            ("saves under way", held.savesUnderway, held.savesLimit),
            ("promises that wait", held.waitingActions, identities),
            ("votes for it", held.votes, identities),
            ("open slots", held.openSlots, 2 * Layout.slotCount),
        ]
        guard let over = counts.first(where: { $0.count > $0.limit }) else { return nil }
        return "\(over.count) \(over.name), at most \(over.limit) are expected"
    }
}

/// Looks at some machines at each survey, and at others the next time: what grows without bound is there
/// then.
struct ResourceChecker: Checker {
    private static let machinesPerSurvey = 4
    /// Most nodes of a world in which what waits is looked at too.
    private static let smallCount = 64

    private let count: Int
    /// The first machine that the next survey looks at.
    private var next = 0
    /// Ids that there ever were; a reset under the same id counts again.
    private var identities = Identities()

    init(_ setup: WorldSetup) { count = setup.options.nodeCount }

    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .started(let node):
            let id = world.machines[node].id
            if identities.find(id) == nil { _ = identities.add(id) }
        case .noted(.reset, by: let node): _ = identities.add(world.machines[node].id)
        case .surveyed(let network): return excess(in: world) ?? Self.queued(in: network, count)
        case .noted, .received, .forged, .took, .said, .stepped, .answered, .saved, .ended,
            .faultBegan,
            .faultEnded, .data:
            break
        }
        return nil
    }

    private mutating func excess(in world: WorldView) -> Violation? {
        let bounds = ResourceBounds(identities: identities.count, nodes: count)
        defer { next = (next + Self.machinesPerSurvey) % count }
        for step in 0..<min(count, Self.machinesPerSurvey) {
            let node = (next + step) % count
            if let excess = bounds.excess(of: world.machines[node].state.resourceCounts) {
                return Violation(.bounded, "n\(node) has \(excess)")
            }
        }
        return nil
    }

    private static func queued(in network: VirtualNetwork, _ count: Int) -> Violation? {
        guard count <= smallCount, let lane = network.longestLane() else { return nil }
        let bytes = network.queuedBytes(on: lane)
        guard bytes > ResourceBounds.queuedBytes else { return nil }
        return Violation(
            .bounded,
            "\(bytes) bytes wait between n\(network.ends[lane].node) and "
                + "n\(network.ends[lane ^ 1].node)")
    }
}
