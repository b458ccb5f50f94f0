// The checkers by themselves: each invariant violated by hand is seen, and the same within the rules is not.

import ClusterCore
import ClusterWire
import Determinism
import Testing

@testable import ClusterSim

@Suite struct SafetyCheckerTests {
    private static let now = Instant(monotonic: 1000, wall: 1_700_000_000_000)

    /// A checker of three nodes that have just started for the first time, and their ids.
    private static func start() -> (safety: SafetyChecker, ids: [NodeID]) {
        var safety = SafetyChecker(nodes: 3, nodeTimeout: 1000)
        var ids: [NodeID] = []
        for node in 0..<3 {
            let machine = machine(node)
            ids.append(machine.state.myID)
            safety.started(node, machine.state.myID, file: file(machine))
        }
        return (safety, ids)
    }

    private static func machine(_ node: Int) -> Machine {
        Machine(fresh: ClusterConfig(), random: SplitMix64(seed: UInt64(node)))
    }

    private static func file(_ machine: Machine) -> VirtualDisk.Snapshot {
        VirtualDisk.Snapshot(generation: Generation(1), state: machine.state, instant: now)
    }

    /// The file of a master at an epoch with the slots from 0 to `last`.
    private static func file(_ node: Int, epoch: UInt64, last: Int) -> VirtualDisk.Snapshot {
        var machine = machine(node)
        let commands: [AdminCommand] = [
            .setConfigEpoch(Argument(Int(epoch))), .addSlotsRange(from: 0, to: last),
        ]
        for command in commands {
            _ = machine.step(.command(command, from: ClientID(0)), at: now)
        }
        return file(machine)
    }

    private static func header(
        _ id: NodeID, current: UInt64, config: UInt64 = 0, last: Int? = nil
    ) -> Header {
        var slots = SlotSet()
        for number in 0...(last ?? 0) where last != nil {
            if let slot = Slot(number) { slots.insert(slot) }
        }
        return Header(
            sender: id, currentEpoch: Epoch(current), configEpoch: Epoch(config), slots: slots)
    }

    @Test func `an epoch that is not on disk may not be said`() {
        var (safety, ids) = Self.start()
        let unsaved = Self.header(ids[0], current: 5)
        expect(safety.said(unsaved, .voteRequest, by: 0, to: 1)?.invariant, is: .durable)
        safety.saved(1, file: Self.file(1, epoch: 5, last: 9))
        let saved = Self.header(ids[1], current: 5)
        #expect(safety.said(saved, .voteRequest, by: 1, to: 0) == nil)
    }

    @Test func `slots may be claimed once a file holds them at that epoch or a later one`() {
        var (safety, ids) = Self.start()
        safety.saved(0, file: Self.file(0, epoch: 5, last: 9))
        let claims: [(config: UInt64, last: Int, isCovered: Bool)] = [
            (4, 9, true), (5, 9, true), (5, 10, false),
        ]
        for claim in claims {
            let header = Self.header(ids[0], current: 5, config: claim.config, last: claim.last)
            let problem = safety.said(header, .voteRequest, by: 0, to: 1)
            #expect((problem == nil) == claim.isCovered)
        }
    }

    @Test func `what a node said of its epochs it may not take back, after a restart neither`() {
        var (safety, ids) = Self.start()
        let file = Self.file(0, epoch: 5, last: 9)
        safety.saved(0, file: file)
        let high = Self.header(ids[0], current: 5, config: 5, last: 9)
        #expect(safety.said(high, .voteRequest, by: 0, to: 1) == nil)
        safety.started(0, ids[0], file: file)
        let low = Self.header(ids[0], current: 5, config: 4, last: 9)
        expect(safety.said(low, .voteRequest, by: 0, to: 1)?.invariant, is: .risingEpochs)
        let lower = Self.header(ids[0], current: 4, config: 5, last: 9)
        expect(safety.said(lower, .voteRequest, by: 0, to: 1)?.invariant, is: .risingEpochs)
    }

    @Test func `after a reset an identity begins anew`() {
        var (safety, ids) = Self.start()
        safety.saved(0, file: Self.file(0, epoch: 5, last: 9))
        let high = Self.header(ids[0], current: 5, config: 5, last: 9)
        #expect(safety.said(high, .voteRequest, by: 0, to: 1) == nil)
        #expect(Self.note(.reset(hard: false), by: 0, ids, &safety) == nil)
        let low = Self.header(ids[0], current: 1)
        #expect(safety.said(low, .voteRequest, by: 0, to: 1) == nil)
    }

    @Test func `the current epoch of a process may not fall`() {
        var (safety, _) = Self.start()
        #expect(safety.stepped(0, currentEpoch: 3) == nil)
        #expect(safety.stepped(0, currentEpoch: 3) == nil)
        expect(safety.stepped(0, currentEpoch: 2)?.invariant, is: .risingEpochs)
    }

    /// The file of a node that voted in an epoch, as its text says.
    private static func voted(_ node: Int, in epoch: UInt64) -> VirtualDisk.Snapshot {
        var random = SplitMix64(seed: 9)
        let text = String(decoding: file(node, epoch: 1, last: 9).text ?? [], as: UTF8.self)
        let vars = text.split(separator: "\n").last.map(String.init) ?? ""
        let new = "vars currentEpoch \(epoch) lastVoteEpoch \(epoch)"
        let changed = Array(text.dropLast(vars.count + 1).utf8) + Array("\(new)\n".utf8)
        let state = try? NodesFile.parse(changed, at: now, random: &random)
        return VirtualDisk.Snapshot(
            generation: Generation(2), state: state ?? machine(node).state, instant: now)
    }

