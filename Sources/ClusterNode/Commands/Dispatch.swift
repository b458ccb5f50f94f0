// From a request to its reply: what the command is, whether it may run here and now, and then that it
// does. The order of the questions is the reference's, since it decides which error a client sees.

import ClusterCore
import ClusterWire
import DataPlane
import RESP

enum Dispatch {
    /// Runs the request that the client's parser stands at.
    /// - Returns: nil when it is done, else what it waits for.
    static func run(_ client: Client, _ node: Node) -> CommandPause? {
        let start = client.replies.count
        if let pause = answer(client, node) { return pause }
        client.replies.finishCommand(from: start)
        node.clients.finishRequest(of: client)
        return nil
    }

    /// Gives the reply to the request that the client's parser stands at, which somebody took over.
    static func answer(
        _ client: Client, _ result: CommandResult, _ node: Node, _ write: (ReplyWriter) -> Void
    ) {
        guard let spec = client.requests.findCommand() else { return }
        let start = client.replies.count
        if case .replied = result { write(client.replies.writer) }
        _ = conclude(result, spec, client.frame, client, node)
        client.session.isAsking = false
        client.replies.finishCommand(from: start)
        node.clients.finishRequest(of: client)
    }

    @inline(__always)
    private static func answer(_ client: Client, _ node: Node) -> CommandPause? {
        guard let spec = client.requests.findCommand() else {
            rejectUnknown(client, node)
            return nil
        }
        if client.isReplica && !spec.flags.contains(.ofReplicas) {
            refuseReplica(spec, client, node)
            return nil
        }
        if let refusal = refusal(of: spec, client, node) {
            node.statistics.usage[spec.number].rejected &+= 1
            if isExec(spec) && !Routing.isRedirection(refusal) {
                rejectExec(refusal, client, node)
            } else {
                reject(refusal, client, node)
            }
            client.frame.forgetWork()
            return nil
        }
        if node.areWritesHeld && mustWait(spec, client, node) { return .changes }
        if node.moves.areHolding && node.moves.hold(spec, client) { return .moves }
        if let queue = client.transaction.queue, !spec.flags.contains(.inTransaction) {
            enqueue(spec, queue, client, node)
        } else if let pause = execute(spec, client.frame, client, node) {
            return pause
        }
        if client.transaction.queue == nil && !spec.flags.contains(.asking) {
            client.session.isAsking = false
        }
        return nil
    }

    /// Runs the request at which that of `frame` stands, counts it, and follows up what it changed.
    /// - Returns: nil when it is done, else what it waits for.
    @discardableResult
    static func execute(
        _ spec: CommandSpec, _ frame: CommandFrame, _ client: Client, _ node: Node
    ) -> CommandPause? {
        let changes = node.store.changes
        client.lastCommand = spec
        let pause = conclude(spec.handler.run(frame, client, node), spec, frame, client, node)
        if node.store.changes != changes {
            frame.replicate()
            client.wrote(upTo: node.store.log.offset)
        } else {
            frame.forgetReplacement()
        }
        if node.store.hasDisturbed { node.disturbClients() }
        return pause
    }

    @inline(__always)
    private static func conclude(
        _ result: CommandResult, _ spec: CommandSpec, _ frame: CommandFrame, _ client: Client,
        _ node: Node
    ) -> CommandPause? {
        switch result {
        case .replied:
            finish(spec, frame.request, client, node, failed: false)
        case .unfinished(let pause):
            node.statistics.startClock()
            return pause
        case .failed(let error):
            client.replies.writer.error(error.text)
            failed(error, spec, frame.request, client, node)
        case .wroteError(let error):
            failed(error, spec, frame.request, client, node)
        }
        frame.forgetWork()
        return nil
    }

    private static func failed(
        _ error: CommandError, _ spec: CommandSpec, _ request: RequestSource, _ client: Client,
        _ node: Node
    ) {
        finish(spec, request, client, node, failed: true)
        node.statistics.countError(error.text)
    }

    @inline(__always)
    private static func finish(
        _ spec: CommandSpec, _ request: RequestSource, _ client: Client, _ node: Node, failed: Bool
    ) {
        let spent = node.statistics.ran(spec, failed: failed)
        guard spent >= node.slowLog.threshold else { return }
        node.slowLog.keep(spec, request, of: client, nanoseconds: spent, at: node.now.wall)
    }

    // MARK: - Refusals

