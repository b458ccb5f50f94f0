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

    /// Takes a word out of what other processes can see of this one's arguments: `secret`, alone or behind
    /// a "=". Where the system does not let that be done, nothing happens.
    package static func hideArgument(_ secret: String) {
        #if os(Linux)
            let wanted = Array(secret.utf8)
            guard !wanted.isEmpty, let area = argumentArea() else { return }
            // The system reads the arguments from here whenever somebody asks for them.
            guard
                let first = unsafe UnsafeMutableRawPointer(bitPattern: area.lowerBound)
            else { return }
            let bytes = unsafe UnsafeMutableRawBufferPointer(start: first, count: area.count)
            var start = 0
            for end in bytes.indices where unsafe bytes[end] == 0 {
                let place = end - wanted.count
                let isWord =
                    unsafe place == start
                    || place > start && bytes[place - 1] == UInt8(ascii: "=")
                if isWord, unsafe bytes[place..<end].elementsEqual(wanted) {
                    for index in place..<end { unsafe bytes[index] = UInt8(ascii: "x") }
                }
                start = end + 1
            }
        #endif
    }

    #if os(Linux)
        /// Where the words lie that the process was started with.
        private static func argumentArea() -> Range<UInt>? {
            guard let text = try? File.readText("/proc/self/stat", limitBytes: 4096),
                let name = text.lastIndex(of: ")")
            else { return nil }
            // Behind the name of the program, which may have spaces, comes field 3; these are 48 and 49.
            let fields = text[name...].split(separator: " ").dropFirst()
            guard fields.count > 46, let first = UInt(fields[fields.startIndex + 45]),
                let end = UInt(fields[fields.startIndex + 46]), first > 0, first < end
            else { return nil }
            return first..<end
        }
    #endif

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
