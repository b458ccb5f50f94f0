// What cannot be combined is refused with its reason.

import Testing

@testable import GossipLab

@Suite struct RefusalTests {
    private static let cases: [(words: String, change: @Sendable (inout LabOptions) -> Void)] = [
        ("no nodes", { $0.nodes = 0 }),
        ("k = 0", { $0.k = 0 }),
        ("only 1 others", { ($0.nodes, $0.fanout) = (2, 2) }),
        ("--loss", { $0.loss = 1.5 }),
        ("no message ever arrives", { $0.loss = 1 }),
        ("--connection-limit", { $0.connectionLimit = 0 }),
        ("--hunt", { $0.hunt = 2 }),
        ("--minimize", { $0.minimizes = true }),
        ("--no-send-back", { ($0.mode, $0.noSendBack) = (.pull, true) }),
        ("--clock rounds", { ($0.clock, $0.delay) = (.poisson, 0...2) }),
        ("--contacts", { ($0.nodes, $0.topology, $0.contacts) = (5, .random, 8) }),
        ("--share", { ($0.topology, $0.share) = (.continents, 1) }),
        ("--draw", { ($0.topology, $0.draw) = (.ring, .all) }),
        ("anti-entropy", { $0.partner = .ring }),
        ("fixed order", { ($0.strategy, $0.partner, $0.topology) = (.antiEntropy, .ring, .grid) }),
        ("pushes", { ($0.strategy, $0.mode) = (.directMail, .pull) }),
        ("--behind", { ($0.strategy, $0.backup) = (.antiEntropy, .antiEntropy) }),
        ("one conversation", { ($0.strategy, $0.delay) = (.antiEntropy, 0...5) }),
        ("65535 at most", { $0.k = 70_000 }),
        ("65535 at most", { $0.connectionLimit = 70_000 }),
        ("so many others", { ($0.nodes, $0.connectionLimit, $0.hunt) = (10, 1, 11) }),
        ("calls a round at most", { ($0.nodes, $0.fanout) = (100_000, 90_000) }),
        ("in all at most", { ($0.nodes, $0.topology, $0.contacts) = (100_000, .random, 50_000) }),
        ("sends in all", { ($0.strategy, $0.nodes, $0.writes) = (.directMail, 100_000, 1000) }),
        ("--broadcasts", { ($0.strategy, $0.broadcasts) = (.plumtree, 1_000_000) }),
        ("--rounds-limit", { $0.roundsLimit = .max }),
        ("1000 nodes at most", { ($0.strategy, $0.nodes) = (.bus, 1001) }),
    ]

    @Test(arguments: 0..<cases.count)
    func `an impossible combination is refused with the reason`(number: Int) {
        var options = LabOptions()
        let (words, change) = Self.cases[number]
        change(&options)
        #expect(options.refusal?.contains(words) == true, "\(words): \(options.refusal ?? "taken")")
    }

    @Test func `what is usual is not refused`() {
        #expect(LabOptions().refusal == nil)
    }
}
