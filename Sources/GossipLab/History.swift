// A run as it is watched: when each node heard, and when it stopped spreading the news.

/// The states of all nodes through a run.
package struct History: Sendable {
    let heardAt: [UInt32]
    let leftAt: [UInt32]
    package let rounds: Int

    package func phase(of node: Int, after round: Int) -> Phase {
        if heardAt[node] > UInt32(round) { return .susceptible }
        return leftAt[node] <= UInt32(round) ? .removed : .infective
    }
}

extension Lab {
    /// Runs it and keeps when what happened to whom; nil for a strategy of which that is not kept.
    package static func history(_ options: LabOptions, seed: UInt64) -> History? {
        switch options.strategy {
        case .rumor, .antiEntropy:
            guard options.partner == .random else { return nil }
            var rumor = Rumor(options, seed: seed)
            rumor.people.keepsRemovals()
            let rounds = rumor.spread()
            return rumor.people.history(rounds: Int(rounds.rounded(.up)))
        case .directMail: return DirectMail.history(options, seed: seed)
        case .medianCounter, .infectAndDie, .plumtree, .swim, .pushSum, .raft, .bus: return nil
        }
    }
}
