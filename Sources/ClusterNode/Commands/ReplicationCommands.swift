// REPLCONF, PSYNC and SYNC: by them a connection becomes that of a replica, which is sent no more replies but the
// stream. What it is sent, and when, is for Replication.

import ClusterCore
import ClusterHost
import DataPlane
import RESP

enum ReplicationCommands {
    static func configure(_ context: ServerContext) -> CommandResult {
        let words = Array(context.request.words.dropFirst())
        let name = context.count > 1 ? context.option(1) : ""
        let now = context.node.wake.monotonic
        switch name {
        case "ack":
            if context.client.isReplica, let offset = context.number(2) {
                context.node.replication.acknowledged(
                    context.client.id.number, offset: offset, at: now)
            }
            return .replied
        case "getack": return .replied
        default:
            if let problem = context.client.session.announcement.take(words) {
                return .error(problem)
            }
            return context.ok()
        }
    }

    static func psync(_ context: ServerContext) -> CommandResult {
        guard let offset = context.number(2) else { return .notANumber }
        return begin(context, id: context.bytes(1), offset: offset)
    }

    static func sync(_ context: ServerContext) -> CommandResult {
        begin(context, id: nil, offset: nil)
    }

    private static func begin(
        _ context: ServerContext, id: [UInt8]?, offset: Int64?
    ) -> CommandResult {
        let (client, node) = (context.client, context.node)
        guard !client.isReplica else { return .replied }
        guard !node.host.machine.awaitsFailover(at: node.wake) else {
            return .error("LOADING this master has no keys and waits for a replica to replace it")
        }
        guard context.reply.count == 0 else {
            return .error("ERR SYNC and PSYNC are invalid with pending output")
        }
        let problem = node.replication.addReplica(
            client.id.number, client.session.announcement, peer: client.origin.host, id: id,
            offset: offset, at: node.wake.monotonic)
        if let problem { return .error(problem) }
        client.session.isReplica = true
        return .replied
    }
}
