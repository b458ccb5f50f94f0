// What only a whole program does: end with a status, ignore broken pipes, open what a user named.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The running program.
package enum Program {
    /// Ends the process with this status.
    package static func leave(_ status: Int32) -> Never { exit(status) }

    /// Begins again in the place of this process: the same program, the same words, the same number.
    /// Descriptors other than the standard streams are closed by it.
    /// - Returns: why not; otherwise not at all.
    package static func startAgain() -> SystemError {
        do throws(SystemError) {
            let path = try File.ownExecutable()
            let words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
            _ = unsafe execv(path, words)
            return .last("execv", about: path)
        } catch {
            return error
        }
    }

    /// Lets a write to a closed pipe fail instead of ending the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    /// Lets SIGTERM pass by, as a process that hangs does.
    package static func ignoreTermination() { _ = signal(SIGTERM, SIG_IGN) }

    /// Opens a file for reading, or takes standard input for "-".
    package static func openForReading(_ path: String) throws(SystemError) -> Descriptor {
        if path == "-" { return Descriptor(owning: 0) }
        return try File.open(path, O_RDONLY | O_CLOEXEC)
    }
}

extension SystemError {
    /// Whether a reader has gone.
    package var isBrokenPipe: Bool { code == EPIPE }
}
