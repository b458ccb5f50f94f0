// Output of the program: gathered and written at once; a reader that has gone is told apart from a
// full disk, because the first ends a command quietly and the second is an error.

import RESP
import SystemIO
import Text

/// One line on standard error, with the name of the command in front; what it holds is escaped.
func complain(_ command: String, _ text: String) {
    var errors = Output(.errors)
    errors.bytes.append(contentsOf: "grapevine \(command): \(PrintableText.line(text))\n".utf8)
    _ = errors.flush()
}

/// Bytes for a stream, gathered until they are worth a write.
struct Output: ~Copyable {
    var bytes: [UInt8] = []
    private let stream: StandardStream
    /// Why nothing more can be written, once that is so.
    private(set) var failure: SystemError?

    /// More bytes than this are written without being asked for.
    private static let worthWriting = 128 << 10

    init(_ stream: StandardStream = .output) { self.stream = stream }

    /// Whether the reader has gone.
    var isClosed: Bool { failure?.isBrokenPipe ?? false }

    /// Writes what there is when it is much.
    /// - Returns: whether writing still works.
    mutating func flushIfLarge() -> Bool {
        bytes.count < Self.worthWriting ? failure == nil : flush()
    }

    /// Writes all that there is.
    /// - Returns: whether writing still works.
    mutating func flush() -> Bool {
        guard failure == nil else { return false }
        do throws(SystemError) {
            try stream.writeAll(bytes)
        } catch {
            failure = error
        }
        bytes.removeAll(keepingCapacity: true)
        return failure == nil
    }
}

extension [UInt8] {
    /// Adds lines with their ends; what names and texts of others hold is escaped.
    mutating func addLines(_ lines: [String]) {
        for line in lines {
            append(contentsOf: PrintableText.line(line).utf8)
            append(0x0A)
        }
    }
}

extension StandardStream {
    /// Writes lines with their ends; what names and texts of others hold is escaped.
    func writeLines(_ lines: [String]) {
        var bytes: [UInt8] = []
        bytes.addLines(lines)
        write(bytes)
    }
}
