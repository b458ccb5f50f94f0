// Typed facts about what a step did: for the log, for traces, for tests and for the story that is
// told of a capture. Past tense; what an operator greps for is spelled by the shell.

public import ClusterWire

/// Something that a step did or refused. Nothing has to be done about it.
public enum Note: Equatable, Sendable {
    // MARK: PFAIL and FAIL

    /// A node is a node timeout late with its answer: PFAIL.
    case markedPFail(NodeID)
    /// It answered, or was heard of: no PFAIL any more.
    case clearedPFail(NodeID)
    /// A voting master says that a node does not answer, and did not say so before: a failure report.
    case failureReported(NodeID, by: NodeID)
    /// The master says that the node is well again.
    case failureReportWithdrawn(NodeID, by: NodeID)
    /// A quorum agrees that a node has failed: FAIL. `agreeing` are the masters whose reports made it, this
    /// node included if it counted.
    case markedFail(NodeID, agreeing: [NodeID])
    /// FAIL as told by another node, and believed.
    case failReceived(NodeID, from: NodeID)
    /// FAIL as told by another node about one that answers us: it is asked before that is decided.
    case failQuestioned(NodeID, from: NodeID)
    /// The node answered, or went on speaking: what was told of it is not believed.
    case failRefuted(NodeID)
    /// A node that had failed counts as well again.
    case clearedFail(NodeID, reason: ClearReason)

    // MARK: Whether the cluster serves

    /// The cluster serves from now on, or does not.
    case healthChanged(ok: Bool, reason: HealthReason)
    /// The cluster still does not serve, now for this reason.
    case failReasonChanged(HealthReason)

    // MARK: Nodes and addresses

    /// A handshake with the node at this address began.
    case handshakeStarted(NodeAddress)
    /// Nobody answered there in time.
    case handshakeTimedOut(NodeAddress)
    /// A handshake succeeded: this is the node's id.
    case nodeMet(NodeID, NodeAddress)
    /// Gossip told of a node that was not known.
    case nodeLearned(NodeID, from: NodeID)
    /// A node was forgotten; by an operator here when nobody else is named.
    case nodeForgotten(NodeID, by: NodeID?)
    /// A node is at another address.
    case addressChanged(NodeID, from: NodeAddress, to: NodeAddress)
    /// Another node answers at this node's address.
    case addressLost(NodeID, answeredBy: NodeID)
    /// A connection showed our own address.
    case ownAddressLearned(IPText)

    // MARK: Roles, slots and epochs

    /// Another node is a master now.
    case becameMaster(NodeID)
    /// Another node is a replica now.
    case becameReplica(NodeID, of: NodeID)
    /// This node follows a master from now on.
    case reconfigured(asReplicaOf: NodeID)
    /// A node took so many slots, from this node or from several when nobody is named.
    case slotsTaken(by: NodeID, count: Int, from: NodeID?)
    /// This node lost so many slots.
    case slotsLost(count: Int, to: NodeID)
    /// A node that claims slots with an old epoch was told of their owner by UPDATE.
    case updateSent(to: NodeID, about: NodeID)
    /// This node took a new configEpoch without asking anybody.
    case epochRaised(Epoch, because: EpochReason)
    /// A node says an epoch that no cluster can have reached.
    case epochRefused(Epoch, from: NodeID)

    // MARK: Elections

    /// This replica will ask for votes in `delay` milliseconds; `rank` siblings come before it.
    case electionScheduled(delay: Int64, rank: Int, offset: ReplicationOffset)
    /// This replica does not stand although its master has failed.
    case electionDeclined(reason: DeclineReason)
    /// The epoch was raised; votes are asked for once that is on disk. `forced`: an operator asked for it.
    case electionStarted(Epoch, forced: Bool)
    /// A majority voted for this replica.
    case electionWon(Epoch, votes: Int)
    /// An election ended without a winner; nil when its epoch was not raised yet.
    case electionExpired(Epoch?)
    /// This master voted; the vote is said once it is on disk.
    case voteGranted(to: NodeID, Epoch)
    /// This node does not vote for a candidate.
    case voteRefused(to: NodeID, Epoch, VoteRefusal)
    /// A request is kept until it is decided whether the candidate's master has failed.
    case voteDeferred(to: NodeID, Epoch)
    /// A vote that could not be saved is not said.
    case voteWithdrawn(to: NodeID, Epoch, SystemFault)
    /// A request for votes or a promotion that could not be saved is taken back.
    case claimWithdrawn(Epoch, SystemFault)
    /// A manual failover began; `by` is the replica that asked this master for it.
    case manualFailoverStarted(by: NodeID?, kind: FailoverKind)
    /// A manual failover was given up.
    case manualFailoverTimedOut
    /// This replica has all that its paused master has.
    case manualFailoverReady(ReplicationOffset)
    /// This replica moves to a master that has lost all of its own.
    case replicaMigrated(to: NodeID)

