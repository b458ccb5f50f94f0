// A connection for tools and tests, which ask one thing at a time and wait for the answer, but never
// longer than they said. What the bytes mean is known to the callers.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The sole owner of a connection whose calls wait, each with a limit.
package struct BlockingConnection: ~Copyable, Sendable {
    private let socket: Socket
    private let address: SocketAddress

    /// Connects.
    /// - Throws: `isTimeout` when it takes longer, `isConnectionRefused` when nobody listens.
    package init(
        to address: SocketAddress, from source: SocketAddress? = nil, timeoutMilliseconds: Int
    ) throws(SystemError) {
        let socket = try Socket.connect(to: address, from: source)
        guard
            waitFor(
                socket.descriptor, Int32(POLLOUT),
                milliseconds: Int32(clamping: timeoutMilliseconds))
        else { throw .timeout("connect", about: "\(address)") }
        if let error = socket.connectionError() {
            throw SystemError(code: error.code, call: "connect", about: "\(address)")
        }
        self.socket = socket
        self.address = address
    }

    /// Our end.
    package var localAddress: SocketAddress? { socket.localAddress() }

    /// Writes all of the bytes.
    /// - Throws: `isTimeout` when they are not taken in time, `isConnectionLost` when the other side
    ///   has closed.
    package borrowing func write(
        _ bytes: [UInt8], timeoutMilliseconds: Int
    ) throws(SystemError) {
        let end = SystemClock.monotonicMilliseconds() + Int64(timeoutMilliseconds)
        var written = 0
        while written < bytes.count {
            switch socket.write(bytes.span.extracting(written...)) {
            case .bytes(let count): written += count
            case .wouldBlock: try wait(Int32(POLLOUT), until: end, "write")
            case .closed: throw SystemError(code: EPIPE, call: "write", about: "\(address)")
            case .failed(let error): throw named(error)
            }
        }
    }

    /// Reads some bytes, as soon as there are any.
    /// - Returns: none when the other side has closed.
    /// - Throws: `isTimeout` when nothing comes in time.
    package borrowing func read(timeoutMilliseconds: Int) throws(SystemError) -> [UInt8] {
        let end = SystemClock.monotonicMilliseconds() + Int64(timeoutMilliseconds)
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            switch socket.read(into: &bytes) {
            case .bytes(let count): return Array(bytes.prefix(count))
            case .wouldBlock: try wait(Int32(POLLIN), until: end, "read")
            case .closed: return []
            case .failed(let error): throw named(error)
            }
        }
    }

    /// Ends the sending side.
    package borrowing func shutDownWriting() { socket.shutDownWriting() }

    private borrowing func wait(
        _ events: Int32, until end: Int64, _ call: String
    ) throws(SystemError) {
        let left = max(0, end - SystemClock.monotonicMilliseconds())
        guard waitFor(socket.descriptor, events, milliseconds: Int32(clamping: left)) else {
            throw .timeout(call, about: "\(address)")
        }
    }

    private borrowing func named(_ error: SystemError) -> SystemError {
        SystemError(code: error.code, call: error.call, about: "\(address)")
    }
}
