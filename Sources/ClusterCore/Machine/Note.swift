// Typed facts about what a step did: for the log, for traces, for tests and for the story that is
// told of a capture. Past tense; what an operator greps for is spelled by the shell.

package import ClusterWire

/// Something that a step did or refused.
package enum Note: Equatable, Sendable {
    case suspected(NodeID)
    case suspicionCleared(NodeID)
    /// A voting master says that a node does not answer, and did not say so before.
    case reported(NodeID, by: NodeID)
    /// It says that the node is well again.
    case reportWithdrawn(NodeID, by: NodeID)
    /// `agreeing` are the masters whose reports made the quorum, this node included if it counted.
    case markedFailed(NodeID, agreeing: [NodeID])
    /// FAIL as told by another node, and believed.
    case heardFailed(NodeID, from: NodeID)
    /// FAIL as told by another node about one that answers us: it is asked before that is decided.
    case failQuestioned(NodeID, from: NodeID)
    /// The node answered, or went on speaking: what was told of it is not believed.
    case failDenied(NodeID)
    case failureCleared(NodeID, reason: ClearReason)
    case healthChanged(ok: Bool, reason: HealthReason)
    /// The cluster still does not serve, now for this reason.
    case failReasonChanged(HealthReason)
    case handshakeStarted(NodeAddress)
    case handshakeTimedOut(NodeAddress)
    case nodeMet(NodeID, NodeAddress)
    case nodeHeardOf(NodeID, from: NodeID)
    case nodeForgotten(NodeID, by: NodeID?)
    case addressChanged(NodeID, from: NodeAddress, to: NodeAddress)
    /// Another node answers at this node's address.
    case addressLost(NodeID, answeredBy: NodeID)
    case ownAddressLearned(IPText)
    case becameMaster(NodeID)
    case becameReplica(NodeID, of: NodeID)
    case reconfigured(asReplicaOf: NodeID)
    case slotsTaken(by: NodeID, count: Int, from: NodeID?)
    case slotsLost(count: Int, to: NodeID)
    case updateSent(to: NodeID, about: NodeID)
    case epochRaised(Epoch, because: EpochReason)
    case epochRefused(Epoch, from: NodeID)
    case electionScheduled(delay: Int64, rank: Int, offset: ReplicationOffset)
    case electionNotStood(reason: NoCandidacyReason)
    case electionStarted(Epoch, forced: Bool)
    case electionWon(Epoch, votes: Int)
    case electionExpired(Epoch?)
    case voteGranted(to: NodeID, Epoch)
    case voteRefused(to: NodeID, Epoch, VoteRefusal)
    /// A request is kept until it is decided whether the candidate's master has failed.
    case voteDeferred(to: NodeID, Epoch)
    case voteWithdrawn(to: NodeID, Epoch, SystemFault)
    case claimWithdrawn(Epoch, SystemFault)
    case manualFailoverStarted(by: NodeID?, kind: FailoverKind)
    case manualFailoverTimedOut
    case manualFailoverReady(ReplicationOffset)
    case replicaMigrated(to: NodeID)
    case reset(hard: Bool)
    case saveFailed(SystemFault)
    case saveRecovered
    /// Something that a peer sent and that was not believed; counted once per kind in the log.
    case ignored(Ignored, from: NodeID?)

    package enum ClearReason: Hashable, Sendable {
        case replicaReachable, masterWithoutSlots, nobodyTookOver
    }

    package enum HealthReason: Hashable, Sendable {
        case allWell, slotUncovered, minority
    }

    package enum EpochReason: Hashable, Sendable {
        case collision(with: NodeID)
        case operatorAsked, importFinished, takeover
    }

    package enum NoCandidacyReason: Hashable, Sendable {
        case dataTooOld(age: Int64)
        case noCopy, disabled
    }

    package enum FailoverKind: Hashable, Sendable { case asked, forced, takeover }

    /// Why a message or a part of it was not believed.
    package enum Ignored: Hashable, Sendable {
        case unreadable(String)
        case passedBy(MessageType, length: UInt32)
        case unknownType(MessageType)
        case strangerSaid(MessageType)
        case senderMismatch(expected: NodeID, got: NodeID)
        case lightFromStranger
        case invalidGossip
        case invalidExtension(String)
        case handshakeLimit
        case nodeLimit
        /// Too many nodes are known of which only others have told.
        case unheardLimit
        case mergeRefused
        case badAddress(NodeAddress)
        /// The node changes its address again and again.
        case movesTooOften(to: NodeAddress)
    }
}

/// Why a vote was not given. Every refusal has its own case.
///
/// - Source: bus protocol §6.3.
package enum VoteRefusal: Hashable, Sendable {
    /// Only a master with at least one slot votes.
    case notAVoter
    /// The request's epoch is below ours.
    case epochTooOld(requested: Epoch, current: Epoch)
    /// We voted in this epoch already.
    case alreadyVoted(in: Epoch)
    case requesterIsMaster
    case masterUnknown
    case masterNotFailed(NodeID)
    /// We voted for a replica of the same master a moment ago.
    case votedRecently(milliseconds: Int64)
    /// A claimed slot is owned by another at a newer epoch.
    case slotsOwnedByNewer(Slot, owner: NodeID, epoch: Epoch)
}
