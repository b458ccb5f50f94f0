// Keys on their way to other nodes, whoever asked for it: their connections, which are kept for a while to be used
// again, the keys that nobody may touch meanwhile, and the end of each move. Nothing here waits: the loop goes on, and
// each move gets a piece of each wake-up.

import ClusterCore
import DataPlane
import SystemIO

/// The moves of a node, and its connections to targets.
final class Moves {
    private var links: [UInt64: MoveLink] = [:]
    private var active: [UInt64: Move] = [:]
    /// Those with an outcome, in the order in which they came to it.
    private var ended: [Move] = []
    /// Keys that are on their way, with how many moves have each.
    private var held: [[UInt8]: Int] = [:]
    private var nextToken: UInt64 = 0
    /// Moves ended since those who wait for their keys were looked at.
    var haveFreed = false

    /// Marks the tokens of targets.
    static let tokenBit: UInt64 = 1 << 60
    /// The most connections, and so the most moves at once.
    static let linkLimit = 64
    /// Milliseconds that a connection is kept without being used.
    static let keptMilliseconds: Int64 = 10_000
    /// Milliseconds that all moves may take of one wake-up, beyond a piece for the first.
    private static let share: Int64 = 8
    /// Bytes that a move may write before the next one has its turn.
    private static let turnBytes = 1 << 20

    /// Open connections to targets, in use or kept.
    var linkCount: Int { links.count }
    /// Whether keys are on their way.
    var areHolding: Bool { !held.isEmpty }
    var haveRoom: Bool { active.count + ended.count < Self.linkLimit }

    /// Whether some have an outcome that is still to be told.
    var haveEnded: Bool { !ended.isEmpty }

    func holds(_ key: [UInt8]) -> Bool { held[key] != nil }

    // MARK: - Beginning

    /// Begins to move keys; the client waits for `Clients.answer`.
    func begin(
        _ request: MigrateRequest, _ keys: [MovedKey], for client: ClientID, _ node: Node
    ) {
        for key in keys { held[key.key, default: 0] += 1 }
        let target = MoveTarget(host: request.host, port: request.port)
        let now = node.wake.monotonic
        let kept = links.values.filter { $0.target == target && active[$0.token] == nil }
            .max { $0.usedAt < $1.usedAt }
        let migration = Migration(
            request, keys, isFresh: kept == nil, database: kept?.database, at: now)
        let move = Move(migration, link: kept, for: client)
        guard let kept else { return connect(move, node) }
        active[kept.token] = move
        kept.watch([.read, .write], on: node.loop)
    }

    private func connect(_ move: Move, _ node: Node) {
        let request = move.migration.request
        let target = MoveTarget(host: request.host, port: request.port)
        guard let address = target.address else {
            // A port that is none is one at which nobody listens.
            let isHost = SocketAddress.isLiteral(String(decoding: request.host, as: UTF8.self))
            if isHost { _ = move.migration.broke() } else { move.migration.cannotConnect() }
            return ended.append(move)
        }
        makeRoom()
        nextToken &+= 1
        let token = Self.tokenBit | nextToken
        do throws(SystemError) {
            guard node.hasRoomForLink else { throw SystemError(code: 24, call: "connect") }
            let link = MoveLink(
                token: token, target: target, socket: try Socket.connect(to: address),
                at: node.wake.monotonic)
            guard let descriptor = link.descriptor else { return }
            try node.loop.register(descriptor, token: token, interest: [.read, .write])
            links[token] = link
            active[token] = move
            move.link = link
        } catch {
            move.migration.cannotConnect()
            ended.append(move)
        }
    }

    /// One connection more fits: those that were not used for longest go.
    private func makeRoom() {
        while links.count >= Self.linkLimit {
            let idle = links.values.filter { active[$0.token] == nil }
            guard let oldest = idle.min(by: { $0.usedAt < $1.usedAt }) else { return }
            close(oldest)
        }
    }

    private func close(_ link: MoveLink) {
        link.close()
        links[link.token] = nil
    }

    // MARK: - The loop

    /// Something is ready at targets: each gets a piece of the wake-up, as long as there is time.
    func handle(_ events: [PollEvent], _ node: Node) {
        let end = SystemClock.monotonicMilliseconds() + Self.share
        for event in events where event.token >> 60 == 1 {
            handle(event, node)
            // What is left over is ready in the next wake-up as well.
            if SystemClock.monotonicMilliseconds() >= end { return }
        }
    }

