// Notes of the rules as lines of the log, with the texts of the reference where it has one, since operators and
// test suites search for those (bus protocol §10). When a line is written is for Log.

import ClusterCore
import ClusterWire

struct NoteText {
    /// What the node knows, for the names of others.
    let state: ClusterState

    /// What people call a node: the name that it announces, else its address.
    func human(_ id: NodeID) -> String {
        guard let handle = state.nodes.find(id) else { return "unknown" }
        let node = state.nodes[handle]
        if !node.nodeName.isEmpty { return node.nodeName }
        let ip = node.address.ip.text
        return "\(ip.contains(":") ? "[\(ip)]" : ip):\(node.address.port)"
    }

    /// The id of a node, and what people call it.
    func full(_ id: NodeID) -> String { "\(id) (\(human(id)))" }

    /// The level and text of a note; nil for what is counted as a refusal instead. Each of the four below has
    /// the notes of one subject, and names those of the others, so that a new note does not compile until it
    /// has its words.
    func line(_ note: Note) -> (LogLevel, String)? {
        failure(note) ?? membership(note) ?? configuration(note) ?? election(note)
    }

    private func failure(_ note: Note) -> (LogLevel, String)? {
        switch note {
        case .markedPFail(let id):
            (.verbose, "*** NODE \(full(id)) possibly failing: no answer in time")
        case .clearedPFail(let id):
            (.verbose, "*** NODE \(full(id)) is reachable again: PFAIL cleared")
        case .failureReported(let id, let by):
            (.verbose, "Node \(full(by)) reported node \(full(id)) as not reachable.")
        case .failureReportWithdrawn(let id, let by):
            (.verbose, "Node \(full(by)) reported node \(full(id)) is back online.")
        case .markedFail(let id, let agreeing):
            (
                .notice,
                "Marking node \(full(id)) as failing (quorum reached). Agreeing: "
                    + agreeing.map(\.short).joined(separator: " ")
            )
        case .failReceived(let id, let from):
            (.notice, "FAIL message received from \(full(from)) about \(full(id))")
        case .failQuestioned(let id, let from):
            (.notice, "FAIL message from \(from) about \(id), which still answers us: pinging it")
        case .failRefuted(let id):
            (.notice, "Node \(id) still answers this node: the FAIL message about it is ignored.")
        case .clearedFail(let id, let reason):
            (.notice, "Clear FAIL state for node \(full(id)): \(Self.text(reason)).")
        case .healthChanged(let ok, let reason):
            (
                .warning,
                "Cluster state changed: \(ok ? "ok" : "fail")\(ok ? "" : " (\(Self.text(reason)))")"
            )
        case .failReasonChanged(let reason):
            (.warning, "The cluster is still down, now because: \(Self.text(reason))")
        case .handshakeStarted, .handshakeTimedOut, .nodeMet, .nodeLearned, .nodeForgotten,
            .addressChanged, .addressLost, .ownAddressLearned, .becameMaster, .becameReplica,
            .reconfigured, .slotsTaken, .slotsLost, .updateSent, .epochRaised, .epochRefused,
            .claimDenied, .claimUnanswered, .identityConflict,
            .electionScheduled, .electionDeclined, .electionStarted, .electionWon, .electionExpired,
            .voteGranted, .voteRefused, .voteDeferred, .voteWithdrawn, .claimWithdrawn,
            .manualFailoverStarted, .manualFailoverTimedOut, .manualFailoverReady, .replicaMigrated,
            .reset, .saveFailed, .saveRecovered, .ignored:
            nil
        }
    }

    private static func text(_ reason: Note.ClearReason) -> String {
        switch reason {
        case .replicaReachable: "replica is reachable again"
        case .masterWithoutSlots: "master without slots is reachable again"
        case .nobodyTookOver: "is reachable again and nobody is serving its slots after some time"
        }
    }

    private static func text(_ reason: Note.HealthReason) -> String {
        switch reason {
        case .allWell: "all well"
        case .slotUncovered: "At least one hash slot is not served by any available node"
        case .minority: "minority partition: most masters cannot be reached"
        }
    }