    // MARK: This node

    /// CLUSTER RESET.
    case reset(hard: Bool)
    /// nodes.conf could not be saved; it is tried again.
    case saveFailed(SystemFault)
    /// A save succeeded after one that failed.
    case saveRecovered
    /// Something that a peer sent and that was not believed; counted once per kind in the log.
    case ignored(Ignored, from: NodeID?)

    /// Why a node that had failed counts as well again.
    public enum ClearReason: Hashable, Sendable {
        /// It is a replica, and answers.
        case replicaReachable
        /// It is a master without slots, and answers.
        case masterWithoutSlots
        /// It is a master whose slots nobody took over in time.
        case nobodyTookOver
    }

    /// Why the cluster serves or does not.
    public enum HealthReason: Hashable, Sendable {
        /// Nothing speaks against it.
        case allWell
        /// A slot has no owner, or none that lives.
        case slotUncovered
        /// This node reaches no majority of the masters.
        case minority
    }

    /// Why a node took a new configEpoch.
    public enum EpochReason: Hashable, Sendable {
        /// Another master has the same one.
        case collision(with: NodeID)
        /// CLUSTER BUMPEPOCH.
        case operatorAsked
        /// A slot has been imported.
        case importFinished
        /// CLUSTER FAILOVER TAKEOVER.
        case takeover
    }

    /// Why a replica does not stand.
    public enum DeclineReason: Hashable, Sendable {
        /// Its copy is that many milliseconds old.
        case dataTooOld(age: Int64)
        /// It holds no copy of its master's keys.
        case noCopy
        /// A setting forbids it.
        case disabled
    }

    /// How an operator asks for a failover.
    public enum FailoverKind: Hashable, Sendable {
        /// With the master's help: nothing is lost.
        case asked
        /// FORCE: the master is not waited for.
        case forced
        /// TAKEOVER: nobody is asked.
        case takeover
    }

    /// Why a message or a part of it was not believed.
    public enum Ignored: Hashable, Sendable {
        /// Its bytes are no message; the kind of error.
        case unreadable(String)
        /// It was longer than is kept; its length in bytes.
        case oversized(MessageType, length: UInt32)
        /// Nobody here knows messages of this type.
        case unknownType(MessageType)
        /// Somebody who is not known said more than a greeting.
        case strangerSent(MessageType)
        /// The header names another node than the one to which the connection belongs.
        case senderMismatch(expected: NodeID, got: NodeID)
        /// Somebody who is not known sent a light header.
        case lightFromStranger
        /// The gossip section names an id that no node can have.
        case invalidGossip
        /// An extension holds what cannot be; its name.
        case invalidExtension(String)
        /// Too many handshakes are under way.
        case handshakeLimit
        /// Too many nodes are known.
        case nodeLimit
        /// Too many nodes are known of which only others have told.
        case hearsayLimit
        /// Two clusters would become one, and a setting forbids it.
        case mergeRefused
        /// Nobody can be reached at this address.
        case badAddress(NodeAddress)
        /// The node changes its address again and again.
        case movesTooOften(to: NodeAddress)
    }
}

/// Why a vote was not given. Every refusal has its own case.
///
/// - Source: bus protocol §6.3.
public enum VoteRefusal: Hashable, Sendable {
    /// Only a master with at least one slot votes.
    case notAVoter
    /// The request's epoch is below ours.
    case epochTooOld(requested: Epoch, current: Epoch)
    /// We voted in this epoch already.
    case alreadyVoted(in: Epoch)
    /// Who asks is a master.
    case requesterIsMaster
    /// The master of who asks is not known here.
    case masterUnknown
    /// The master of who asks has not failed.
    case masterNotFailed(NodeID)
    /// We voted for a replica of the same master a moment ago.
    case votedRecently(milliseconds: Int64)
    /// A claimed slot is owned by another at a newer epoch.
    case slotsOwnedByNewer(Slot, owner: NodeID, epoch: Epoch)
}
