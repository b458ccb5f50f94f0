// The three standard streams and the end of the process: what only a program does, not a library.
// Output is gathered and written at once; a reader that has gone is told apart from a full disk.

import SystemIO

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Ends the process with this status.
func leave(_ status: Int32) -> Never { exit(status) }

/// Lets a write to a closed pipe fail instead of ending the process.
func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

/// Opens a file for reading, or takes standard input for "-".
func openForReading(_ path: String) throws(SystemError) -> Descriptor {
    if path == "-" { return Descriptor(owning: 0) }
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw SystemError(code: errno, call: "open", about: path) }
    return Descriptor(owning: number)
}

/// One line on standard error, with the name of the command in front.
func complain(_ command: String, _ text: String) {
    var errors = Output(descriptor: 2)
    errors.bytes.append(contentsOf: "grapevine \(command): \(text)\n".utf8)
    _ = errors.flush()
}

/// Bytes for a stream, gathered until they are worth a write.
struct Output: ~Copyable {
    var bytes: [UInt8] = []
    private let descriptor: Int32
    /// Why nothing more can be written, once that is so.
    private(set) var failure: SystemError?

    /// More bytes than this are written without being asked for.
    private static let worthWriting = 128 << 10

    init(descriptor: Int32 = 1) { self.descriptor = descriptor }

    /// Whether the reader has gone.
    var isClosed: Bool { failure?.code == EPIPE }

    /// Writes what there is when it is much.
    /// - Returns: whether writing still works.
    mutating func flushIfLarge() -> Bool {
        bytes.count < Self.worthWriting ? failure == nil : flush()
    }

    /// Writes all that there is.
    /// - Returns: whether writing still works.
    mutating func flush() -> Bool {
        guard failure == nil else { return false }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe write(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                SystemClock.sleep(milliseconds: 1)
            } else if errno != EINTR {
                failure = SystemError(code: errno, call: "write", about: "standard output")
                break
            }
        }
        bytes.removeAll(keepingCapacity: true)
        return failure == nil
    }
}