    private func membership(_ note: Note) -> (LogLevel, String)? {
        switch note {
        case .handshakeStarted(let address): (.verbose, "Handshake with \(address) started")
        case .handshakeTimedOut(let address):
            (.notice, "Handshake with \(address) given up: no answer")
        case .nodeMet(let id, let address): (.notice, "Met node \(id) at \(address)")
        case .nodeLearned(let id, let from):
            (.verbose, "Learned of node \(id) by gossip from \(from)")
        case .nodeForgotten(let id, let by):
            (.notice, "Forgot node \(id)\(by.map { ", as told by \($0)" } ?? "")")
        case .addressChanged(let id, let from, let to):
            (.notice, "Address updated for node \(id), now \(to), was \(from)")
        case .addressLost(let id, let other):
            (
                .notice,
                "PONG contains mismatching sender ID: node \(id) is not at its address any more, \(other) "
                    + "answers there"
            )
        case .ownAddressLearned(let ip): (.notice, "IP address for this node updated to \(ip)")
        case .becameMaster(let id): (.notice, "Node \(id) is a master now")
        case .becameReplica(let id, let master):
            (.notice, "Node \(id) is a replica of \(master) now")
        case .reconfigured(let master):
            (
                .notice,
                "Configuration change detected. Reconfiguring myself as a replica of \(master)"
            )
        case .replicaMigrated(let master): (.notice, "Migrating to orphaned master \(master)")
        case .reset(let hard): (.notice, "Cluster reset (\(hard ? "hard" : "soft"))")
        case .markedPFail, .clearedPFail, .failureReported, .failureReportWithdrawn, .markedFail,
            .failReceived, .failQuestioned, .failRefuted, .clearedFail, .healthChanged,
            .failReasonChanged, .slotsTaken, .slotsLost, .updateSent, .epochRaised, .epochRefused,
            .claimDenied, .claimUnanswered, .identityConflict,
            .electionScheduled, .electionDeclined, .electionStarted, .electionWon, .electionExpired,
            .voteGranted, .voteRefused, .voteDeferred, .voteWithdrawn, .claimWithdrawn,
            .manualFailoverStarted, .manualFailoverTimedOut, .manualFailoverReady, .saveFailed,
            .saveRecovered, .ignored:
            nil
        }
    }

    private func configuration(_ note: Note) -> (LogLevel, String)? {
        switch note {
        case .slotsTaken(let by, let count, let from):
            (
                .notice,
                "\(count) slots now belong to \(by)\(from.map { ", previously to \($0)" } ?? "")"
            )
        case .slotsLost(let count, let to): (.notice, "Lost \(count) slots to \(to)")
        case .updateSent(let to, let about):
            (
                .verbose,
                "Node \(to) has old slots configuration, sending an UPDATE message about \(about)"
            )
        case .epochRaised(let epoch, let reason):
            (.notice, "configEpoch set to \(epoch): \(Self.text(reason))")
        case .epochRefused(let epoch, let from):
            (.warning, "Ignored epoch \(epoch) from \(from): it is implausibly high")
        case .claimDenied(let id, let by):
            (.notice, "What \(by) claims of node \(id) is not confirmed by its own answer: ignored")
        case .claimUnanswered(let id, let by):
            (.notice, "Node \(id) does not answer: what \(by) claims of it is believed")
        case .identityConflict(let id, let address):
            (
                .warning,
                "Two nodes answer under the id \(id): the one at \(address) is ignored, since the other "
                    + "was there first"
            )
        case .saveFailed(let fault):
            (.warning, "Saving the cluster configuration failed: \(fault). Trying again.")
        case .saveRecovered: (.notice, "The cluster configuration is saved again")
        case .voteWithdrawn(let to, let epoch, let fault):
            (.warning, "Vote for \(to) in epoch \(epoch) withdrawn: \(fault)")
        case .claimWithdrawn(let epoch, let fault):
            (.warning, "Election or promotion in epoch \(epoch) taken back: \(fault)")
        case .markedPFail, .clearedPFail, .failureReported, .failureReportWithdrawn, .markedFail,
            .failReceived, .failQuestioned, .failRefuted, .clearedFail, .healthChanged,
            .failReasonChanged, .handshakeStarted, .handshakeTimedOut, .nodeMet, .nodeLearned,
            .nodeForgotten, .addressChanged, .addressLost, .ownAddressLearned, .becameMaster,
            .becameReplica, .reconfigured, .electionScheduled, .electionDeclined, .electionStarted,
            .electionWon, .electionExpired, .voteGranted, .voteRefused, .voteDeferred,
            .manualFailoverStarted, .manualFailoverTimedOut, .manualFailoverReady, .replicaMigrated,
            .reset, .ignored:
            nil
        }
    }

    private static func text(_ reason: Note.EpochReason) -> String {
        switch reason {
        case .collision(let other): "collision with \(other)"
        case .operatorAsked: "requested by an operator"
        case .importFinished: "a slot import is complete"
        case .takeover: "takeover"
        }
    }

