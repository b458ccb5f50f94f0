// MULTI, EXEC, DISCARD, WATCH and UNWATCH. Queued commands are kept as the bytes of a request, and
// EXEC reads them as it would read a client's, so that no command knows of transactions.

import ClusterCore
import ClusterWire
import RESP

/// Commands that wait for EXEC.
final class Transaction {
    fileprivate(set) var requests = RequestParser()
    private(set) var count = 0
    /// What the commands do, all together.
    private(set) var flags: CommandFlags = []
    /// An error came up while it was put together: EXEC refuses it.
    var isSpoiled = false
    private(set) var heldBytes = 0

    /// Bytes of requests that one transaction may hold.
    static let byteLimit = 1 << 30

    /// Adds the request that the client's parser stands at.
    /// - Returns: false when that is too much.
    func add(_ spec: CommandSpec, _ client: Client) -> Bool {
        var bytes: [UInt8] = []
        RESPWriter.arrayHeader(client.count, to: &bytes)
        for index in 0..<client.count {
            client.parser.lendArgument(index) { RESPWriter.bulk($0, to: &bytes) }
        }
        heldBytes += bytes.count
        guard heldBytes <= Self.byteLimit else { return false }
        requests.limits = client.parser.limits
        requests.feed(bytes)
        count += 1
        flags.formUnion(spec.flags)
        return true
    }
}

/// A key that must not change before EXEC.
struct WatchedKey {
    var bytes: [UInt8]
    /// Its time was over already when it was watched.
    var wasExpired: Bool
}

enum Transactions {
    static func multi(_ client: Client, _ node: Node) {
        guard client.transaction == nil else {
            return client.error("ERR MULTI calls can not be nested")
        }
        client.transaction = Transaction()
        client.ok()
    }

    static func discard(_ client: Client, _ node: Node) {
        guard client.transaction != nil else {
            return client.error("ERR DISCARD without MULTI")
        }
        abandon(client, node)
        client.ok()
    }

    /// Forgets the transaction and what was watched for it.
    static func abandon(_ client: Client, _ node: Node) {
        client.transaction = nil
        stopWatching(client, node)
    }

    static func watch(_ client: Client, _ node: Node) {
        guard client.transaction == nil else {
            return client.error("ERR WATCH inside MULTI is not allowed")
        }
        for index in 1..<client.count {
            let key = client.bytes(index)
            guard !client.watched.contains(where: { $0.bytes == key }) else { continue }
            let wasExpired = node.store.isExpired(key.span)
            client.watched.append(WatchedKey(bytes: key, wasExpired: wasExpired))
            node.store.watch(key, client.id)
        }
        client.ok()
    }

    static func unwatch(_ client: Client, _ node: Node) {
        stopWatching(client, node)
        client.ok()
    }

    static func stopWatching(_ client: Client, _ node: Node) {
        for key in client.watched { node.store.unwatch(key.bytes, client.id) }
        client.watched = []
        client.isDisturbed = false
    }

    static func exec(_ client: Client, _ node: Node) {
        guard let transaction = client.transaction else {
            return client.error("ERR EXEC without MULTI")
        }
        let isStale =
            client.isDisturbed
            || client.watched.contains { !$0.wasExpired && node.store.isExpired($0.bytes.span) }
        abandon(client, node)
        if transaction.isSpoiled {
            return client.error("EXECABORT Transaction discarded because of previous errors.")
        }
        if isStale { return RESPWriter.nullArray(client.version, to: &client.output) }
        client.held.beginWhole(at: client.output.count)
        RESPWriter.arrayHeader(transaction.count, to: &client.output)
        swap(&client.parser, &transaction.requests)
        runQueued(client, node)
        swap(&client.parser, &transaction.requests)
        client.held.endWhole()
    }

    private static func runQueued(_ client: Client, _ node: Node) {
        do throws(RESPError) {
            while try client.parser.next() {
                guard var spec = client.parser.lendArgument(0, { CommandTable.index.find($0) })
                else { continue }
                if let subcommands = spec.subcommandIndex,
                    let part = client.parser.lendArgument(1, { subcommands.find($0) })
                {
                    spec = part
                }
                if spec.keys.first > 0, client.count > spec.keys.first {
                    client.slot = client.parser.lendArgument(spec.keys.first) { KeySlot.of($0) }
                }
                Dispatch.execute(spec, client, node)
            }
        } catch {
            // What was written here is read here: this cannot come, and harms nobody if it does.
            node.log.refuse("transaction", "A queued request cannot be read: \(error)")
            client.isLeaving = true
        }
    }
}
