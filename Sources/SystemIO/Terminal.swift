// Standard input, output and errors of a tool, in its own time: these calls wait. What is printed and
// in which colours is decided by the command line.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The three descriptors that a process begins with.
package enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case errors = 2

    /// Whether a person may be at the other end.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The number of columns of a terminal; nil when it is none.
    package var columns: Int? {
        var size = winsize()
        guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// Writes all of the bytes.
    /// - Returns: whether they went out; false once nobody reads any more.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        do throws(SystemError) {
            try writeAll(bytes)
            return true
        } catch {
            return false
        }
    }

    /// Writes all of the bytes.
    /// - Throws: `isBrokenPipe` once nobody reads any more.
    package func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                return retrying { unsafe systemWrite(rawValue, rest.baseAddress, rest.count) }
            }
            if count < 0 && errno == EAGAIN {
                waitFor(rawValue, Int32(POLLOUT), milliseconds: -1)
            } else if count <= 0 {
                throw .last("write", about: "standard stream \(rawValue)")
            } else {
                written += count
            }
        }
    }

    /// Writes the text.
    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Reads a part of what comes, waiting for it.
    /// - Returns: the bytes; none at the end.
    package func read(atMost limit: Int = 64 * 1024) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { bytes in
                retrying { unsafe systemRead(rawValue, bytes.baseAddress, bytes.count) }
            }
            if count >= 0 { return Array(bytes.prefix(count)) }
            guard errno == EAGAIN else { throw .last("read", about: "standard input") }
            waitFor(rawValue, Int32(POLLIN), milliseconds: -1)
        }
    }
}

// The names below are those of methods above, too.
private func systemRead(_ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(number, bytes, count)
}

private func systemWrite(_ number: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(number, bytes, count)
}
