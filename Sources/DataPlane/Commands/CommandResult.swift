// What becomes of a command. The result says whether it failed, so that nobody has to look for that in
// the reply. Which errors may keep a reply waiting for a save is for whoever runs the commands.

/// What became of a command.
package enum CommandResult {
    /// It has written its reply, or wants none.
    case replied
    /// It has written nothing: the error is its reply.
    case failed(CommandError)
    /// It has written its reply itself, which is this error.
    case wroteError(CommandError)
    /// It has replied nothing yet.
    case unfinished(CommandPause)

    package static func error(_ text: String) -> CommandResult { .failed(CommandError(text)) }
    package static var notANumber: CommandResult { .failed(.notANumber) }
    static var valueTooLong: CommandResult {
        .error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    }
    package static var syntaxError: CommandResult { .error("ERR syntax error") }
}

/// What a request waits for that is not done yet. It stays where it is, and so does all that came behind it.
package enum CommandPause: Sendable {
    /// The next wake-up, in which it is run again; how far it got is in its frame.
    case nextTurn
    /// Changes are held, and it would change something.
    case changes
    /// Another node is being sent a key of it, or there is no room to send it more.
    case moves
    /// Whoever took it over, and will give its reply.
    case answer
}

/// Why a command failed.
package struct CommandError: Error {
    /// The code in capital letters, then a sentence.
    package let text: String

    package init(_ text: String) { self.text = text }

    static let notANumber = CommandError("ERR value is not an integer or out of range")
}
