// TCP sockets that never wait: listening, accepting, connecting, reading, writing. What a loop does
// when nothing can be moved, how much it buffers and when it gives up is decided elsewhere. A write
// to a connection that is gone is an answer here, never a signal.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// The sole owner of a TCP socket, which closes it when it goes.
package struct Socket: ~Copyable, Sendable {
    private let owner: Descriptor

    /// The number that a poller registers.
    package var descriptor: Int32 { owner.number }

    init(owning descriptor: Int32) { owner = Descriptor(owning: descriptor) }

    /// Reads what is there into the front of `buffer`, whose length limits the count.
    package borrowing func read(into buffer: inout [UInt8]) -> IOResult {
        owner.read(into: &buffer)
    }

    /// Writes a part of the bytes, as many as the system takes now.
    package borrowing func write(_ bytes: Span<UInt8>) -> IOResult {
        if bytes.isEmpty { return .bytes(0) }
        let number = descriptor
        let count = unsafe bytes.withUnsafeBufferPointer { bytes in
            retrying { unsafe send(number, bytes.baseAddress, bytes.count, noSignal) }
        }
        return outcome(count, "send")
    }

    /// Writes the chunks one after the other with one call, as much as the system takes now.
    ///
    /// At most `largestGather` chunks are looked at; the count says where to go on.
    /// - Parameter skipped: bytes of the first chunk that were written before.
    package borrowing func write(
        gathering chunks: ArraySlice<[UInt8]>, skipping skipped: Int
    ) -> IOResult {
        if chunks.isEmpty { return .bytes(0) }
        let number = descriptor
        let count = unsafe withUnsafeTemporaryAllocation(
            of: iovec.self, capacity: largestGather
        ) { vectors in
            unsafe gather(chunks, skipped, vectors, 0) { count in
                var message = unsafe msghdr()
                unsafe message.msg_iov = vectors.baseAddress
                unsafe message.msg_iovlen = numericCast(count)
                return retrying { unsafe sendmsg(number, &message, noSignal) }
            }
        }
        return outcome(count, "sendmsg")
    }

    /// Ends the sending side: the other side reads what was sent, then the end.
    package borrowing func shutDownWriting() {
        #if canImport(Darwin)
            _ = shutdown(descriptor, SHUT_WR)
        #else
            _ = shutdown(descriptor, Int32(SHUT_WR))
        #endif
    }

    /// What became of a connection attempt: nil when it is open, else why it failed.
    package borrowing func connectionError() -> SystemError? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) != 0 { code = errno }
        return code == 0 ? nil : SystemError(code: code, call: "connect")
    }

    /// Our end of the connection, or where we listen.
    package borrowing func localAddress() -> SocketAddress? {
        let number = descriptor
        return unsafe SocketAddress.filled { unsafe getsockname(number, $0, $1) }
    }

    /// The other end of the connection; nil when it is gone.
    package borrowing func peerAddress() -> SocketAddress? {
        let number = descriptor
        return unsafe SocketAddress.filled { unsafe getpeername(number, $0, $1) }
    }
}

/// The most chunks that one gathering write looks at.
private let largestGather = 16

#if canImport(Darwin)
    private let noSignal: Int32 = 0
#else
    private let noSignal = Int32(MSG_NOSIGNAL)
#endif

/// Lends the addresses of the chunks to `body`, each for as long as the call lasts.
private func gather(
    _ chunks: ArraySlice<[UInt8]>, _ skipped: Int, _ vectors: UnsafeMutableBufferPointer<iovec>,
    _ count: Int, _ body: (Int) -> Int
) -> Int {
    guard let first = chunks.first, count < vectors.count else { return body(count) }
    return unsafe first.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(mutating: bytes).dropFirst(skipped)
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: rest)
        unsafe vectors[count] = iovec(iov_base: part.baseAddress, iov_len: part.count)
        return unsafe gather(chunks.dropFirst(), 0, vectors, count + 1, body)
    }
}

// MARK: - Making sockets

