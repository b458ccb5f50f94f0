// Bytes in order between two ends, as a loop sees them that never waits: links of the bus and clients
// read and write through this and nothing else. Today a plain socket is behind it; a stream that
// encrypts would be the second. What waits to be written, and when a loop gives up, is for the callers.

/// What became of reading or writing.
package enum StreamOutcome: Equatable, Sendable {
    /// So many bytes were moved, at least one unless none were asked for.
    case bytes(Int)
    /// Nothing can be moved before the descriptor is ready in this way. It need not be the way that was
    /// asked for: a stream that encrypts may have to write before it can go on reading.
    case waits(for: Interest)
    /// Nothing will be moved any more: the other end closed it, or it broke.
    case closed
}

/// The sole owner of a connection, which closes it when it goes.
package struct ByteStream: ~Copyable, Sendable {
    private let socket: Socket

    /// The bytes as they are on the socket.
    package init(_ socket: consuming Socket) { self.socket = socket }

    /// The number that a poller registers.
    package var descriptor: Int32 { socket.descriptor }

    /// Reads what is there into the front of `buffer`, whose length limits the count.
    package borrowing func read(into buffer: inout [UInt8]) -> StreamOutcome {
        Self.outcome(socket.read(into: &buffer), of: .read)
    }

    /// Writes a part of the bytes, as many as are taken now.
    package borrowing func write(_ bytes: Span<UInt8>) -> StreamOutcome {
        Self.outcome(socket.write(bytes), of: .write)
    }

    /// Writes the chunks one after the other, as much as is taken now.
    /// - Parameter skipped: bytes of the first chunk that were written before.
    package borrowing func write(
        gathering chunks: ArraySlice<[UInt8]>, skipping skipped: Int
    ) -> StreamOutcome {
        Self.outcome(socket.write(gathering: chunks, skipping: skipped), of: .write)
    }

    /// Writes what waits in a queue, in as few calls as possible.
    /// - Returns: how many bytes were written when none is left, else why some are.
    package borrowing func flush(_ queue: inout ChunkQueue) -> StreamOutcome {
        var total = 0
        while !queue.chunks.isEmpty {
            let outcome = write(gathering: queue.chunks[...], skipping: queue.written)
            guard case .bytes(let count) = outcome else { return outcome }
            queue.drop(count)
            total += count
        }
        return .bytes(total)
    }

    /// What became of a connection attempt: nil when it is open, else why it failed.
    package borrowing func connectionError() -> SystemError? { socket.connectionError() }

    /// Our end of the connection.
    package borrowing func localAddress() -> SocketAddress? { socket.localAddress() }

    /// The other end of the connection; nil when it is gone.
    package borrowing func peerAddress() -> SocketAddress? { socket.peerAddress() }

    @inline(__always)
    private static func outcome(_ result: IOResult, of call: Interest) -> StreamOutcome {
        switch result {
        case .bytes(let count): .bytes(count)
        case .wouldBlock: .waits(for: call)
        case .closed, .failed: .closed
        }
    }
}

/// Chunks of bytes that wait to be written, first come, first served. An empty queue holds no memory.
package struct ChunkQueue: Sendable {
    fileprivate private(set) var chunks: [[UInt8]] = []
    /// Bytes of the first chunk that are written already.
    fileprivate private(set) var written = 0
    /// Bytes that wait.
    package private(set) var byteCount = 0

    package init() {}

    package mutating func append(_ chunk: [UInt8]) {
        byteCount += chunk.count
        chunks.append(chunk)
    }

    fileprivate mutating func drop(_ count: Int) {
        byteCount -= count
        var left = count + written
        var done = 0
        while done < chunks.count && left >= chunks[done].count {
            left -= chunks[done].count
            done += 1
        }
        written = left
        if done == chunks.count { chunks = [] } else { chunks.removeFirst(done) }
    }
}