    private static func refusal(
        of spec: CommandSpec, _ client: Client, _ node: Node
    ) -> String? {
        guard spec.takes(client.requests.count) else {
            return "ERR wrong number of arguments for '\(spec.fullName)' command"
        }
        if !client.session.isLoggedIn && node.options.asksForPassword
            && !spec.flags.contains(.noAuth)
        {
            return "NOAUTH Authentication required."
        }
        if client.transaction.queue != nil && spec.flags.contains(.noMulti) {
            return "ERR Command not allowed inside a transaction"
        }
        if spec.keys.first > 0 || isExec(spec) {
            if let redirection = Routing.refusal(of: spec, client, node) { return redirection }
        }
        if flags(of: spec, client).contains(.write) {
            if !node.replication.takesWrites(at: node.wake.monotonic) {
                return "NOREPLICAS Not enough good replicas to write."
            }
            if !node.routes.takesWrites(node) {
                return "READONLY You can't write against a read only replica."
            }
        }
        if let refusal = PubSubCommands.refusal(of: spec, client) { return refusal }
        if isStale(spec, client, node) {
            return
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
        }
        if flags(of: spec, client).contains(.denyOOM) && node.isOutOfMemory && !node.makeRoom() {
            return "OOM command not allowed when used memory > 'maxmemory'."
        }
        return nil
    }

    /// Whether an answer of this replica could not be relied on, and must not be given.
    private static func isStale(_ spec: CommandSpec, _ client: Client, _ node: Node) -> Bool {
        if node.replication.refusesReads {
            let queued = isExec(spec) ? client.transaction.queue : nil
            if queued?.hasFreshReads ?? !spec.flags.contains(.stale) { return true }
        }
        // It tells of all keys without naming one: a replica without a copy would say that there are none.
        return flags(of: spec, client).contains(.wholeStore) && !node.routes.takesWrites(node)
            && !node.replication.holdsCopy
    }

    /// A replica says how far it is, and nothing else: one that does more has lost count.
    private static func refuseReplica(_ spec: CommandSpec, _ client: Client, _ node: Node) {
        node.log.refuse("replica", "Closed a replica that sent the command \(spec.fullName)")
        client.turn.isLeaving = true
    }

    static func isExec(_ spec: CommandSpec) -> Bool { spec.flags.contains(.exec) }

    /// What a command does; of EXEC with all that is queued.
    @inline(__always)
    private static func flags(of spec: CommandSpec, _ client: Client) -> CommandFlags {
        guard isExec(spec), let queue = client.transaction.queue else { return spec.flags }
        return spec.flags.union(queue.flags)
    }

    /// While requests are held back: whether this one is.
    private static func mustWait(_ spec: CommandSpec, _ client: Client, _ node: Node) -> Bool {
        if client.isReplica { return false }
        return node.clients.pause.holdsAll
            || !flags(of: spec, client).isDisjoint(with: [.write, .mayReplicate])
    }

    /// An error before the command ran: a transaction that is being put together is spoiled by it.
    private static func reject(_ text: String, _ client: Client, _ node: Node) {
        node.statistics.countError(text)
        client.transaction.queue?.isSpoiled = true
        client.replies.writer.error(text)
    }

    /// EXEC that may not run ends its transaction, and says so.
    private static func rejectExec(_ text: String, _ client: Client, _ node: Node) {
        Transactions.abandon(client, node.store)
        let reason = text.hasPrefix("ERR ") ? String(text.dropFirst(4)) : text
        reject("EXECABORT Transaction discarded because of: \(reason)", client, node)
    }

    private static func rejectUnknown(_ client: Client, _ node: Node) {
        let request = client.requests
        guard let spec = request.withWord(0, { CommandTable.index.find($0) }) else {
            return reject(unknown(request), client, node)
        }
        let word = String(decoding: request.bytes(1).prefix(shownBytes), as: UTF8.self)
        reject(
            "ERR unknown subcommand '\(word)'. Try \(spec.name.uppercased()) HELP.", client, node)
    }

    private static let shownBytes = 128

    /// The reference's words for a command that is not there: its name and the start of what came.
    private static func unknown(_ request: RequestSource) -> String {
        func shown(_ bytes: [UInt8], _ limit: Int) -> String {
            // What is formatted as text ends at a NUL.
            let visible = bytes.prefix(limit).prefix { $0 != 0 }
            return String(decoding: visible, as: UTF8.self)
        }
        var rest = ""
        var index = 1
        while index < request.count && rest.utf8.count < shownBytes {
            rest += "'\(shown(request.bytes(index), shownBytes - rest.utf8.count))' "
            index += 1
        }
        let name = shown(request.bytes(0), shownBytes)
        return "ERR unknown command '\(name)', with args beginning with: \(rest)"
    }

    // MARK: - Transactions

    private static func enqueue(
        _ spec: CommandSpec, _ queue: TransactionQueue, _ client: Client, _ node: Node
    ) {
        guard queue.add(spec, client.requests) else {
            node.log.refuse("transaction", "Closed a client whose transaction is too large")
            client.turn.isLeaving = true
            return client.replies.writer.error("ERR transaction is too large")
        }
        client.replies.writer.simple("QUEUED")
    }
}