extension Socket {
    /// Listens at a literal address; an IPv6 address takes IPv6 alone.
    /// - Parameter backlog: how many connections may wait for `accept`.
    package static func listen(
        at address: SocketAddress, backlog: Int32 = 511
    ) throws(SystemError) -> Socket {
        let socket = try open(address)
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        if address.isIPv6 { socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        try socket.bind(to: address)
        guard systemListen(socket.descriptor, backlog) == 0 else {
            throw .last("listen", about: "\(address)")
        }
        return socket
    }

    /// Takes one waiting connection, set up as `configure` does.
    /// - Returns: nil when none waits.
    /// - Throws: when the system has no descriptor or memory left; the connection goes on waiting.
    package borrowing func accept(keepAliveSeconds: Int32 = 0) throws(SystemError) -> Socket? {
        while true {
            let number = acceptOne(descriptor)
            if number >= 0 {
                let socket = Socket(owning: number)
                socket.configure(keepAliveSeconds: keepAliveSeconds)
                return socket
            }
            switch -number {
            case EAGAIN, EWOULDBLOCK: return nil
            // A connection that ended while it waited says nothing about the next one.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                continue
            default: throw SystemError(code: -number, call: "accept")
            }
        }
    }

    /// Begins to connect. It is open, or has failed, once it is writable: `connectionError` tells.
    /// - Parameter source: the address to come from; its port is 0 for any.
    package static func connect(
        to address: SocketAddress, from source: SocketAddress? = nil, keepAliveSeconds: Int32 = 0
    ) throws(SystemError) -> Socket {
        let socket = try open(address)
        socket.configure(keepAliveSeconds: keepAliveSeconds)
        if let source {
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
            try socket.bind(to: source)
        }
        let number = socket.descriptor
        let result = unsafe address.withSystemForm { unsafe systemConnect(number, $0, $1) }
        // An interrupted attempt goes on, like one in progress.
        if result != 0 && errno != EINPROGRESS && errno != EINTR {
            throw .last("connect", about: "\(address)")
        }
        return socket
    }

    /// Sends small messages at once; asks a silent peer for a sign of life after the interval, three
    /// times before giving up. 0 leaves the asking out.
    private borrowing func configure(keepAliveSeconds: Int32) {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        #if canImport(Darwin)
            set(SOL_SOCKET, SO_NOSIGPIPE, 1)
        #endif
        guard keepAliveSeconds > 0 else { return }
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        #if canImport(Darwin)
            set(Int32(IPPROTO_TCP), TCP_KEEPALIVE, keepAliveSeconds)
        #else
            set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, keepAliveSeconds)
        #endif
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, max(1, keepAliveSeconds / 3))
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }

    private borrowing func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        let length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, level, option, &value, length)
    }

    private borrowing func bind(to address: SocketAddress) throws(SystemError) {
        let number = descriptor
        let result = unsafe address.withSystemForm { unsafe systemBind(number, $0, $1) }
        guard result == 0 else { throw .last("bind", about: "\(address)") }
    }

    private static func open(_ address: SocketAddress) throws(SystemError) -> Socket {
        #if canImport(Darwin)
            let number = socket(address.family, SOCK_STREAM, 0)
            guard number >= 0 else { throw .last("socket", about: "\(address)") }
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            _ = fcntl(number, F_SETFL, O_NONBLOCK)
        #else
            let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
            let number = socket(address.family, Int32(kind), 0)
            guard number >= 0 else { throw .last("socket", about: "\(address)") }
        #endif
        return Socket(owning: number)
    }
}

// The names below are those of methods above, too.
private func systemListen(_ number: Int32, _ backlog: Int32) -> Int32 { listen(number, backlog) }

private func systemBind(
    _ number: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
) -> Int32 {
    unsafe bind(number, address, length)
}

private func systemConnect(
    _ number: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
) -> Int32 {
    unsafe connect(number, address, length)
}

/// - Returns: a descriptor, or an errno with its sign turned.
private func acceptOne(_ listener: Int32) -> Int32 {
    #if canImport(Darwin)
        let number = unsafe accept(listener, nil, nil)
        if number < 0 { return -errno }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        return number
    #else
        return clinux_accept(listener)
    #endif
}
