// A connection to a node that keys are moved to: its stream, and what it is used for. Which keys, and what the
// target's words mean, is for the data plane's Migration.

import ClusterCore
import DataPlane
import SystemIO

/// A node that keys are moved to, as commands name it.
struct MoveTarget: Hashable {
    let host: [UInt8]
    let port: [UInt8]

    /// Where it is; nil for what is no literal address: names would have to be asked for over the network.
    var address: SocketAddress? {
        guard let number = UInt16(String(decoding: port, as: UTF8.self)) else { return nil }
        let name = String(decoding: host, as: UTF8.self)
        return SocketAddress(ip: name == "localhost" ? "127.0.0.1" : name, port: number)
    }
}

/// A connection to a target, in use or kept for a while.
final class MoveLink {
    let token: UInt64
    let target: MoveTarget
    private var stream: ByteStream?
    /// The database that it stands in, as far as it is known.
    var database: Int64?
    /// Monotonic milliseconds at which it was used last.
    var usedAt: Int64
    private var interest: Interest

    init(
        token: UInt64, target: MoveTarget, socket: consuming Socket, at now: Int64
    ) {
        self.token = token
        self.target = target
        stream = ByteStream(socket)
        usedAt = now
        interest = [.read, .write]
    }

    var descriptor: Int32? { stream?.descriptor }

    func close() { stream = nil }

    /// What became of the attempt to connect.
    var isConnected: Bool { stream?.connectionError() == nil && stream != nil }

    /// Reads once into a buffer that all connections share, and lends what came.
    func read(into buffer: inout [UInt8], _ body: (Span<UInt8>) -> Void) -> StreamOutcome {
        let outcome = stream?.read(into: &buffer) ?? .closed
        if case .bytes(let count) = outcome { body(buffer.span.extracting(first: count)) }
        return outcome
    }

    func write(_ bytes: Span<UInt8>) -> StreamOutcome { stream?.write(bytes) ?? .closed }

    /// Watches for what comes next.
    func watch(_ wanted: Interest, on loop: PollSet) {
        guard interest != wanted, let descriptor else { return }
        interest = wanted
        try? loop.modify(descriptor, token: token, interest: wanted)
    }
}

/// Keys on their way: the migration, its connection, and who asked for it.
final class Move {
    var migration: Migration
    /// nil once it is over, or while there is no way to the target.
    var link: MoveLink?
    let client: ClientID

    init(_ migration: Migration, link: MoveLink?, for client: ClientID) {
        self.migration = migration
        self.link = link
        self.client = client
    }
}
