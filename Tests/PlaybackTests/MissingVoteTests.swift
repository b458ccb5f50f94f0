// Why a voter gave no vote: a recorded election is changed so that one voter does not vote, and what the
// capture then shows of it is the reason that is told.

import Capture
import ClusterCore
import ClusterWire
import TestSupport
import Testing

@testable import Playback

@Suite struct MissingVoteTests {
    private static let name = "captures/valkey-8.1.1-kill-master"

    /// The reasons told of one voter, with its messages and those that reach it as `change` makes them;
    /// nil for those that are not there.
    private func reasons(
        _ change: (_ isVoters: Bool, Header, Body) -> (Header, Body)?
    ) throws -> [MissingVote] {
        let voter = try #require(Truth(Self.name).ids[21005].flatMap { NodeID($0) })
        let events = try Play.events(Fixture.bytes("\(Self.name).pcap")).compactMap {
            event -> BusEvent? in
            guard case .item(var item) = event,
                case .message(.full(let header, let body)) = item.content
            else { return event }
            guard let (head, rest) = change(header.sender == voter, header, body) else {
                return nil
            }
            item.content = .message(.full(head, rest))
            return .item(item)
        }
        return try Play.news(events).events.compactMap { event in
            guard case .voteWithheld(11, let reason) = event.kind else { return nil }
            #expect(event.by == voter)
            return reason
        }
    }

    @Test func `a voter of which the capture shows nothing gave no vote for unknown reasons`()
        throws
    {
        let told = try reasons { isVoters, header, body in
            isVoters && body == .vote ? nil : (header, body)
        }
        #expect(told == [.unknown])
    }

    @Test func `a voter that was not told of FAIL does not hold the master for failed`() throws {
        let dead = try #require(Truth(Self.name).ids[21000].flatMap { NodeID($0) })
        let told = try reasons { isVoters, header, body in
            let gossipsFail =
                body.heartbeat?.gossip.contains { $0.flags.contains(.fail) } ?? false
            if body == .fail(dead) || isVoters && (body == .vote || gossipsFail) { return nil }
            return (header, body)
        }
        #expect(told == [.refused(.masterNotFailed(dead))])
    }

    @Test func `a voter at a later epoch refuses a request of an earlier one`() throws {
        let told = try reasons { isVoters, header, body in
            guard isVoters else { return (header, body) }
            var later = header
            later.currentEpoch = 12
            return body == .vote ? nil : (later, body)
        }
        #expect(told == [.refused(.epochTooOld(requested: 11, current: 12))])
    }

    @Test func `a request that does not reach a voter is no refusal`() throws {
        let voter = try #require(Truth(Self.name).ids[21005].flatMap { NodeID($0) })
        // The second request, whoever it is for, and the vote.
        var requests = 0
        let events = try Play.events(Fixture.bytes("\(Self.name).pcap")).filter { event in
            guard case .item(let item) = event,
                case .message(.full(let header, let body)) = item.content
            else { return true }
            if body == .vote { return header.sender != voter }
            if body == .voteRequest, item.destination.port == 31005 {
                requests += 1
                return false
            }
            return true
        }
        let reasons = try Play.news(events).events.compactMap { event -> MissingVote? in
            guard case .voteWithheld(_, let reason) = event.kind else { return nil }
            return reason
        }
        #expect(requests == 1 && reasons == [.requestNotDelivered])
    }

    @Test func `each reason has words of its own`() throws {
        let id = try #require(NodeID("abcdef01" + String(repeating: "0", count: 32)))
        let slot = try #require(Slot(9))
        let refusals: [VoteRefusal] = [
            .notAVoter, .epochTooOld(requested: 4, current: 5), .alreadyVoted(in: 5),
            .requesterIsMaster, .masterUnknown, .masterNotFailed(id),
            .votedRecently(milliseconds: 70), .slotsOwnedByNewer(slot, owner: id, epoch: 6),
        ]
        let words =
            refusals.map { MissingVote.refused($0, votedFor: id).description }
            + [MissingVote.voterSilent, .requestNotDelivered, .unknown].map(\.description)
        #expect(
            words == [
                "it is no master with slots", "the request's epoch 4 is older than its own epoch 5",
                "it voted for abcdef01 in epoch 5 already", "the candidate is a master for it",
                "it does not know the candidate's master", "the master abcdef01 is not FAIL for it",
                "it voted for abcdef01 70 ms before: a replica of the same master",
                "slot 9 belongs to abcdef01 at the newer epoch 6", "it was silent itself",
                "the request did not reach it", "unknown",
            ])
    }
}
