// Typed facts about what a step did: for the log, for traces, for tests and for `explain`. Their names are in
// the past tense; the texts that an operator searches the log for are written by the server.

public import ClusterWire

/// Something that a step did or refused. Nothing has to be done about it.
public enum Note: Equatable, Sendable {
    // MARK: PFAIL and FAIL

    /// A node is a node timeout late with its answer: PFAIL.
    case markedPFail(NodeID)
    /// It answered, or another node received a pong of it: it is not PFAIL any more.
    case clearedPFail(NodeID)
    /// A new failure report: a master with slots has the node as PFAIL or FAIL in its gossip.
    case failureReported(NodeID, by: NodeID)
    /// The master has the node as healthy in its gossip again.
    case failureReportWithdrawn(NodeID, by: NodeID)
    /// A quorum agrees that a node has failed: FAIL. `agreeing` are the masters whose reports made it, this
    /// node included if it counted.
    case markedFail(NodeID, agreeing: [NodeID])
    /// A FAIL message of another node was accepted.
    case failReceived(NodeID, from: NodeID)
    /// A FAIL message of another node about one that answers us: it is pinged before that is decided.
    case failQuestioned(NodeID, from: NodeID)
    /// The node answered, or went on sending: the FAIL message about it is ignored.
    case failRefuted(NodeID)
    /// A node is not FAIL any more.
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
    /// This node learned its own address from a connection.
    case ownAddressLearned(IPText)

    /// Somebody answers under a node's id at another place than where the node itself answers.
    case identityConflict(NodeID, at: NodeAddress)

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
    /// An UPDATE was sent to a node that claims slots with an old epoch: it names their owner.
    case updateSent(to: NodeID, about: NodeID)
    /// This node took a new configEpoch without votes.
    case epochRaised(Epoch, because: EpochReason)
    /// A node's header carries an epoch that no cluster can have reached.
    case epochRefused(Epoch, from: NodeID)

    /// Another node, or a connection in its own name, claimed what the node's own answer does not say.
    case claimDenied(of: NodeID, by: NodeID)
    /// A node does not answer: what another, or itself on a connection that it made, claims of it is believed.
    case claimUnanswered(of: NodeID, by: NodeID)

    // MARK: Elections

    /// This replica will ask for votes in `delay` milliseconds; `rank` siblings come before it.
    case electionScheduled(delay: Int64, rank: Int, offset: ReplicationOffset)
    /// This replica does not start an election although its master has failed.
    case electionDeclined(reason: DeclineReason)
    /// The epoch was raised; votes are asked for once that is on disk. `forced`: an operator asked for it.
    case electionStarted(Epoch, forced: Bool)
    /// A majority voted for this replica.
    case electionWon(Epoch, votes: Int)
    /// An election ended without a winner; nil when its epoch was not raised yet.
    case electionExpired(Epoch?)
    /// This master voted; the vote is sent once it is on disk.
    case voteGranted(to: NodeID, Epoch)
    /// This node does not vote for a candidate.
    case voteRefused(to: NodeID, Epoch, VoteRefusal)
    /// A request is kept until it is decided whether the candidate's master has failed.
    case voteDeferred(to: NodeID, Epoch)
    /// A vote that could not be saved is not sent.
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
    /// Something that a peer sent and that was ignored; the log counts those by kind.
    case ignored(Ignored, from: NodeID?)

    /// Why FAIL was cleared.
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
        /// Nothing keeps the cluster from serving.
        case allWell
        /// A slot has no owner, or one that has failed or no longer claims it.
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

    /// Why a replica does not start an election.
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
        /// Without an option: the master pauses its clients, and no write is lost.
        case asked
        /// FORCE: the master is not waited for.
        case forced
        /// TAKEOVER: without votes.
        case takeover
    }

    /// Why a message or a part of it was ignored.
    public enum Ignored: Hashable, Sendable {
        /// Its bytes are no message; the kind of error.
        case unreadable(String)
        /// It was longer than the limit; its length in bytes.
        case oversized(MessageType, length: UInt32)
        /// This node knows no messages of this type.
        case unknownType(MessageType)
        /// An unknown node sent something else than PING, PONG or MEET.
        case unknownNodeSent(MessageType)
        /// The header names another node than the one to which the connection belongs.
        case senderMismatch(expected: NodeID, got: NodeID)
        /// An unknown node sent a light header.
        case lightFromUnknownNode
        /// The gossip section names an id that no node can have.
        case invalidGossip
        /// An extension is invalid; its name.
        case invalidExtension(String)
        /// Too many handshakes are under way.
        case handshakeLimit
        /// Too many nodes are known.
        case nodeLimit
        /// Too many nodes are known from gossip alone.
        case gossipNodeLimit
        /// The MEET would merge two clusters, and `refuseMerge` is set.
        case mergeRefused
        /// The address cannot be connected to.
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
    /// The candidate is a master.
    case requesterIsMaster
    /// The candidate's master is not known here.
    case masterUnknown
    /// The candidate's master is not FAIL.
    case masterNotFailed(NodeID)
    /// We voted for a replica of the same master a moment ago.
    case votedRecently(milliseconds: Int64)
    /// A slot that the candidate claims has an owner with a newer epoch.
    case slotsOwnedByNewer(Slot, owner: NodeID, epoch: Epoch)
}
