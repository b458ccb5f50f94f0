// The part of the failure gallery that is about what news means: comparisons that stop paying, entries that
// come back from the dead, one flipped bit, and a ring with a dead member. Each experiment says what must
// be seen before it looks; the figures in its lines are those of the run itself.

extension Gallery {
    static let replicas: [Exhibit] = [
        Exhibit(
            "checksum",
            "checksums stop helping as updates come faster; a recent update list does not",
            run: checksum),
        Exhibit(
            "resurrection",
            "a deleted entry comes back, unless a certificate outlives the old copies",
            run: resurrection),
        Exhibit(
            "dormant", "dormant certificates collapse when spreading takes longer than tau1",
            run: dormant),
        Exhibit(
            "flipped-bit", "one flipped bit takes over everything (Amazon S3, 20 July 2008)",
            run: flippedBit),
        Exhibit(
            "ring-dead-member", "what a dead member of a ring costs under each of three rules",
            run: ringDeadMember),
    ]

    // MARK: Comparisons

    @Sendable private static func checksum(_ seed: UInt64) -> Finding {
        var finding = Finding()
        var slow = UpdateStream()
        slow.updatesPerRound = 0.02
        slow.rounds = 1040
        let calm = slow.run(seed: seed)
        finding.check(
            "an update every 50 rounds, less than 20 to spread: checksums save 9 bytes of 10",
            seen: "spread in \(calm.spreadMost) rounds at most; \(percent(calm.shareDiffering)) of"
                + " the contacts differ; checksum first \(kilobytes(calm.bytes[1])) a contact,"
                + " full copy \(kilobytes(calm.bytes[0]))",
            holds: calm.spreadMost < 20 && calm.bytes[1] < 0.1 * calm.bytes[0])

        var fast = UpdateStream()
        fast.updatesPerRound = 5
        let busy = fast.run(seed: seed)
        finding.check(
            "5 updates a round, several rounds to spread: checksums save less than 1 byte of 10",
            seen: "spread in \(fixed(busy.spreadMean, 1)) rounds on average;"
                + " \(percent(busy.shareDiffering)) of the contacts differ; checksum first"
                + " \(kilobytes(busy.bytes[1])), full copy \(kilobytes(busy.bytes[0]))",
            holds: busy.spreadMean > 2 && busy.bytes[1] > 0.9 * busy.bytes[0])
        finding.check(
            "a recent update list over more rounds than any update takes: under a third of a full copy",
            seen: "window \(fast.window) rounds, spread in \(busy.spreadMost) at most; recent list"
                + " \(kilobytes(busy.bytes[2])), full copy \(kilobytes(busy.bytes[0]))",
            holds: fast.window > busy.spreadMost && busy.bytes[2] < busy.bytes[0] / 3)

        fast.window = 1
        let short = fast.run(seed: seed)
        finding.check(
            "a list over fewer rounds than an update takes falls back on full copies: it saves under half",
            seen: "window 1 round; recent list \(kilobytes(short.bytes[2])), full copy"
                + " \(kilobytes(short.bytes[0]))",
            holds: short.bytes[2] > short.bytes[0] / 2)
        return finding
    }

    // MARK: Deletion

    /// All hold an entry by round 20, when one of them is cut off; it is deleted in round 21, and the one
    /// comes back after round 60.
    private static func deleted(_ deletion: Deletion) -> ReplicaOptions {
        var options = ReplicaOptions()
        options.nodes = 100
        options.rounds = 120
        options.deletion = deletion
        options.absences = [Absence(99, 20...60)]
        options.operations = [
            ReplicaOperation(.write, at: 0, in: 1), ReplicaOperation(.delete, at: 0, in: 21),
        ]
        return options
    }

