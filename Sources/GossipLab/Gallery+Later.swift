// Experiments of the gallery about sums that lost messages destroy, and about what gossip and a leader do
// when a minority, half, or all but one of the nodes are gone.

extension Gallery {
    package static let later: [Exhibit] = [
        Exhibit("push-sum-loss", "lost messages destroy the mass that push-sum counts with") {
            pushSumLoss($0)
        },
        Exhibit("all-but-one", "a leader and gossip, when a part of the nodes is gone") {
            allButOne($0)
        },
    ]

    private static func figure(_ run: RunResult, _ name: String) -> Double {
        run.figures.first { $0.name == name }?.value ?? -1
    }

    private static func pushSumLoss(_ seed: UInt64) -> Finding {
        var finding = Finding()
        var options = LabOptions()
        options.strategy = .pushSum
        options.aggregate = .count
        options.nodes = 200
        options.roundsLimit = 60
        func error() -> Double { PushSum.trace(options, seed: seed).last ?? 1 }
        let exact = error()
        finding.check(
            "without loss every node comes to count 200: relative error below 1e-6",
            seen: exact < 1e-6 ? "below 1e-6" : text(exact, 6), holds: exact < 1e-6)
        options.loss = 0.05
        let lossy = Lab.run(options, seed: seed)
        let left = figure(lossy, "share of w left")
        let wrong = error()
        finding.check(
            "with a loss of 0.05 a part of the mass is gone and the count is wrong",
            seen: "\(text(left)) of the weights are left, the error is \(text(wrong))",
            holds: left < 0.9 && wrong > 0.001)
        options.takesBack = true
        let kept = Lab.run(options, seed: seed)
        let (whole, right) = (figure(kept, "share of w left"), error())
        finding.check(
            "when senders take back what was lost, all of it is there and the count is right",
            seen:
                "\(text(whole)) of the weights, error \(right < 1e-6 ? "below 1e-6" : text(right, 6))",
            holds: whole == 1 && right < 1e-6)
        return finding
    }

    private static func allButOne(_ seed: UInt64) -> Finding {
        var finding = Finding()
        var raft = LabOptions()
        raft.strategy = .raft
        raft.nodes = 10
        raft.roundsLimit = 500
        var rumor = LabOptions()
        rumor.nodes = 10
        rumor.until = .allKnow
        for (down, words, commits) in [
            (0.4, "a minority is", true), (0.5, "half are", false), (0.9, "all but one are", false),
        ] {
            raft.down = down
            rumor.down = down
            let (led, told) = (Lab.run(raft, seed: seed), Lab.run(rumor, seed: seed))
            let isCommitted = figure(led, "committed") == 1
            finding.check(
                "\(words) gone: the leader \(commits ? "commits" : "never commits"), gossip tells all that are left",
                seen: "\(isCommitted ? "committed" : "not committed"); "
                    + "\(text(told.residue, 2)) of those left never heard the rumor",
                holds: isCommitted == commits && told.residue == 0 && led.violation == nil)
        }
        return finding
    }
}
