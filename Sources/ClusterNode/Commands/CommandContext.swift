// What a command of the node is given beyond keys: its own connection, or the whole server. The kind of context
// says what a command may touch; that of keys is the data plane's, where the commands on keys are.

import ClusterCore
import DataPlane

/// For a command whose reply follows from its arguments alone.
struct WordContext: CommandContext {
    fileprivate let frame: CommandFrame
    var request: RequestSource { frame.request }
    var reply: ReplyWriter { frame.reply }
}

/// For a command that changes its own connection; keys are there to be watched.
struct ConnectionContext: CommandContext {
    fileprivate let frame: CommandFrame
    let client: Client
    var request: RequestSource { frame.request }
    var reply: ReplyWriter { frame.reply }
    var store: MemoryStore { frame.store }
}

/// For a command that asks or changes the server.
struct ServerContext: CommandContext {
    let frame: CommandFrame
    let client: Client
    let node: Node
    var request: RequestSource { frame.request }
    var reply: ReplyWriter { frame.reply }
    var store: MemoryStore { frame.store }
}

/// What runs a command, and what it may touch.
enum CommandHandler: Sendable {
    case words(@Sendable (WordContext) -> CommandResult)
    case keys(@Sendable (KeyContext) -> CommandResult)
    case connection(@Sendable (ConnectionContext) -> CommandResult)
    case server(@Sendable (ServerContext) -> CommandResult)

    @inline(__always)
    func run(_ frame: CommandFrame, _ client: Client, _ node: Node) -> CommandResult {
        switch self {
        case .words(let body): body(WordContext(frame: frame))
        case .keys(let body): body(KeyContext(frame))
        case .connection(let body): body(ConnectionContext(frame: frame, client: client))
        case .server(let body): body(ServerContext(frame: frame, client: client, node: node))
        }
    }
}

// MARK: - Replies

extension CommandContext {
    /// A reply in the form that the rules give theirs.
    func answer(_ answer: AdminReply) -> CommandResult {
        if case .error(let text) = answer { return .error(text) }
        reply.write(answer)
        return .replied
    }

    // MARK: - Errors about subcommands

    /// A wrong number of arguments, for subcommands that check it themselves in the reference.
    func wrongWords(of container: String) -> CommandResult {
        .error(
            "ERR unknown subcommand or wrong number of arguments for '\(text(1))'. "
                + "Try \(container.uppercased()) HELP.")
    }

    /// There is no such subcommand of this container.
    func unknownSubcommand(of container: String) -> CommandResult {
        let word = String(decoding: bytes(1).prefix(128), as: UTF8.self)
        return .error("ERR unknown subcommand '\(word)'. Try \(container.uppercased()) HELP.")
    }
}
