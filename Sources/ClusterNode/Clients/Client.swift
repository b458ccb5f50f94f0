// One connection of a client: its requests in pieces, its replies in order, what it chose (a name, where it
// reads), its transaction, and when it was last heard. What its commands mean is in Commands.

import ClusterCore
import DataPlane
import RESP
import SystemIO

/// A client.
final class Client {
    let id: ClientID
    let token: UInt64
    let origin: ClientOrigin
    let requests = RequestSource()
    let replies = ReplyBuffer()
    /// What its commands are given.
    let frame: CommandFrame
    var session = ClientSession()
    var transaction = ClientTransaction()
    var turn = ClientTurn()
    private(set) var activity: ClientActivity
    var lastCommand: CommandSpec?
    private var stream: ByteStream?

    init(
        _ id: ClientID, token: UInt64, socket: consuming Socket, origin: ClientOrigin,
        store: MemoryStore
    ) {
        frame = CommandFrame(requests, replies.writer, store, mayPause: true)
        self.id = id
        self.token = token
        self.origin = origin
        activity = ClientActivity(at: origin.connectedAt)
        stream = ByteStream(socket)
    }

    var descriptor: Int32? { stream?.descriptor }

    /// Reads once into a buffer that all connections share, and feeds the parser.
    func read(into buffer: inout [UInt8]) -> StreamOutcome {
        guard let outcome = stream?.read(into: &buffer) else { return .closed }
        if case .bytes(let count) = outcome {
            activity.receivedBytes &+= UInt64(count)
            requests.feed(buffer.span.extracting(first: count))
        }
        return outcome
    }

    /// Writes what may be written.
    /// - Returns: how many bytes were written when none is left of those, else why some are.
    func flush(at wall: Int64) -> StreamOutcome {
        var total = 0
        while let written = replies.lendReady({ stream?.write($0) }) {
            guard let outcome = written else { return .closed }
            guard case .bytes(let count) = outcome else { return outcome }
            replies.wrote(count)
            total += count
            activity.sentBytes &+= UInt64(count)
            activity.lastTaken = wall
        }
        replies.dropWritten()
        return .bytes(total)
    }

    var isReplica: Bool { session.isReplica }

    /// Writes what a replica has not been sent, as long as it takes it.
    /// - Returns: `bytes` when it has all, or as much as one wake-up gives it.
    func flush(_ feed: ReplicaFeed, _ log: ReplicationLog, at now: Int64) -> StreamOutcome {
        var total = 0
        let end = SystemClock.monotonicNanoseconds() + Self.feedTime
        while total < Self.feedShare, total == 0 || SystemClock.monotonicNanoseconds() < end,
            let written = feed.lend(log, { stream?.write($0) })
        {
            guard let outcome = written else { return .closed }
            guard case .bytes(let count) = outcome else { return outcome }
            feed.sent(count, at: now)
            total += count
            activity.sentBytes &+= UInt64(count)
        }
        return .bytes(total)
    }

    /// Bytes that one replica is given in one wake-up, and nanoseconds for it: to put a copy together takes longer
    /// than to send a stream, and nobody else is served meanwhile.
    private static let feedShare = 2 << 20
    private static let feedTime: Int64 = 1_000_000

    /// A request changed something: replicas have it when they have applied the stream up to here.
    func wrote(upTo offset: Int) { activity.writtenOffset = offset }

    /// A request came.
    func asked(at wall: Int64) { activity.lastActive = wall }

    /// Hands over how many bytes moved since the last time.
    func count(into statistics: NodeStatistics) {
        statistics.total.readBytes &+= activity.receivedBytes
        statistics.total.writtenBytes &+= activity.sentBytes
        activity.receivedBytes = 0
        activity.sentBytes = 0
    }

    /// What it may send follows from the settings and from whether it is logged in.
    func takeLimits(_ options: NodeOptions) {
        var limits = options.requestLimits
        limits.isUnauthenticated = options.asksForPassword && !session.isLoggedIn
        requests.limits = limits
    }

    func close() {
        stream = nil
        replies.drop()
    }
}

/// Where and when a connection began.
struct ClientOrigin {
    /// The ends of the connection, as "address:port".
    let peer: String
    let local: String
    /// The address of the other end without its port.
    let host: String
    /// Wall milliseconds.
    let connectedAt: Int64

    /// How it is connected; an IPv4 address in the form of IPv6 is one of IPv4.
    var family: AddressFamily {
        host.utf8.contains(UInt8(ascii: ":")) && !host.lowercased().hasPrefix("::ffff:")
            ? .ipv6 : .ipv4
    }
}

/// What a client chose for its connection.
struct ClientSession {
    var name = ""
    var libraryName = ""
    var libraryVersion = ""
    var isNoEvict = false
    var isNoTouch = false
    /// Reads may be answered by a replica.
    var isReadOnly = false
    /// The next command may use slots that are on their way here.
    var isAsking = false
    /// What it said of itself as a replica, before it is one.
    var announcement = ReplicaAnnouncement()
    /// It is sent the stream by its feed, and no replies.
    var isReplica = false
    /// What the table of subscriptions has of it.
    var subscriptions = SubscriptionCounts()
    /// Since when more waits for it than the soft limit of subscribers; wall milliseconds.
    var overLimitSince: Int64?

    /// It said the password, or came when there was none.
    var isLoggedIn = true

    /// As for a new connection, but for the names of the library: its subscriptions have ended.
    mutating func reset(isLoggedIn: Bool) {
        self = ClientSession(
            libraryName: libraryName, libraryVersion: libraryVersion, isLoggedIn: isLoggedIn)
    }
}

/// Where a client stands in the node's loop.
struct ClientTurn {
    /// What is ready for it, while it waits for its turn.
    var ready: PollEvent?
    /// What the poller watches it for.
    var interest = Interest.read
    /// Its last turn ended because its time was over.
    var usedItsTime = false
    /// Requests were left unread because replies wait, or because its time was over.
    var hasRequests = false
    /// What its request waits for, to be run again or to be answered.
    var pause: CommandPause?
    var isWaiting: Bool { pause != nil }
    /// Replies are to be written at the end of the wake-up.
    var isDirty = false
    /// The connection ends once its replies are written.
    var isLeaving = false
}

/// When a client was last heard, and bytes that moved and are not counted by the node yet.
struct ClientActivity {
    /// Wall milliseconds of its last request.
    var lastActive: Int64
    /// Wall milliseconds at which it last took bytes of a reply.
    var lastTaken: Int64
    /// The offset of the stream behind its last write.
    var writtenOffset = 0
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0

    init(at wall: Int64) {
        lastActive = wall
        lastTaken = wall
    }
}
