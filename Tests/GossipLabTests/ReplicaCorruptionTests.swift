// Wrong states: which checksum finds which, and what a limit on the jump of a version bounds.

import Testing

@testable import GossipLab

@Suite struct ReplicaCorruptionTests {
    private func run(
        _ corruption: Corruption, _ checksums: Checksums = .none, jumpLimit: Int? = nil
    ) -> ReplicaReport {
        var options = ReplicaOptions()
        options.nodes = 50
        options.rounds = 80
        options.corruptions = [corruption]
        options.checksums = checksums
        options.jumpLimit = jumpLimit
        options.operations = [1, 20, 60].map { ReplicaOperation(.write, at: 0, in: $0) }
        return Replicas.run(options, seed: 1)
    }

    @Test func `a flipped bit that makes a version greater takes over everything`() {
        let report = run(.wire(bit: 20, round: 20))
        #expect(report.wrongAtEnd == 50 && report.writesIgnored == 1)
    }

    @Test func `one that makes it smaller than what is right does not`() throws {
        // 20 is 10100 in binary: without bit 4 it is 4, newer than the state of round 1 and no other.
        let report = run(.wire(bit: 4, round: 20))
        let last = try #require(report.lastWrong)
        #expect(last < 40 && report.wrongAtEnd == 0 && report.writesIgnored == 0)
    }

    @Test(arguments: [
        (Corruption.wire(bit: 20, round: 20), Checksums.message, true),
        (.wire(bit: 20, round: 20), .entry, true),
        (.memory(node: 7, bit: 20, round: 40), .message, false),
        (.memory(node: 7, bit: 20, round: 40), .entry, true),
        (.liar(node: 7, rounds: 40...41, jump: 1000), .message, false),
        (.liar(node: 7, rounds: 40...41, jump: 1000), .entry, false),
    ])
    func `a checksum finds what was flipped after it was made, and no lie`(
        _ corruption: Corruption, _ checksums: Checksums, _ isFound: Bool
    ) {
        let report = run(corruption, checksums)
        #expect((report.mostWrong <= 1) == isFound, "\(report.mostWrong) held it")
        #expect((report.checksumRefusals > 0) == isFound)
    }

    @Test func `a version is believed up to the limit of its jump and not a round beyond`() {
        let within = run(.liar(node: 7, rounds: 40...40, jump: 10), jumpLimit: 10)
        #expect(within.mostWrong == 50 && within.jumpRefusals == 0)
        // It is refused in the round in which it is made up; in the next one the clocks are near enough.
        let beyond = run(.liar(node: 7, rounds: 40...40, jump: 11), jumpLimit: 10)
        #expect(beyond.mostWrong == 50 && (1...5).contains(beyond.jumpRefusals))
    }

    @Test func `what is within the limit is over when a client writes after it`() throws {
        let report = run(.liar(node: 7, rounds: 40...40, jump: 10), jumpLimit: 10)
        let last = try #require(report.lastWrong)
        #expect(last >= 60 && last < 72 && report.wrongAtEnd == 0)
    }

    @Test func `what is beyond the limit stays with the liar until the clocks have come near`() {
        // A jump of 1000 is never near in 80 rounds.
        let report = run(.liar(node: 7, rounds: 40...40, jump: 1000), jumpLimit: 10)
        #expect(report.mostWrong == 1 && report.jumpRefusals > 0)
    }

    @Test func `messages with checksums bring the right state over a wire that flips bits`() {
        var options = ReplicaOptions()
        options.nodes = 50
        options.keys = 4
        options.writesPerRound = 1
        options.writeRounds = 1...20
        options.flipChance = 0.2
        let bare = Replicas.run(options, seed: 6)
        #expect(bare.wrongAccepted > 0 && bare.wrongAtEnd > 0)
        options.checksums = .message
        let summed = Replicas.run(options, seed: 6)
        #expect(summed.wrongAccepted == 0 && summed.checksumRefusals > 0)
        #expect(summed.sameSince != nil)
    }
}
