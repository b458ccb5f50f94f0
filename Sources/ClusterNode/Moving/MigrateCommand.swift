// MIGRATE: the request is read, its keys are looked up, and the move begins; the client waits for its end while
// everything else goes on. Commands on those keys wait too, wherever they stand.

import ClusterCore
import DataPlane
import RESP

enum MigrateCommand {
    static func run(_ context: ServerContext) -> CommandResult {
        let request: MigrateRequest
        do throws(MigrateRefusal) {
            request = try MigrateRequest(context.request)
        } catch { return .error(error.text) }
        let keys = context.store.keysToMove(request.keyPlaces.map(context.bytes))
        guard !keys.isEmpty else { return context.simple("NOKEY") }
        guard context.node.moves.haveRoom else { return .unfinished(.moves) }
        context.node.moves.begin(request, keys, for: context.client.id, context.node)
        return .unfinished(.answer)
    }
}

extension Moves {
    /// Whether a command touches a key that is on its way. What waits for EXEC is looked at when EXEC comes.
    func hold(_ spec: CommandSpec, _ client: Client) -> Bool {
        if let queue = client.transaction.queue {
            guard Dispatch.isExec(spec) else { return false }
            var requests = queue.requests.copy
            while (try? requests.next()) == true {
                if let queued = requests.withArgument(0, { CommandTable.index.find($0) }),
                    holdsAny(of: queued, in: requests)
                {
                    return true
                }
            }
            return false
        }
        return holdsAny(of: spec, in: client.requests.copy)
    }

    private func holdsAny(of spec: CommandSpec, in request: RequestParser) -> Bool {
        KeyFinder.places(of: spec, in: request).contains { holds(request.argument($0)) }
    }
}