    private func handle(_ event: PollEvent, _ node: Node) {
        guard let link = links[event.token] else { return }
        guard let move = active[event.token] else {
            // A kept one has nothing to say: its other end closed it, or forgot whom it talks to.
            return close(link)
        }
        if !move.migration.isConnected {
            guard link.isConnected else { return broke(move, link, node) }
            move.migration.connected(at: node.wake.monotonic)
        }
        if event.isReadable && !read(move, link, node) { return broke(move, link, node) }
        if move.migration.outcome == nil, event.isWritable, !write(move, link, node) {
            return broke(move, link, node)
        }
        settle(move, link, node)
    }

    /// - Returns: whether the connection stands.
    private func read(_ move: Move, _ link: MoveLink, _ node: Node) -> Bool {
        let now = node.wake.monotonic
        let outcome = link.read(into: &node.loop.readBuffer) {
            move.migration.received($0, at: now)
        }
        return outcome != .closed
    }

    private func write(_ move: Move, _ link: MoveLink, _ node: Node) -> Bool {
        var total = 0
        while move.migration.hasMoreToWrite && total < Self.turnBytes {
            switch move.migration.lend(wall: node.now.wall, { link.write($0) }) {
            case .closed: return false
            case .waits: return true
            case .bytes(let count):
                move.migration.wrote(count, at: node.wake.monotonic)
                total += count
            }
        }
        return true
    }

    /// The connection is of no more use.
    private func broke(_ move: Move, _ link: MoveLink, _ node: Node) {
        active[link.token] = nil
        close(link)
        move.link = nil
        switch move.migration.broke() {
        case .retry:
            move.migration = Migration(
                move.migration.request, move.migration.keys, isFresh: true,
                at: node.wake.monotonic)
            connect(move, node)
        case .over: ended.append(move)
        }
    }

    private func settle(_ move: Move, _ link: MoveLink, _ node: Node) {
        guard let outcome = move.migration.outcome else {
            return link.watch(
                move.migration.hasMoreToWrite ? [.read, .write] : .read, on: node.loop)
        }
        active[link.token] = nil
        move.link = nil
        ended.append(move)
        guard let socket = outcome.socket else { return close(link) }
        link.usedAt = node.wake.monotonic
        switch socket {
        case .standsIn(let database): link.database = database
        case .unknownDatabase: link.database = nil
        }
        // It is watched, so that it is not used any more once its other end has closed it.
        link.watch(.read, on: node.loop)
    }

    // MARK: - Ending

    /// Each tick: ends what took too long, and lets go of connections that nobody uses.
    func check(_ node: Node) {
        guard !links.isEmpty else { return }
        let now = node.wake.monotonic
        for (token, link) in links {
            if let move = active[token] {
                move.migration.check(at: now)
                if move.migration.outcome != nil { settle(move, link, node) }
            } else if now - link.usedAt >= Self.keptMilliseconds {
                close(link)
            }
        }
    }

    /// The end of a wake-up: keys that are the target's now go, and who asked is answered; unless nothing may change,
    /// which is waited for.
    func finish(_ node: Node) {
        guard !ended.isEmpty, !node.areWritesHeld else { return }
        let moves = ended
        ended = []
        haveFreed = true
        for move in moves {
            for key in move.migration.keys {
                let count = held[key.key] ?? 0
                held[key.key] = count > 1 ? count - 1 : nil
            }
            node.clients.answer(move.client, conclude(move, node), node)
        }
        if node.store.hasDisturbed { node.disturbClients() }
    }

    private func conclude(_ move: Move, _ node: Node) -> CommandResult {
        guard let outcome = move.migration.outcome else { return .error("ERR nothing came of it") }
        // What a replica holds is its master's affair, even if it was sent away while this node was one.
        guard node.routes.takesWrites(node) else {
            return .error(
                "UNBLOCKED force unblock from blocking operation, "
                    + "instance state changed (master -> replica?)")
        }
        if !move.migration.request.isCopy {
            node.store.removeMoved(outcome, of: move.migration.keys)
        }
        if let error = outcome.error { return .error(error.text) }
        return .replied
    }
}
