// Whoever wins an election holds the most of its master's data, where nothing else went wrong that
// could have kept a better replica from standing.

import ClusterCore
import ClusterWire

struct SuccessorChecker: Checker {
    private let isApplicable: Bool
    /// Microseconds for which nothing else may have been wrong: all have heard of each other by then.
    private let calm: Int64
    private var faults: ActiveFaults

    init(_ setup: WorldSetup) {
        let environment = setup.environment
        isApplicable =
            environment.hasData && environment.lossPerMillion == 0 && environment.assignsEpochs
        calm = 4 * setup.options.nodeTimeout * 1000
        faults = ActiveFaults(nodes: setup.options.nodeCount)
    }

    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .faultBegan(let fault): faults.began(fault, at: world.now)
        case .faultEnded(let fault): faults.ended(fault, at: world.now)
        case .noted(.electionWon, by: let winner): return elected(winner, world)
        case .noted, .started, .received, .forged, .took, .said, .stepped, .answered, .saved,
            .ended,
            .surveyed, .data:
            break
        }
        return nil
    }

    /// A node won an election: no sibling that could stand had more of the master's data.
    ///
    /// Without an offset on time a replica waits a second a rank, so a worse one may win only if the
    /// better one lost an election: with one master down and no losses it does not.
    private func elected(_ winner: Int, _ world: WorldView) -> Violation? {
        let nodes = world.nodes
        guard isApplicable, let master = nodes[winner].data.source, !nodes[master].isUp,
            let last = faults.lastBesides(master), faults.last(of: master) - last > calm
        else { return nil }
        let id = world.machines[master].id
        for other in nodes.indices where other != winner && nodes[other].isUp {
            guard world.machines[other].state.nodes[.myself].master == id,
                nodes[other].data.source == master,
                nodes[other].data.heardAt >= nodes[winner].data.heardAt - 1_000_000,
                nodes[other].data.offset > nodes[winner].data.offset
            else { continue }
            return Violation(
                .bestSuccessor,
                "n\(winner) is elected with \(nodes[winner].data.offset) bytes of n\(master)'s, "
                    + "n\(other) has \(nodes[other].data.offset)")
        }
        return nil
    }
}
