// What every call to the operating system has in common: an interrupted call is made again, a call
// that would block is named as such, and a descriptor of our own that is not open ends the process,
// since whatever it named belongs to somebody else by now. Also the owner of a descriptor.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// What reading or writing without waiting led to.
package enum IOResult: Equatable, Sendable {
    /// So many bytes were moved, at least one unless none were asked for.
    case bytes(Int)
    /// Nothing could be moved now.
    case wouldBlock
    /// The other side has closed: nothing will come, or nothing more can be sent.
    case closed
    /// The connection or file is broken.
    case failed(SystemError)
}

/// Makes a call again as long as a signal interrupts it.
@inline(__always)
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result == -1 && errno == EINTR { continue }
        return result
    }
}

/// Names the outcome of a read or write that answered `count`, for a call of that name.
@inline(__always)
func outcome(_ count: Int, _ call: StaticString) -> IOResult {
    if count > 0 { return .bytes(count) }
    return uncommonOutcome(count, call)
}

private func uncommonOutcome(_ count: Int, _ call: StaticString) -> IOResult {
    if count == 0 { return .closed }
    let code = errno
    precondition(code != EBADF && code != EFAULT, "\(call) on a descriptor that is not ours")
    switch code {
    case EAGAIN, EWOULDBLOCK: return .wouldBlock
    case ECONNRESET, EPIPE: return .closed
    default: return .failed(SystemError(code: code, call: "\(call)"))
    }
}

/// The sole owner of a descriptor, which closes it when it goes.
package struct Descriptor: ~Copyable, Sendable {
    /// The number that the system knows it by.
    package let number: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning number: Int32) {
        precondition(number >= 0, "a descriptor cannot be \(number)")
        self.number = number
    }

    deinit { _ = close(number) }

    /// Reads what is there into the front of `buffer`, whose length limits the count.
    package borrowing func read(into buffer: inout [UInt8]) -> IOResult {
        if buffer.isEmpty { return .bytes(0) }
        let number = self.number
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            retrying { unsafe systemRead(number, bytes.baseAddress, bytes.count) }
        }
        return outcome(count, "read")
    }

    /// Writes a part of the bytes, as many as fit.
    package borrowing func write(_ bytes: Span<UInt8>) -> IOResult {
        if bytes.isEmpty { return .bytes(0) }
        let number = self.number
        let count = unsafe bytes.withUnsafeBufferPointer { bytes in
            retrying { unsafe systemWrite(number, bytes.baseAddress, bytes.count) }
        }
        return outcome(count, "write")
    }

    /// Writes all of the bytes, waiting where the descriptor does.
    package borrowing func writeAll(_ bytes: [UInt8], about: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            switch write(bytes.span.extracting(written...)) {
            case .bytes(let count): written += count
            case .closed: throw SystemError(code: EPIPE, call: "write", about: about)
            case .wouldBlock:
                waitFor(number, POLLOUT, milliseconds: -1)
            case .failed(let error):
                throw SystemError(code: error.code, call: error.call, about: about)
            }
        }
    }
}

// The names below are those of methods above, too.
@inline(__always)
private func systemRead(_ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(number, bytes, count)
}

@inline(__always)
private func systemWrite(_ number: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int {
    unsafe write(number, bytes, count)
}

/// Waits until a descriptor is ready for `events` of poll(2), or has failed, or the time is over.
/// - Returns: whether it is ready or has failed.
@discardableResult
func waitFor(_ number: Int32, _ events: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: number, events: Int16(truncatingIfNeeded: events), revents: 0)
    let count = unsafe poll(&entry, 1, milliseconds)
    return count > 0
}

/// Makes a pipe whose ends close when another program is started.
func makePipe(nonBlocking: Bool) throws(SystemError) -> (reading: Int32, writing: Int32) {
    var reading: Int32 = -1
    var writing: Int32 = -1
    #if canImport(Darwin)
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .last("pipe") }
        reading = ends[0]
        writing = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            if nonBlocking { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        }
    #else
        let failure = unsafe clinux_pipe(&reading, &writing, nonBlocking ? 1 : 0)
        guard failure == 0 else { throw SystemError(code: -failure, call: "pipe") }
    #endif
    return (reading, writing)
}
