// Raft: with a majority it commits, without one it does not, and its promises are kept, or
// reported.

import Determinism
import Testing

@testable import GossipLab

@Suite struct RaftTests {
    static func options(nodes: Int, down: Double = 0) -> LabOptions {
        var options = LabOptions()
        options.strategy = .raft
        options.nodes = nodes
        options.down = down
        options.roundsLimit = 200
        return options
    }

    @Test(arguments: [(1, 0.0), (2, 0), (3, 0.4), (5, 0.4), (20, 0), (20, 0.45), (101, 0.49)])
    func `with a majority up the entry is committed and all that are up know`(
        nodes: Int, down: Double
    ) {
        let summary = Summary.of(Self.options(nodes: nodes, down: down), seeds: 1...5)
        #expect(summary.shareOfRunsComplete == 1, "seeds 1-5")
        #expect(summary.counters.first { $0.name == "committed" }?.stat.mean == 1)
    }

    @Test(arguments: [(2, 0.5), (4, 0.5), (20, 0.5), (5, 0.6), (20, 1.0)])
    func `without a majority nothing is committed, whatever is tried`(nodes: Int, down: Double) {
        let result = Lab.run(Self.options(nodes: nodes, down: down), seed: 1)
        #expect(result.figure("committed") == 0, "seed 1")
        #expect(result.figure("knowing share") == 0, "seed 1")
        #expect(result.figure("leaders") == 0, "seed 1")
        #expect((result.counter("elections") ?? 0) > 0, "seed 1")
    }

    @Test func `one election and two rounds of appends bring an entry to all`() {
        let result = Lab.run(Self.options(nodes: 100), seed: 3)
        #expect(result.counter("elections") == 1, "seed 3")
        #expect(result.counter("requests for a vote") == 99)
        #expect(result.counter("appends") == 198)
        #expect(result.meter.updates == 99)
        // The leader sends in its first round, commits two rounds later and says so; the followers
        // hear that in the round after.
        let first = result.figure("round of the first leader") ?? 0
        #expect(result.lastReceipt == first + 3, "seed 3")
    }

    @Test func `a minority that is cut off commits nothing, and takes what the majority did`() {
        var options = Self.options(nodes: 9)
        options.share = 0.34
        options.partition = 0...100
        let result = Lab.run(options, seed: 1)
        #expect(result.roundsUntilAllKnow.map { $0 > 100 } == true, "seed 1")
        let before = result.meter.curve[100]
        #expect(before.removed == 6 && before.all == 9, "seed 1: \(before)")
    }

    @Test func `promises are kept where nodes come and go and messages are lost and late`() {
        var options = Self.options(nodes: 5)
        options.churn = 0.03
        options.comeBack = 0.1
        options.loss = 0.2
        options.delay = 0...6
        options.roundsLimit = 400
        var leaders = 0.0
        for seed in UInt64(1)...60 {
            let result = Lab.run(options, seed: seed)
            #expect(result.violation == nil, "seed \(seed)")
            leaders += result.figure("leaders") ?? 0
        }
        #expect(leaders > 60)
    }
}

@Suite struct RaftMemberTests {
    /// In term 3, with entries of terms 1 and 2.
    private static var member: RaftMember {
        var member = RaftMember()
        member.term = 3
        member.log = [RaftEntry(term: 1, isNews: true), RaftEntry(term: 2, isNews: false)]
        return member
    }

    @Test func `a vote is given once a term`() {
        var member = Self.member
        member.votedFor = 4
        #expect(member.grants(4, term: 3, lastPlace: 2, lastTerm: 2))
        #expect(!member.grants(5, term: 3, lastPlace: 2, lastTerm: 2))
    }

    @Test func `no vote is given for a term that is over`() {
        #expect(!Self.member.grants(4, term: 2, lastPlace: 2, lastTerm: 2))
    }

    @Test(arguments: [(2, 2, true), (1, 3, true), (3, 2, true), (1, 2, false), (9, 1, false)])
    func `a vote is given to a log that is at least as up to date`(
        lastPlace: Int, lastTerm: Int, isGranted: Bool
    ) {
        let member = Self.member
        #expect(
            member.grants(4, term: 3, lastPlace: lastPlace, lastTerm: lastTerm) == isGranted)
    }

    @Test func `an entry of a term before is committed only with one of the leader's own`() {
        var member = Self.member
        member.match = [2, 2, 0]
        #expect(member.committed(majority: 2) == 0)
        member.log.append(RaftEntry(term: 3, isNews: false))
        member.match = [3, 2, 0]
        #expect(member.committed(majority: 2) == 0)
        member.match = [3, 3, 0]
        #expect(member.committed(majority: 2) == 3)
    }

    @Test(arguments: [(0, 0, true), (1, 1, true), (2, 2, true), (2, 1, false), (3, 2, false)])
    func `entries are taken where the one before agrees`(
        previous: Int, previousTerm: Int, agrees: Bool
    ) {
        #expect(Self.member.agrees(previous: previous, previousTerm: previousTerm) == agrees)
    }
}

@Suite struct RaftPromisesTests {
    private static let first = RaftEntry(term: 1, isNews: true)
    private static let second = RaftEntry(term: 2, isNews: false)

    @Test func `two leaders of one term are reported`() {
        var promises = RaftPromises()
        promises.leads(1, term: 3, log: [])
        promises.leads(2, term: 4, log: [])
        promises.leads(1, term: 3, log: [])
        #expect(promises.violation == nil)
        promises.leads(2, term: 3, log: [])
        #expect(promises.violation == "nodes 1 and 2 both lead term 3")
    }

    @Test func `a leader without a committed entry is reported`() {
        var promises = RaftPromises()
        promises.commits(0, [Self.first], count: 1)
        promises.leads(1, term: 2, log: [Self.first, Self.second])
        #expect(promises.violation == nil)
        promises.leads(2, term: 3, log: [Self.second])
        #expect(promises.violation?.contains("without an entry that was committed") == true)
    }

    @Test func `another entry committed at the same place is reported`() {
        var promises = RaftPromises()
        promises.commits(0, [Self.first], count: 1)
        promises.commits(1, [Self.first, Self.second], count: 2)
        #expect(promises.violation == nil)
        promises.commits(2, [Self.second], count: 1)
        #expect(promises.violation == "node 2 commits another entry at place 0")
    }

    @Test func `a committed entry that is dropped is reported`() {
        var promises = RaftPromises()
        promises.drops(0, from: 1, commit: 1)
        #expect(promises.violation == nil)
        promises.drops(0, from: 0, commit: 1)
        #expect(promises.violation == "node 0 drops a committed entry at place 0")
    }

    @Test func `an entry after another than its leader had before it is reported`() {
        var promises = RaftPromises()
        promises.makes([Self.first])
        promises.makes([Self.first, Self.second])
        promises.takes(1, [Self.first])
        promises.takes(1, [Self.first, Self.second])
        #expect(promises.violation == nil)
        promises.takes(2, [RaftEntry(term: 0, isNews: false), Self.second])
        #expect(promises.violation == "node 2 holds at place 1 what no leader put there")
    }
}
