// What a member of a SWIM group makes of what it is told: which statement overrides which, how a
// suspicion begins, is confirmed, is refuted or ends in a declaration of death; and what a run came
// to in figures.

/// What is counted besides messages.
struct SwimCounts {
    var probes = 0
    var falseSuspicions = 0
    /// Declarations of death of a node that was up; each incarnation of it once.
    var falsePositives = 0
    /// Of these, of nodes that were not even slow.
    var falsePositivesOfHealthy = 0
    var firstDetection: Int?
    var firstDeclaration: Int?
}

extension Swim {
    func view(_ node: Int, _ subject: Int) -> SwimRank {
        SwimRank(raw: views[node * options.nodes + subject])
    }

    /// A node is told something, or finds it out itself.
    mutating func learn(_ node: Int, _ news: SwimNews) {
        let subject = Int(news.subject)
        if subject == node { return refute(node, news.rank) }
        let held = view(node, subject)
        guard news.rank > held else {
            if news.rank == held && held.claim == .suspect { confirm(node, news) }
            return
        }
        views[node * options.nodes + subject] = news.rank.raw
        if let place = place(of: news.subject, amongSuspicionsOf: node) {
            suspicions[node].remove(at: place)
        }
        switch news.rank.claim {
        case .alive: break
        case .suspect:
            suspicions[node].append(
                SwimSuspicion(subject: news.subject, since: round, accusers: [news.accuser]))
        case .dead: if subject == Self.crashed { people.hear(node, in: round) }
        }
        rumors[node].add(news)
    }

    /// Only the member that is accused gives out its next incarnation.
    private mutating func refute(_ node: Int, _ claimed: SwimRank) {
        let mine = incarnations[node]
        guard claimed.claim != .alive, claimed.incarnation >= mine,
            mine < SwimRank.lastIncarnation
        else { return }
        incarnations[node] = mine + 1
        let rank = SwimRank(.alive, mine + 1)
        worsen(node, by: 1)
        views[node * options.nodes + node] = rank.raw
        rumors[node].add(SwimNews(subject: UInt16(node), rank: rank, accuser: UInt16(node)))
    }

    /// Lifeguard: another one whose own probe failed makes a suspicion more certain, and is passed
    /// on.
    private mutating func confirm(_ node: Int, _ news: SwimNews) {
        guard
            let place = place(of: news.subject, amongSuspicionsOf: node),
            suspicions[node][place].accusers.count <= patience.confirmationsWanted,
            !suspicions[node][place].accusers.contains(news.accuser)
        else { return }
        suspicions[node][place].accusers.append(news.accuser)
        rumors[node].add(news)
    }

    private func place(of subject: UInt16, amongSuspicionsOf node: Int) -> Int? {
        for place in suspicions[node].indices where suspicions[node][place].subject == subject {
            return place
        }
        return nil
    }

    /// Those who were suspected for long enough are dead.
    mutating func expire(_ node: Int) {
        guard !suspicions[node].isEmpty else { return }
        for suspicion in suspicions[node] {
            let patience = patience.periods(confirmations: suspicion.accusers.count - 1)
            guard Double(round - suspicion.since) >= patience else { continue }
            let subject = Int(suspicion.subject)
            let rank = SwimRank(.dead, view(node, subject).incarnation)
            note(subject, rank)
            learn(node, SwimNews(subject: suspicion.subject, rank: rank, accuser: UInt16(node)))
        }
    }

    /// A declaration that does not come by hearsay.
    private mutating func note(_ subject: Int, _ rank: SwimRank) {
        if subject == Self.crashed && counts.firstDeclaration == nil {
            counts.firstDeclaration = round
        }
        guard isUp(subject), rank.raw > declared[subject] else { return }
        declared[subject] = rank.raw
        counts.falsePositives += 1
        if !network.isSlow(subject) { counts.falsePositivesOfHealthy += 1 }
    }

    // MARK: Figures

    func result(seed: UInt64) -> RunResult {
        var result = RunResult(seed: seed)
        people.complete(&result, rounds: Double(round))
        result.meter = meter
        if let bytes = options.messageBytes { result.meter.bytes = bytes * Double(meter.updates) }
        if let detected = counts.firstDetection {
            result.figures.append(("firstDetection", Double(detected)))
        }
        if let declared = counts.firstDeclaration {
            result.figures.append(("firstDeclaredDead", Double(declared)))
        }
        let nodePeriods = Double(people.count * round)
        guard nodePeriods > 0 else { return result }
        let thousands = nodePeriods / 1000
        result.figures += [
            ("messagesPerNodePeriod", Double(meter.asTaught) / nodePeriods),
            (
                "falseSuspicionsPer1000NodePeriods",
                Double(counts.falseSuspicions) / thousands
            ),
            (
                "falsePositivesPer1000NodePeriods",
                Double(counts.falsePositives) / thousands
            ),
            (
                "falsePositivesNotSlowPer1000NodePeriods",
                Double(counts.falsePositivesOfHealthy) / thousands
            ),
        ]
        if let interval = options.intervalMilliseconds, interval > 0 {
            let nodeHours = nodePeriods * interval / 3_600_000
            result.figures.append(
                ("falsePositivesPerNodeHour", Double(counts.falsePositives) / nodeHours))
        }
        return result
    }
}