    @Sendable private static func resurrection(_ seed: UInt64) -> Finding {
        var finding = Finding()
        let erased = Replicas.run(deleted(.erase), seed: seed)
        finding.check(
            "taken away at one node and nothing said: all 100 hold it again",
            seen: "\(erased.resurrectedCopies) hold it",
            holds: erased.resurrectedCopies == 100)
        let kept = Replicas.run(deleted(.certificate(retention: 60)), seed: seed)
        finding.check(
            "a death certificate kept for 60 rounds, an old copy back after 40: nobody holds it",
            seen: "\(kept.resurrectedCopies) hold it", holds: kept.resurrectedCopies == 0)
        let short = Replicas.run(deleted(.certificate(retention: 30)), seed: seed)
        finding.check(
            "a certificate kept for 30 rounds, an old copy back after 40: all 100 hold it again",
            seen: "\(short.resurrectedCopies) hold it", holds: short.resurrectedCopies == 100)
        let woken = Replicas.run(deleted(.dormant(tau1: 30, tau2: 1000, sites: 4)), seed: seed)
        finding.check(
            "the same with dormant copies at 4 sites: the old copy wakes one, and nobody holds it",
            seen: "\(woken.allWakings) woken, \(woken.resurrectedCopies) hold it",
            holds: woken.allWakings > 0 && woken.resurrectedCopies == 0)
        return finding
    }

    @Sendable private static func dormant(_ seed: UInt64) -> Finding {
        func run(nodes: Int, tau1: Int) -> ReplicaReport {
            var options = ReplicaOptions()
            options.nodes = nodes
            options.rounds = 120
            options.deletion = .dormant(tau1: tau1, tau2: 1000, sites: 8)
            options.operations = [
                ReplicaOperation(.write, at: 0, in: 1), ReplicaOperation(.delete, at: 0, in: 31),
            ]
            return Replicas.run(options, seed: seed)
        }
        var finding = Finding()
        let enough = run(nodes: 256, tau1: 20)
        let spread = enough.roundsUntilSame ?? 0
        finding.check(
            "256 nodes, tau1 20 rounds, which is more than spreading takes: none is woken",
            seen: "spread in \(spread) rounds; \(enough.allWakings) woken,"
                + " \(enough.resurrectedCopies) old copies left, \(enough.meter.updates) entries sent",
            holds: spread < 20 && spread > 5 && enough.allWakings == 0
                && enough.resurrectedCopies == 0)
        let short = run(nodes: 256, tau1: 4)
        let late = short.wakings.suffix(40).reduce(0, +)
        finding.check(
            "tau1 4 rounds, less than spreading takes: wakings never end, traffic is over 5-fold",
            seen: "\(short.allWakings) woken, \(late) of them in the last 40 rounds;"
                + " \(short.meter.updates) entries sent",
            holds: late > 0 && short.meter.updates > 5 * enough.meter.updates)
        let few = run(nodes: 8, tau1: 4)
        finding.check(
            "the same 4 rounds are enough for 8 nodes: tau1 must grow with log n",
            seen: "\(few.allWakings) woken, \(few.resurrectedCopies) old copies left",
            holds: few.allWakings == 0 && few.resurrectedCopies == 0)
        return finding
    }

    // MARK: Corruption

    /// A state is written in rounds 1 and 20, one corruption happens, and a client writes again in round 40.
    private static func corrupted(
        _ corruption: Corruption, _ checksums: Checksums = .none, jumpLimit: Int? = nil
    ) -> ReplicaOptions {
        var options = ReplicaOptions()
        options.nodes = 100
        options.rounds = 60
        options.corruptions = [corruption]
        options.checksums = checksums
        options.jumpLimit = jumpLimit
        options.operations = [1, 20, 40].map { ReplicaOperation(.write, at: 0, in: $0) }
        return options
    }

