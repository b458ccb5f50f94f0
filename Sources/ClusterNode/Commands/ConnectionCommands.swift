// Commands about the connection that they come by: what it is answered, how it reads, and that it ends.

import DataPlane
import RESP

enum ConnectionCommands {
    static func ping(_ context: ConnectionContext) -> CommandResult {
        // Whoever reads publications in version 2 is answered in their form.
        if context.reply.version == .two, !context.client.session.subscriptions.isEmpty,
            context.count <= 2
        {
            context.reply.arrayHeader(2)
            context.reply.bulk("pong")
            return context.count == 2 ? context.bulk(word: 1) : context.bulk("")
        }
        switch context.count {
        case 1:
            context.reply.raw(pong)
            return .replied
        case 2: return context.bulk(word: 1)
        default: return .error("ERR wrong number of arguments for 'ping' command")
        }
    }
    private static let pong = Array("+PONG\r\n".utf8)

    static func echo(_ context: WordContext) -> CommandResult { context.bulk(word: 1) }

    static func select(_ context: WordContext) -> CommandResult {
        switch context.number(1) {
        case 0: context.ok()
        case let number? where Int32(exactly: number) != nil:
            .error("ERR SELECT is not allowed in cluster mode")
        case .some:
            .error("ERR value is out of range, value must between -2147483648 and 2147483647")
        case nil: .notANumber
        }
    }

    static func quit(_ context: ConnectionContext) -> CommandResult {
        context.client.turn.isLeaving = true
        return context.ok()
    }

    static func reset(_ context: ServerContext) -> CommandResult {
        let options = context.node.options
        Transactions.abandon(context.client, context.store)
        context.node.clients.subscribers.table.removeAll(of: context.client.subscriber)
        context.client.session.reset(isLoggedIn: !options.asksForPassword)
        context.client.takeLimits(options)
        context.reply.version = .two
        context.client.replies.mode = .on
        return context.simple("RESET")
    }

    static func asking(_ context: ConnectionContext) -> CommandResult {
        context.client.session.isAsking = true
        return context.ok()
    }

    static func readOnly(_ context: ConnectionContext) -> CommandResult {
        context.client.session.isReadOnly = true
        return context.ok()
    }

    static func readWrite(_ context: ConnectionContext) -> CommandResult {
        context.client.session.isReadOnly = false
        return context.ok()
    }
}
