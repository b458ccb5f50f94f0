// Keys on their way to another node: what it is sent, what its replies mean, which keys are its own from then on, and
// which error is answered. Sockets, clocks and the store are given to it by whoever runs it; keys must not change
// meanwhile, and what happens to them all the same is found out when they are taken away.

/// One MIGRATE, from its keys to its outcome.
package struct Migration: Sendable {
    package let request: MigrateRequest
    package let keys: [MovedKey]
    private var link: Link
    private var stream: MigrationStream
    private var lines = StatusLines()
    private var progress: Progress
    /// Keys that the target has, by their places.
    private var confirmed: [Int] = []
    private var firstError: MigrateError?
    package private(set) var outcome: Outcome?

    /// What it goes over.
    private struct Link {
        var isFresh: Bool
        var isConnected: Bool
        /// Replies that come before those of keys.
        var greetings: Int
        var replies = 0
        /// A greeting was refused: no key is the target's, whatever it says.
        var isUnwelcome = false
    }

    /// Since when nothing happened.
    private struct Progress {
        var at: Int64
        /// Bytes that left since.
        var bytes = 0
    }

    package struct Outcome: Sendable {
        package let error: MigrateError?
        /// Keys that are the target's now, by their places.
        package let confirmed: [Int]
        /// Whether the socket can be used again; nil: it has to be closed. Otherwise the database that it stands in, or
        /// none that is known.
        package let socket: Socket?

        package enum Socket: Equatable, Sendable {
            case standsIn(Int64)
            case unknownDatabase
        }
    }

    /// What follows from a socket that failed.
    package enum Failure: Equatable, Sendable {
        /// It was an old one: once more over a fresh one.
        case retry
        /// There is an outcome.
        case over
    }

    /// - Parameters:
    ///   - database: where a socket stands that was used before; nil: it is fresh.
    ///   - isFresh: whether it is still to be connected.
    ///   - now: monotonic milliseconds.
    package init(
        _ request: MigrateRequest, _ keys: [MovedKey], isFresh: Bool, database: Int64? = nil,
        at now: Int64
    ) {
        self.request = request
        self.keys = keys
        var greeting: [[[UInt8]]] = []
        if !request.login.isEmpty { greeting.append(request.login) }
        if isFresh || database != request.database {
            greeting.append([Word.choose, Word.number(request.database)])
        }
        link = Link(isFresh: isFresh, isConnected: !isFresh, greetings: greeting.count)
        stream = MigrationStream(greeting: greeting, replaces: request.replaces)
        progress = Progress(at: now)
    }

    // MARK: - Writing

    /// The socket is connected.
    package mutating func connected(at now: Int64) {
        link.isConnected = true
        progress = Progress(at: now)
    }

    package var isConnected: Bool { link.isConnected }
    package var hasMoreToWrite: Bool { outcome == nil && !stream.isEnded(keys) }

    /// Lends what is to be written next.
    /// - Parameter wall: milliseconds.
    package mutating func lend<Result>(
        wall: Int64, _ body: (Span<UInt8>) -> Result
    ) -> Result { stream.lend(keys, wall: wall, body) }

    /// So many bytes of that have left.
    package mutating func wrote(_ count: Int, at now: Int64) {
        stream.wrote(count)
        progress.bytes += count
        // Bytes by the drop are no progress: a target that takes them so would keep keys for ever.
        if progress.bytes >= MigrationStream.pieceBytes || stream.isEnded(keys) {
            progress = Progress(at: now)
        }
        endIfAnswered()
    }

    // MARK: - Reading

    /// What the target says.
    package mutating func received(_ bytes: Span<UInt8>, at now: Int64) {
        guard outcome == nil else { return }
        lines.feed(bytes)
        do throws(StatusLines.Garbage) {
            while outcome == nil, let line = try lines.next() {
                if !hasMoreToWrite { progress = Progress(at: now) }
                guard take(line) else { return end(.reading) }
                endIfAnswered()
            }
        } catch { end(.reading) }
    }

    /// - Returns: whether anything was asked to which this is a reply.
    private mutating func take(_ line: StatusLines.Line) -> Bool {
        let place = link.replies - link.greetings
        guard place < stream.sent.count else { return false }
        link.replies += 1
        switch line {
        case .status: if place >= 0 && !link.isUnwelcome { confirmed.append(stream.sent[place]) }
        case .error(let text):
            if place < 0 { link.isUnwelcome = true }
            if firstError == nil { firstError = .target(text) }
        }
        return true
    }

    private mutating func endIfAnswered() {
        guard outcome == nil, stream.isEnded(keys),
            link.replies == link.greetings + stream.sent.count
        else { return }
        // Words that nobody asked for would be taken for the reply to the next question.
        let isClean = !lines.hasRest
        outcome = Outcome(
            error: firstError, confirmed: confirmed,
            socket: !isClean
                ? nil : firstError == nil ? .standsIn(request.database) : .unknownDatabase)
    }

    // MARK: - Failing

    /// The socket broke, or was closed by the other end.
    package mutating func broke() -> Failure {
        guard outcome == nil else { return .over }
        if !link.isFresh && link.replies == 0 && !lines.hasRest { return .retry }
        end(stream.isEnded(keys) ? .reading : .writing)
        return .over
    }

    /// There is no way to the target.
    package mutating func cannotConnect() { end(.connecting) }

    /// When it is over unless something happens.
    package var deadline: Int64 { progress.at + request.timeout }

    /// Ends it if its time is over.
    package mutating func check(at now: Int64) {
        guard outcome == nil, now >= deadline else { return }
        end(!link.isConnected ? .connecting : stream.isEnded(keys) ? .reading : .writing)
    }

    private mutating func end(_ error: MigrateError) {
        guard outcome == nil else { return }
        outcome = Outcome(error: firstError ?? error, confirmed: confirmed, socket: nil)
    }
}

/// Why keys did not get there, or not all.
package enum MigrateError: Error, Equatable, Sendable {
    case connecting, writing, reading
    /// The target refused something.
    case target(String)

    /// In the reference's words.
    package var text: String {
        switch self {
        case .connecting: "IOERR error or timeout connecting to the client"
        case .writing: "IOERR error or timeout writing to target instance"
        case .reading: "IOERR error or timeout reading to target instance"
        case .target(let text): "ERR Target instance replied with error: \(text)"
        }
    }
}

extension MemoryStore {
    /// The keys among these that are there, as they are now.
    package func keysToMove(_ names: [[UInt8]]) -> [MovedKey] {
        names.compactMap { name in
            find(name.span).map { number in
                MovedKey(key: name, value: value(number), expiry: expiry(number))
            }
        }
    }

    /// Takes away what the target has, unless it is another's by now, and tells replicas of it as one command.
    package func removeMoved(_ outcome: Migration.Outcome, of keys: [MovedKey]) {
        var gone: [[UInt8]] = []
        for place in outcome.confirmed {
            let key = keys[place]
            if removeMoved(key.key.span, value: key.value, expiry: key.expiry) {
                gone.append(key.key)
            }
        }
        if !gone.isEmpty { log.append([Word.del] + gone) }
    }
}