    private func election(_ note: Note) -> (LogLevel, String)? {
        switch note {
        case .electionScheduled(let delay, let rank, let offset):
            (
                .notice,
                "Start of election delayed for \(delay) milliseconds (rank #\(rank), offset "
                    + "\(offset))."
            )
        case .electionDeclined(let reason):
            (.notice, "Not standing for election: \(Self.text(reason))")
        case .electionStarted(let epoch, let forced):
            (
                .notice,
                "Starting a failover election for epoch \(epoch)\(forced ? ", forced" : "")."
            )
        case .electionWon(let epoch, let votes):
            (
                .notice,
                "Failover election won: I'm the new master. configEpoch set to \(epoch) after "
                    + "successful failover, \(votes) votes"
            )
        case .electionExpired(let epoch):
            (.notice, "Failover attempt expired\(epoch.map { " in epoch \($0)" } ?? "").")
        case .voteGranted(let to, let epoch):
            (.notice, "Failover auth granted to \(to) for epoch \(epoch)")
        case .voteRefused(let to, let epoch, let refusal):
            (.notice, "Failover auth denied to \(to) for epoch \(epoch): \(Self.text(refusal))")
        case .voteDeferred(let to, let epoch):
            (
                .verbose,
                "Failover auth request of \(to) for epoch \(epoch) waits: its master is not "
                    + "marked as failing"
            )
        case .manualFailoverStarted(let by, let kind):
            (.notice, Self.started(by, kind))
        case .manualFailoverTimedOut: (.notice, "Manual failover timed out.")
        case .manualFailoverReady(let offset):
            (.notice, "All master replication stream processed (\(offset)), election can start.")
        case .markedPFail, .clearedPFail, .failureReported, .failureReportWithdrawn, .markedFail,
            .failReceived, .failQuestioned, .failRefuted, .clearedFail, .healthChanged,
            .failReasonChanged, .handshakeStarted, .handshakeTimedOut, .nodeMet, .nodeLearned,
            .nodeForgotten, .addressChanged, .addressLost, .ownAddressLearned, .becameMaster,
            .becameReplica, .reconfigured, .slotsTaken, .slotsLost, .updateSent, .epochRaised,
            .epochRefused, .claimDenied, .claimUnanswered, .identityConflict, .voteWithdrawn,
            .claimWithdrawn, .replicaMigrated, .reset, .saveFailed,
            .saveRecovered, .ignored:
            nil
        }
    }

    private static func started(_ replica: NodeID?, _ kind: Note.FailoverKind) -> String {
        replica.map { "Manual failover requested by replica \($0)." }
            ?? "Manual failover user request accepted (\(kind))."
    }

    private static func text(_ reason: Note.DeclineReason) -> String {
        switch reason {
        case .dataTooOld(let age): "data is \(age) ms older than allowed"
        case .noCopy: "this replica holds no copy of its master's keys"
        case .disabled: "cluster-replica-no-failover is set"
        }
    }

    static func text(_ refusal: VoteRefusal) -> String {
        switch refusal {
        case .notAVoter: "this node has no vote"
        case .epochTooOld(let requested, let current):
            "requested epoch \(requested) < current epoch \(current)"
        case .alreadyVoted(let epoch): "already voted for epoch \(epoch)"
        case .requesterIsMaster: "it is a master node"
        case .masterUnknown: "I don't know its master"
        case .masterNotFailed(let id): "its master \(id) is up"
        case .votedRecently(let ago): "a vote for a replica of the same master \(ago) ms ago"
        case .slotsOwnedByNewer(let slot, let owner, let epoch):
            "slot \(slot) of \(owner) has epoch \(epoch) > reqConfigEpoch of the request"
        }
    }

    /// The kind and text of a message, or a part of one, that was ignored.
    static func refusal(_ ignored: Note.Ignored, from id: NodeID?) -> (String, String) {
        let who = id.map { " from \($0)" } ?? ""
        let (kind, detail): (String, String) =
            switch ignored {
            case .unreadable(let what): ("refused message (\(what))", "")
            case .oversized(let type, let length):
                ("skipped an oversized \(type)", " of \(length) bytes")
            case .unknownType(let type): ("ignored a message of unknown \(type)", "")
            case .unknownNodeSent(let type): ("ignored \(type) from an unknown node", "")
            case .senderMismatch(let expected, let got):
                ("closed a link whose sender changed", ": \(expected) became \(got)")
            case .lightFromUnknownNode: ("closed a link: light message from an unknown node", "")
            case .invalidGossip: ("ignored gossip with an invalid node id", "")
            case .invalidExtension(let what): ("ignored extension (\(what))", "")
            case .handshakeLimit: ("refused a handshake: too many are in progress", "")
            case .nodeLimit: ("refused a node: the table is full", "")
            case .gossipNodeLimit:
                ("ignored a node in gossip: too many known only from gossip", "")
            case .mergeRefused: ("refused a MEET that would merge two clusters", "")
            case .badAddress(let address): ("ignored an address", " '\(address)'")
            case .movesTooOften(let address):
                ("ignored an address change: the node changes it too often", ", to \(address)")
            }
        return (kind, "\(kind)\(detail)\(who)")
    }
}
