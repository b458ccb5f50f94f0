// The end of a world with keys: clients stop, and within a bounded time each replica has its master's keys, after
// a bounded number of copies. And what came of it all, in figures.

import ClusterCore
import ClusterWire
import DataPlane

extension World {
    /// Milliseconds for which all must stay equal: copies that are given without end would come up in it.
    private static let stableTime: Int64 = 3000
    /// Milliseconds for which a master keeps one waiting at most that has asked for copies again and again.
    private static let longestDelay: Int64 = 30_000
    /// Copies that a replica may take after all have agreed: of its master, and once more where that one had just
    /// begun a history.
    private static let mostCopies = 3

    /// Lets replicas take their masters' keys. Returns the milliseconds they took.
    mutating func settleCopies() -> Double? {
        guard data != nil, violation == nil, !checking.isExempted else { return nil }
        data?.areClientsActive = false
        let before = data?.copiesTaken ?? []
        let begun = now
        let masters = ConvergenceChecker.votingMasters(allStates())
        let limit =
            Simulation.agreementTimeouts * options.nodeTimeout + Simulation.agreementMargin
            + Self.longestDelay
        var since: Int64?
        while violation == nil {
            let groups = groups(holdingMajorityOf: masters)
            if let problem = lack(groups) {
                since = nil
                if now - begun > limit * 1000 {
                    fail(Violation(.wholeCopies, "after \(limit) ms: \(problem)"))
                    return nil
                }
            } else {
                let start = since ?? now
                since = start
                if now - start >= Self.stableTime * 1000 {
                    tell(.data(.settled(groups)))
                    return Double(start - begun) / 1000
                }
            }
            run(until: now + 100_000)
            for node in nodes.indices {
                let taken = (data?.copiesTaken[node] ?? 0) - before[node]
                guard taken > Self.mostCopies else { continue }
                fail(Violation(.wholeCopies, "n\(node) takes one copy after the other: \(taken)"))
            }
        }
        return nil
    }

    /// What the first node that lacks something lacks.
    private func lack(_ groups: [[Int]]) -> String? {
        for node in groups.joined() {
            if let problem = lack(node, groups) { return problem }
        }
        return nil
    }

    /// What a node of a group lacks of its master's keys.
    private func lack(_ node: Int, _ groups: [[Int]]) -> String? {
        let me = machines[node].state.me
        guard let own = server(node), let master = me.master.flatMap({ self.node(named: $0) }),
            groups.contains(where: { $0.contains(node) && $0.contains(master) }),
            machines[master].state.me.isMaster, let theirs = server(master), let data
        else { return nil }
        guard own.replication.linkState == .following else {
            return "n\(node) does not follow n\(master)"
        }
        guard own.replication.log.id == theirs.replication.log.id,
            own.digest(data.keys) == theirs.digest(data.keys)
        else { return "n\(node) does not hold what n\(master) holds" }
        return nil
    }

    /// What clients asked and were told, and what replication did.
    var dataFigures: [Measured] {
        guard let data else { return [] }
        let figures = data.figures
        let counts: [(String, Int)] = [
            ("writes", figures.writes), ("reads", figures.reads),
            ("refused requests", figures.refused), ("confirmed writes", figures.confirmed),
            ("unconfirmed writes", figures.unconfirmed),
            ("exempted losses", checking.losses.exemptedCount), ("copies", figures.copies),
            ("continuations", figures.continuations),
            ("copies of strangers", figures.strangeCopies),
        ]
        let reasons = LossChecker.Exemption.allCases.map {
            ("lost: \($0)", checking.losses.exempted[$0.rawValue])
        }
        return (counts + reasons).map { Measured(name: $0.0, value: Double($0.1), unit: .count) }
    }
}