    @Test func `a vote must be on disk, and goes to one candidate an epoch across restarts`() {
        var (safety, ids) = Self.start()
        let vote = Self.header(ids[0], current: 7)
        expect(safety.said(vote, .vote, by: 0, to: 1)?.invariant, is: .durable)
        (safety, _) = Self.start()
        let file = Self.voted(0, in: 7)
        safety.saved(0, file: file)
        #expect(safety.said(vote, .vote, by: 0, to: 1) == nil)
        #expect(safety.said(vote, .vote, by: 0, to: 1) == nil)
        expect(safety.started(0, ids[0], lastVoteEpoch: 6, file: file)?.invariant, is: .oneVote)
        expect(safety.started(0, ids[0], lastVoteEpoch: 7, file: file)?.invariant, is: nil)
        expect(safety.said(vote, .vote, by: 0, to: 2)?.invariant, is: .oneVote)
    }

    @Test func `an election is won by votes of its own epoch from a majority`() {
        var (safety, ids) = Self.start()
        let won = Note.electionWon(7, votes: 2)
        for voter in 0..<2 {
            expect(Self.note(won, by: 2, ids, &safety)?.invariant, is: .majority)
            safety.saved(voter, file: Self.voted(voter, in: 7))
            let vote = Self.header(ids[voter], current: 7)
            #expect(safety.said(vote, .vote, by: voter, to: 2) == nil)
            expect(Self.note(won, by: 2, ids, &safety)?.invariant, is: .majority)
            safety.heardVote(7, from: ids[voter], by: 2)
        }
        #expect(Self.note(won, by: 2, ids, &safety) == nil)
        let other = Note.electionWon(8, votes: 2)
        expect(Self.note(other, by: 2, ids, &safety)?.invariant, is: .majority)
    }

    /// What a node notes that believes all three to be masters with slots, unless some own none.
    private static func note(
        _ note: Note, by node: Int, _ ids: [NodeID], empty: Int? = nil, at time: Int64 = 0,
        _ safety: inout SafetyChecker
    ) -> Violation? {
        var random = SplitMix64(seed: 1)
        let lines = ids.indices.map { index in
            "\(ids[index]) 10.0.0.\(index + 1):6379@16379 \(index == node ? "myself," : "")master"
                + " - 0 0 \(index + 1) connected" + (index == empty ? "" : " \(index)")
        }
        let text = lines.joined(separator: "\n") + "\nvars currentEpoch 3 lastVoteEpoch 0\n"
        let state = try? NodesFile.parse(Array(text.utf8), at: now, random: &random)
        #expect(state?.nodes.count == 3)
        return safety.noted(
            note, by: node, state ?? machine(node).state, at: time)
    }

    /// A gossip section in which one node is taken for failing.
    private static func word(against id: NodeID) -> GossipSection {
        GossipSection([
            GossipEntry(
                node: id, pingSent: 0, pongReceived: 0,
                address: NodeAddress(ip: IPText(), port: 1, busPort: 2), flags: [.master, .pfail])
        ])
    }

    @Test func `a word against a node counts once, of late and only if it was given`() {
        var (safety, ids) = Self.start()
        let failed = Note.markedFail(ids[2], agreeing: [ids[1], ids[1]])
        let two = Note.markedFail(ids[2], agreeing: [ids[0], ids[1], ids[1]])
        expect(Self.note(two, by: 0, ids, &safety)?.invariant, is: .quorum)
        safety.heard(Self.word(against: ids[2]), from: ids[1], by: 0, at: 50)
        #expect(Self.note(two, by: 0, ids, at: 2_000_050, &safety) == nil)
        expect(Self.note(two, by: 0, ids, at: 2_002_000, &safety)?.invariant, is: .quorum)
        expect(Self.note(failed, by: 0, ids, at: 60, &safety)?.invariant, is: .quorum)
    }

    @Test func `the word of a master without slots does not count`() {
        var (safety, ids) = Self.start()
        let failed = Note.markedFail(ids[2], agreeing: [ids[0], ids[1]])
        safety.heard(Self.word(against: ids[2]), from: ids[1], by: 0, at: 50)
        #expect(Self.note(failed, by: 0, ids, at: 60, &safety) == nil)
        expect(Self.note(failed, by: 0, ids, empty: 1, at: 60, &safety)?.invariant, is: .quorum)
    }

    @Test func `two claims at one epoch are borne for a while by nodes that can talk`() {
        var (safety, ids) = Self.start()
        for node in 0..<2 {
            safety.saved(node, file: Self.file(node, epoch: 5, last: 9))
            let claim = Self.header(ids[node], current: 5, config: 5, last: 9)
            #expect(safety.said(claim, .voteRequest, by: node, to: 2) == nil)
        }
        #expect(safety.survey(at: 100, limit: 1000) { _, _ in true } == nil)
        #expect(safety.survey(at: 1100, limit: 1000) { _, _ in true } == nil)
        #expect(safety.survey(at: 1101, limit: 1000) { _, _ in false } == nil)
        #expect(safety.survey(at: 1102, limit: 1000) { _, _ in true } == nil)
        expect(safety.survey(at: 2103, limit: 1000) { _, _ in true }?.invariant, is: .oneClaim)
    }

    @Test func `a file is read for what it says of its own node`() {
        let image = Self.file(0, epoch: 5, last: 9).image()
        #expect(image?.isMaster == true)
        #expect(image?.configEpoch == 5)
        #expect(image?.currentEpoch == 5)
        #expect(image?.slots.description == "0-9")
        #expect(DiskImage(Array("vars currentEpoch 1 lastVoteEpoch 0\n".utf8)) == nil)
    }
}
