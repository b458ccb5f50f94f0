// From a request to its reply: what the command is, whether it may run here and now, and then that it
// does. The order of the questions is the reference's, since it decides which error a client sees.

import ClusterCore
import ClusterWire
import RESP

enum Dispatch {
    /// Runs the request that the client's parser stands at.
    /// - Returns: false when it has to wait, to be run again later.
    static func run(_ client: Client, _ node: Node) -> Bool {
        let replied = client.output.count
        guard let spec = find(client) else {
            rejectUnknown(client, node)
            return finish(client, replied)
        }
        if let refusal = refusal(of: spec, client, node) {
            node.statistics.usage[spec.number].rejected &+= 1
            if isExec(spec) && !Routing.isRedirection(refusal) {
                rejectExec(refusal, client, node)
            } else {
                reject(refusal, client, node)
            }
            return finish(client, replied)
        }
        if node.areWritesHeld && mustWait(spec, client) { return false }
        if let transaction = client.transaction, !spec.flags.contains(.inTransaction) {
            queue(spec, transaction, client, node)
        } else {
            execute(spec, client, node)
        }
        if client.transaction == nil && !spec.flags.contains(.asking) { client.isAsking = false }
        return finish(client, replied)
    }

    private static func find(_ client: Client) -> CommandSpec? {
        guard
            let spec = client.parser.lendArgument(0, { CommandTable.index.find($0) })
        else { return nil }
        guard let subcommands = spec.subcommandIndex, client.count > 1 else { return spec }
        return client.parser.lendArgument(1) { subcommands.find($0) }
    }

    /// Counts it, runs it, and follows up what it changed.
    static func execute(_ spec: CommandSpec, _ client: Client, _ node: Node) {
        let replied = client.output.count
        let changes = node.store.changes
        client.lastCommand = spec
        spec.handler(client, node)
        let failed = client.output.count > replied && client.output[replied] == minus
        let spent = node.statistics.ran(spec, failed: failed)
        if spent >= node.slowLog.threshold {
            node.slowLog.keep(spec, client, nanoseconds: spent, at: node.now.wall)
        }
        if failed { node.statistics.countError(client.errorCode(from: replied + 1)) }
        if node.store.changes != changes {
            node.store.wrote(bytes: client.parser.requestBytes)
        }
        if !node.store.disturbed.isEmpty { node.disturbClients() }
    }

    private static let minus = UInt8(ascii: "-")

    /// Takes back a reply that is not to be sent.
    private static func finish(_ client: Client, _ replied: Int) -> Bool {
        if client.replies == .on { return true }
        if client.replies == .off || client.replies == .skip { client.takeBack(to: replied) }
        switch client.replies {
        case .skipNext: client.replies = .skip
        case .skip: client.replies = .on
        case .on, .off: break
        }
        return true
    }

    // MARK: - Refusals

    private static func refusal(
        of spec: CommandSpec, _ client: Client, _ node: Node
    ) -> String? {
        guard spec.takes(client.count) else {
            return "ERR wrong number of arguments for '\(spec.fullName)' command"
        }
        if client.transaction != nil && spec.flags.contains(.noMulti) {
            return "ERR Command not allowed inside a transaction"
        }
        if spec.keys.first > 0 || isExec(spec) {
            if let redirection = Routing.refusal(of: spec, client, node) { return redirection }
        }
        let isWrite = writes(spec, client)
        if isWrite && !node.routes.takesWrites(node) {
            return "READONLY You can't write against a read only replica."
        }
        if readsWholeStore(spec, client) && !node.routes.takesWrites(node) && !node.store.holdsCopy
        {
            return
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
        }
        if spec.flags.contains(.denyOOM) && node.isOutOfMemory {
            return "OOM command not allowed when used memory > 'maxmemory'."
        }
        return nil
    }

    static func isExec(_ spec: CommandSpec) -> Bool { spec.flags.contains(.exec) }

    private static func writes(_ spec: CommandSpec, _ client: Client) -> Bool {
        if spec.flags.contains(.write) { return true }
        guard isExec(spec), let transaction = client.transaction else { return false }
        return transaction.flags.contains(.write)
    }

    /// Whether it tells of all keys without naming one: a replica without a copy would say that there
    /// are none.
    private static func readsWholeStore(_ spec: CommandSpec, _ client: Client) -> Bool {
        if spec.flags.contains(.wholeStore) { return true }
        guard isExec(spec), let transaction = client.transaction else { return false }
        return transaction.flags.contains(.wholeStore)
    }

    private static func mustWait(_ spec: CommandSpec, _ client: Client) -> Bool {
        let kinds: CommandFlags = [.write, .mayReplicate]
        if !spec.flags.isDisjoint(with: kinds) { return true }
        guard isExec(spec), let transaction = client.transaction else { return false }
        return !transaction.flags.isDisjoint(with: kinds)
    }

    /// An error before the command ran: a transaction that is being put together is spoiled by it.
    private static func reject(_ text: String, _ client: Client, _ node: Node) {
        node.statistics.countError(text)
        client.transaction?.isSpoiled = true
        client.error(text)
    }

    /// EXEC that may not run ends its transaction, and says so.
    private static func rejectExec(_ text: String, _ client: Client, _ node: Node) {
        Transactions.abandon(client, node)
        let reason = text.hasPrefix("ERR ") ? String(text.dropFirst(4)) : text
        reject("EXECABORT Transaction discarded because of: \(reason)", client, node)
    }

    private static func rejectUnknown(_ client: Client, _ node: Node) {
        guard let spec = client.parser.lendArgument(0, { CommandTable.index.find($0) }) else {
            return reject(unknown(client), client, node)
        }
        let word = String(decoding: client.bytes(1).prefix(128), as: UTF8.self)
        reject(
            "ERR unknown subcommand '\(word)'. Try \(spec.name.uppercased()) HELP.", client, node)
    }

    private static let shownBytes = 128

    /// The reference's words for a command that is not there: its name and the start of what came.
    private static func unknown(_ client: Client) -> String {
        func shown(_ bytes: [UInt8], _ limit: Int) -> String {
            // What is formatted as text ends at a NUL.
            let visible = bytes.prefix(limit).prefix { $0 != 0 }
            return String(decoding: visible, as: UTF8.self)
        }
        var rest = ""
        var index = 1
        while index < client.count && rest.utf8.count < shownBytes {
            rest += "'\(shown(client.bytes(index), shownBytes - rest.utf8.count))' "
            index += 1
        }
        let name = shown(client.bytes(0), shownBytes)
        return "ERR unknown command '\(name)', with args beginning with: \(rest)"
    }

    // MARK: - Transactions

    private static func queue(
        _ spec: CommandSpec, _ transaction: Transaction, _ client: Client, _ node: Node
    ) {
        guard transaction.add(spec, client) else {
            node.log.refuse("transaction", "Closed a client whose transaction is too large")
            client.isLeaving = true
            return client.error("ERR transaction is too large")
        }
        RESPWriter.simple("QUEUED", to: &client.output)
    }
}
