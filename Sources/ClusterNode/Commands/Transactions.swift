// MULTI, EXEC, DISCARD, WATCH and UNWATCH. Queued commands are kept as the bytes of requests, and EXEC runs
// them from there as others are run from a connection, so that no command knows of transactions.

import ClusterCore
import ClusterWire
import DataPlane
import RESP

/// Commands that wait for EXEC.
final class TransactionQueue {
    let requests = RequestSource()
    private(set) var count = 0
    /// What the commands do, all together.
    private(set) var flags: CommandFlags = []
    /// One of them may not be answered while the link to the master is down.
    private(set) var hasFreshReads = false
    /// An error came up while it was put together: EXEC refuses it.
    var isSpoiled = false
    private(set) var heldBytes = 0

    /// Bytes of requests that one transaction may hold.
    static let byteLimit = 1 << 30

    /// Adds the request that `source` stands at.
    /// - Returns: false when that is too much.
    func add(_ spec: CommandSpec, _ source: RequestSource) -> Bool {
        var bytes: [UInt8] = []
        RESPWriter.arrayHeader(source.count, to: &bytes)
        for index in 0..<source.count {
            source.withWord(index) { RESPWriter.bulk($0, to: &bytes) }
        }
        heldBytes += bytes.count
        guard heldBytes <= Self.byteLimit else { return false }
        requests.limits = source.limits
        requests.feed(bytes)
        count += 1
        flags.formUnion(spec.flags)
        if !spec.flags.contains(.stale) { hasFreshReads = true }
        return true
    }
}

/// A key that must not change before EXEC.
struct WatchedKey {
    var bytes: [UInt8]
    /// Its time was over already when it was watched.
    var wasExpired: Bool
}

/// The transaction of a client.
struct ClientTransaction {
    /// What waits for EXEC; nil outside of MULTI.
    var queue: TransactionQueue?
    var watched: [WatchedKey] = []
    /// A watched key changed.
    var isDisturbed = false
}

extension Client {
    /// As the store knows it.
    var watcher: WatcherID { WatcherID(id.number) }
}

enum Transactions {
    static func multi(_ context: ConnectionContext) -> CommandResult {
        guard context.client.transaction.queue == nil else {
            return .error("ERR MULTI calls can not be nested")
        }
        context.client.transaction.queue = TransactionQueue()
        return context.ok()
    }

    static func discard(_ context: ConnectionContext) -> CommandResult {
        guard context.client.transaction.queue != nil else {
            return .error("ERR DISCARD without MULTI")
        }
        abandon(context.client, context.store)
        return context.ok()
    }

    /// Forgets the transaction and what was watched for it.
    static func abandon(_ client: Client, _ store: MemoryStore) {
        for key in client.transaction.watched { store.unwatch(key.bytes, client.watcher) }
        client.transaction = ClientTransaction()
    }

    static func watch(_ context: ConnectionContext) -> CommandResult {
        let (client, store) = (context.client, context.store)
        guard client.transaction.queue == nil else {
            return .error("ERR WATCH inside MULTI is not allowed")
        }
        for index in 1..<context.count {
            let key = context.bytes(index)
            let watched = client.transaction.watched
            guard !watched.contains(where: { $0.bytes == key }) else { continue }
            let wasExpired = store.isExpired(key.span)
            client.transaction.watched.append(WatchedKey(bytes: key, wasExpired: wasExpired))
            store.watch(key, client.watcher)
        }
        return context.ok()
    }

    static func unwatch(_ context: ConnectionContext) -> CommandResult {
        let client = context.client
        // It may be queued: then it runs after EXEC has taken the transaction away.
        for key in client.transaction.watched { context.store.unwatch(key.bytes, client.watcher) }
        client.transaction.watched = []
        client.transaction.isDisturbed = false
        return context.ok()
    }

    static func exec(_ context: ServerContext) -> CommandResult {
        let (client, store, reply) = (context.client, context.store, context.reply)
        guard let queue = client.transaction.queue else {
            return .error("ERR EXEC without MULTI")
        }
        let watched = client.transaction.watched
        let isStale =
            client.transaction.isDisturbed
            || watched.contains { !$0.wasExpired && store.isExpired($0.bytes.span) }
        abandon(client, store)
        if queue.isSpoiled {
            return .error("EXECABORT Transaction discarded because of previous errors.")
        }
        if isStale {
            reply.nullArray()
            return .replied
        }
        client.replies.held.beginWhole(at: reply.count)
        reply.arrayHeader(queue.count)
        store.log.beginTransaction()
        run(queue.requests, context)
        store.log.endTransaction()
        // EXEC of its own would be one too many.
        context.frame.replicateNothing()
        client.replies.held.endWhole()
        return .replied
    }

    private static func run(_ requests: RequestSource, _ context: ServerContext) {
        let frame = context.frame.with(requests)
        do throws(RESPError) {
            while try requests.next() {
                guard let spec = requests.findCommand() else { continue }
                if spec.keys.first > 0, requests.count > spec.keys.first {
                    requests.slot = requests.withWord(spec.keys.first) { KeySlot.of($0) }
                }
                Dispatch.execute(spec, frame, context.client, context.node)
            }
        } catch {
            // What was written here is read here: this cannot come, and harms nobody if it does.
            context.node.log.refuse(
                "transaction", "A queued request cannot be read: \(error)")
            context.client.turn.isLeaving = true
        }
    }
}