    @Sendable private static func flippedBit(_ seed: UInt64) -> Finding {
        func run(_ options: ReplicaOptions) -> ReplicaReport { Replicas.run(options, seed: seed) }
        var finding = Finding()
        let high = Corruption.wire(bit: 20, round: 20)
        let open = run(corrupted(high))
        finding.check(
            "bit 20 of one version in one message: all 100 take it, and what is written later is lost",
            seen: "\(open.wrongAtEnd) hold it at the end; \(open.writesIgnored) write ignored",
            holds: open.wrongAtEnd == 100 && open.writesIgnored == 1)
        let summed = run(corrupted(high, .message))
        finding.check(
            "with a checksum on messages: nobody takes it",
            seen: "\(summed.mostWrong) held it; \(summed.checksumRefusals) message refused",
            holds: summed.mostWrong == 0 && summed.checksumRefusals == 1)
        let limited = run(corrupted(high, jumpLimit: 16))
        finding.check(
            "with a limit of 16 rounds on the jump of a version instead: nobody takes it",
            seen: "\(limited.mostWrong) held it; \(limited.jumpRefusals) refused",
            holds: limited.mostWrong == 0 && limited.jumpRefusals == 1)
        let low = run(corrupted(.wire(bit: 3, round: 20), jumpLimit: 16))
        let last = low.lastWrong ?? 0
        finding.check(
            "bit 3 is a jump of 8, within the limit: it spreads, and the next write beyond 8 rounds ends it",
            seen: "\(low.mostWrong) held it at worst, the last until round \(last);"
                + " \(low.wrongAtEnd) at the end",
            holds: low.mostWrong > 90 && last < 60 && low.wrongAtEnd == 0)
        let stored = Corruption.memory(node: 7, bit: 20, round: 35)
        let memory = run(corrupted(stored, .message))
        finding.check(
            "flipped in memory before the message is summed: its checksum finds nothing, all take it",
            seen: "\(memory.wrongAtEnd) hold it at the end", holds: memory.wrongAtEnd == 100)
        let writer = run(corrupted(stored, .entry))
        finding.check(
            "a checksum by the writer, carried with the entry: only the node with the bad memory has it",
            seen: "\(writer.mostWrong) held it; \(writer.checksumRefusals) messages refused",
            holds: writer.mostWrong == 1 && writer.checksumRefusals > 0)
        return finding
    }

    // MARK: Ring

    @Sendable private static func ringDeadMember(_ seed: UInt64) -> Finding {
        func run(_ rule: DeadMember, down: Double) -> RunResult {
            var options = LabOptions()
            options.strategy = .antiEntropy
            options.partner = .ring
            options.nodes = 10
            options.down = down
            options.deadMember = rule
            return RingRepair.run(options, seed: seed)
        }
        func text(_ result: RunResult) -> String {
            let all = result.roundsUntilAllKnow.map { "all hold all in round \(Int($0))" }
            return "\(hops(result)) hops in \(result.meter.curve.count - 1) rounds; "
                + (all ?? "\(percent(result.residue)) lack something")
        }
        var finding = Finding()
        let whole = run(.skip, down: 0)
        finding.check(
            "10 members, all up: 2n - 2 = 18 hops, and all hold all in round 18",
            seen: text(whole), holds: hops(whole) == 18 && whole.roundsUntilAllKnow == 18)
        let skipped = run(.skip, down: 0.1)
        finding.check(
            "one dead, skipped: the 16 hops of 9 members, and one or two rounds lost on the dead one",
            seen: text(skipped),
            holds: hops(skipped) == 16 && skipped.residue == 0
                && (18...19).contains(skipped.meter.curve.count))
        let restarted = run(.restart, down: 0.1)
        finding.check(
            "one dead, the pass begun anew where it is found: 16 hops after those before, one round lost",
            seen: text(restarted),
            holds: (16...24).contains(hops(restarted)) && restarted.residue == 0
                && restarted.meter.curve.count == hops(restarted) + 2)
        let refused = run(.refuse, down: 0.1)
        finding.check(
            "one dead, refused: no hop is made, and all 9 lack something",
            seen: text(refused), holds: hops(refused) == 0 && refused.residue == 1)
        return finding
    }

    private static func hops(_ result: RunResult) -> Int {
        Int(result.figures.first { $0.name == "hops" }?.value ?? 0)
    }

    // MARK: Text

    /// With so many digits after the point, one or two.
    private static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = digits == 1 ? 10 : 100
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled / scale).\(zeros)\(fraction)"
    }

    private static func percent(_ share: Double) -> String { fixed(share * 100, 1) + " %" }

    private static func kilobytes(_ bytes: Double) -> String { fixed(bytes / 1000, 1) + " kB" }
}
