// Why a voter gave no vote, and the words for it: the refusals of the rules of voting, held against what
// a capture shows of the voter, and what the capture alone can tell. These are the only words for it in
// what is told of captures.

package import ClusterCore
package import ClusterWire

/// Why there was no vote, as far as a capture shows.
package enum MissingVote: Equatable, Sendable, CustomStringConvertible {
    /// The rules of voting refuse it; `votedFor` is who has the vote that stands in the way.
    case refused(VoteRefusal, votedFor: NodeID? = nil)
    case voterSilent
    case requestNotDelivered
    case unknown

    package var description: String {
        switch self {
        case .refused(let refusal, let other): Self.text(refusal, other.map { " for \($0.short)" })
        case .voterSilent: "it was silent itself"
        case .requestNotDelivered: "the request did not reach it"
        case .unknown: "unknown"
        }
    }

    private static func text(_ refusal: VoteRefusal, _ other: String?) -> String {
        switch refusal {
        case .notAVoter: "it is no master with slots"
        case .epochTooOld(let requested, let current):
            "the request's epoch \(requested) is older than its own epoch \(current)"
        case .alreadyVoted(let epoch): "it voted\(other ?? "") in epoch \(epoch) already"
        case .requesterIsMaster: "the candidate is a master for it"
        case .masterUnknown: "it does not know the candidate's master"
        case .masterNotFailed(let master): "the master \(master.short) is not FAIL for it"
        case .votedRecently(let ago):
            "it voted\(other ?? "") \(ago) ms before: a replica of the same master"
        case .slotsOwnedByNewer(let slot, let owner, let epoch):
            "slot \(slot) belongs to \(owner.short) at the newer epoch \(epoch)"
        }
    }
}
