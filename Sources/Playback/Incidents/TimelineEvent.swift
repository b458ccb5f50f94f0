// What can happen in a cluster as far as its traffic shows it. Values only: they are found by
// ObservedCluster, put together by Incidents, and printed by others.

package import ClusterWire

/// Something that happened, with the first packet that shows it.
package struct TimelineEvent: Equatable, Sendable {
    /// Nanoseconds since the Unix epoch.
    package var time: Int64
    /// Who did or said it.
    package var by: NodeID?
    /// Whom it is about.
    package var node: NodeID?
    package var kind: Kind

    package init(time: Int64, by: NodeID? = nil, node: NodeID? = nil, _ kind: Kind) {
        self.time = time
        self.by = by
        self.node = node
        self.kind = kind
    }

    /// All nodes that are named in it.
    package var nodes: [NodeID] {
        let more: [NodeID] =
            switch kind {
            case .failed(let agreeing): agreeing
            case .demoted(let master): [master].compactMap { $0 }
            case .slotsMoved(let from, let to, _): [from, to]
            case .met, .forgotten, .silent, .suspected, .cleared, .recovered, .voteRequested,
                .voteGranted, .voteWithheld, .promoted, .slotsUnserved, .slotsServed,
                .promotionLearned, .epochCollision, .epochRaised, .manualFailoverStarted,
                .linkLost, .linkMade, .addressChanged:
                []
            }
        return [by, node].compactMap { $0 } + more
    }

    package enum Kind: Equatable, Sendable {
        case met
        /// `ttl` in seconds, where it was said.
        case forgotten(ttl: UInt64?)
        /// `since` is its last packet; `closed` when it ended all its connections then.
        case silent(since: Int64, closed: Bool)
        case suspected
        case cleared
        /// `agreeing` are the masters whose reports the capture shows, the speaker included.
        case failed(agreeing: [NodeID])
        case recovered
        case voteRequested(epoch: Epoch, forced: Bool)
        case voteGranted(epoch: Epoch)
        case voteWithheld(epoch: Epoch, reason: MissingVote)
        case promoted(epoch: Epoch, slots: SlotSet)
        case demoted(master: NodeID?)
        case slotsMoved(from: NodeID, to: NodeID, slots: SlotSet)
        case slotsUnserved(SlotSet)
        case slotsServed(SlotSet)
        case promotionLearned
        case epochCollision(epoch: Epoch)
        case epochRaised(epoch: Epoch)
        case manualFailoverStarted
        case linkLost
        case linkMade
        case addressChanged(from: String?, to: String?)

        /// The name in JSON.
        package var name: String {
            switch self {
            case .met: "met"
            case .forgotten: "forgotten"
            case .silent: "silent"
            case .suspected: "suspected"
            case .cleared: "cleared"
            case .failed: "failed"
            case .recovered: "recovered"
            case .voteRequested: "vote_requested"
            case .voteGranted: "vote_granted"
            case .voteWithheld: "vote_withheld"
            case .promoted: "promoted"
            case .demoted: "demoted"
            case .slotsMoved: "slots_moved"
            case .slotsUnserved: "slots_unserved"
            case .slotsServed: "slots_served"
            case .promotionLearned: "heir_learned"
            case .epochCollision: "epoch_collision"
            case .epochRaised: "epoch_raised"
            case .manualFailoverStarted: "manual_failover_started"
            case .linkLost: "link_lost"
            case .linkMade: "link_made"
            case .addressChanged: "address_changed"
            }
        }
    }
}
