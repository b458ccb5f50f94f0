// WAIT: clients that wait until enough replicas have applied what they wrote. All who begin to wait in one wake-up
// share one question to the replicas; who waits is answered when enough have said so, or when its time is over.

import ClusterCore
import ClusterHost
import DataPlane
import RESP
import SystemIO

/// Clients in WAIT.
final class ReplicaWaits {
    private struct Wait {
        let client: ClientID
        let offset: Int
        let count: Int64
        /// Monotonic milliseconds; nil: without a limit.
        let deadline: Int64?
    }
    private var waits: [Wait] = []

    /// When the first of them has waited for long enough.
    var nextDeadline: Int64? { waits.compactMap(\.deadline).min() }

    func add(_ client: ClientID, for offset: Int, by count: Int64, until deadline: Int64?) {
        waits.append(Wait(client: client, offset: offset, count: count, deadline: deadline))
    }

    /// Answers those whose wait is over.
    func settle(_ node: Node) {
        guard !waits.isEmpty else { return }
        let now = SystemClock.monotonicMilliseconds()
        let isReplica = node.replication.master != nil
        let all = waits
        waits = []
        for wait in all where node.clients[id: wait.client] != nil {
            let count = Int64(node.replication.confirmations(of: wait.offset))
            if isReplica {
                node.clients.answer(wait.client, .error(Self.unblocked), node)
            } else if count >= wait.count || wait.deadline.map({ $0 <= now }) ?? false {
                node.clients.answer(wait.client, .replied, node) { $0.integer(count) }
            } else {
                waits.append(wait)
            }
        }
    }

    /// The reference's words.
    private static let unblocked =
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
}

extension ReplicationCommands {
    static func wait(_ context: ServerContext) -> CommandResult {
        let (client, node) = (context.client, context.node)
        guard node.host.machine.state.me.isMaster else {
            return .error(
                "ERR WAIT cannot be used with replica instances. Please also note that since Redis "
                    + "4.0 if a replica is configured to be writable (which is not the default) "
                    + "writes to replicas are just local and are not propagated.")
        }
        guard let count = context.number(1) else { return .notANumber }
        guard let timeout = context.number(2) else {
            return .error("ERR timeout is not an integer or out of range")
        }
        guard timeout >= 0 else { return .error("ERR timeout is negative") }
        let now = SystemClock.monotonicMilliseconds()
        let (deadline, isTooLong) = now.addingReportingOverflow(timeout)
        guard !isTooLong else { return .error("ERR timeout is out of range") }
        let offset = client.activity.writtenOffset
        let confirmed = Int64(node.replication.confirmations(of: offset))
        // Within a transaction nobody can wait.
        if confirmed >= count || context.frame !== client.frame {
            return context.integer(confirmed)
        }
        node.replication.askForConfirmation()
        node.data.waits.add(
            client.id, for: offset, by: count, until: timeout == 0 ? nil : deadline)
        return .unfinished(.answer)
    }
}
