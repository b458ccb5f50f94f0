// What a command is given and what it returns. The kind of context says what a command may touch: its
// arguments alone, the keys, its own connection, or the whole server. The result says whether it failed, so
// that nobody has to look for that in the reply.

import ClusterCore
import DataPlane
import RESP

/// What became of a command.
enum CommandResult {
    /// It has written its reply, or wants none.
    case replied
    /// It has written nothing: the error is its reply.
    case failed(CommandError)

    static func error(_ text: String) -> CommandResult { .failed(CommandError(text)) }
    static var notANumber: CommandResult {
        .error("ERR value is not an integer or out of range")
    }
    static var syntaxError: CommandResult { .error("ERR syntax error") }
}

/// Why a command failed.
struct CommandError {
    /// The code in capital letters, then a sentence.
    let text: String
    /// The save that must be in place before this is said, where the command changed something all the same.
    var save: Generation?

    init(_ text: String, after save: Generation? = nil) {
        self.text = text
        self.save = save
    }
}

/// What each command is given: the arguments of its request, and the buffer for its reply.
protocol CommandContext {
    var request: RequestSource { get }
    var reply: ReplyBuffer { get }
}

/// What all commands of one connection share. Each kind of context shows a part of it, and holds only this one
/// reference, so that making a context for each command costs next to nothing.
final class CommandFrame {
    let request: RequestSource
    fileprivate let reply: ReplyBuffer
    fileprivate let store: MemoryStore

    init(_ request: RequestSource, _ reply: ReplyBuffer, _ store: MemoryStore) {
        self.request = request
        self.reply = reply
        self.store = store
    }

    /// The same with requests from elsewhere.
    func with(_ request: RequestSource) -> CommandFrame { CommandFrame(request, reply, store) }
}

/// For a command whose reply follows from its arguments alone.
struct WordContext: CommandContext {
    fileprivate let frame: CommandFrame
    var request: RequestSource { frame.request }
    var reply: ReplyBuffer { frame.reply }
}

/// For a command that reads and changes keys.
struct KeyContext: CommandContext {
    fileprivate let frame: CommandFrame
    var request: RequestSource { frame.request }
    var reply: ReplyBuffer { frame.reply }
    var store: MemoryStore { frame.store }
}

/// For a command that changes its own connection; keys are there to be watched.
struct ConnectionContext: CommandContext {
    fileprivate let frame: CommandFrame
    let client: Client
    var request: RequestSource { frame.request }
    var reply: ReplyBuffer { frame.reply }
    var store: MemoryStore { frame.store }
}

/// For a command that asks or changes the server.
struct ServerContext: CommandContext {
    let frame: CommandFrame
    let client: Client
    let node: Node
    var request: RequestSource { frame.request }
    var reply: ReplyBuffer { frame.reply }
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
        case .keys(let body): body(KeyContext(frame: frame))
        case .connection(let body): body(ConnectionContext(frame: frame, client: client))
        case .server(let body): body(ServerContext(frame: frame, client: client, node: node))
        }
    }
}

// MARK: - The arguments of the request

extension CommandContext {
    /// How many arguments the request has, with the name of the command.
    var count: Int { request.count }
    func text(_ index: Int) -> String { request.text(index) }
    func option(_ index: Int) -> String { request.option(index) }
    func bytes(_ index: Int) -> [UInt8] { request.bytes(index) }
    func number(_ index: Int) -> Int64? { request.number(index) }

    /// Lends the bytes of an argument.
    @inline(__always)
    func withWord<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        request.parser.lendArgument(index, body)
    }
}

// MARK: - Replies of one piece

extension CommandContext {
    @inline(__always)
    func ok() -> CommandResult {
        reply.ok()
        return .replied
    }

    func null() -> CommandResult {
        reply.null()
        return .replied
    }

    func integer(_ number: Int64) -> CommandResult {
        reply.integer(number)
        return .replied
    }

    func simple(_ text: String) -> CommandResult {
        reply.simple(text)
        return .replied
    }

    func bulk(_ text: String) -> CommandResult {
        reply.bulk(text)
        return .replied
    }

    @inline(__always)
    func bulk(_ content: [UInt8]) -> CommandResult {
        reply.bulk(content)
        return .replied
    }

    /// Text for people.
    func verbatim(_ text: String) -> CommandResult {
        reply.text(text)
        return .replied
    }

    /// A reply in the form that the rules give theirs.
    func answer(_ answer: AdminReply) -> CommandResult {
        if case .error(let text) = answer { return .error(text) }
        reply.write(answer)
        return .replied
    }

    /// One of the arguments of the request.
    func bulk(word index: Int) -> CommandResult {
        withWord(index) { reply.bulk($0) }
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
