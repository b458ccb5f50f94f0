// All client connections: taken, read, answered and ended. A client that does not read its replies
// is not read from, and closed in the end; the loop never waits for one.

import ClusterCore
import DataPlane
import RESP
import SystemIO

/// The clients of a node.
final class Clients {
    /// Connections by their places; a place is used again.
    private var places: [Client?] = []
    private var freePlaces: [Int] = []
    private var byID: [ClientID: Client] = [:]
    private var nextID: UInt32 = 0
    private var dirty: [Client] = []
    /// Those whose request waits, to be run again or to be answered.
    var waiting = WaitingClients()
    /// Those with replies that wait for a save.
    private var holding: [Client] = []
    /// The newest save that is known to be in place.
    private var placed = Generation(0)
    private var queue = ClientQueue()
    /// What they subscribe to.
    var subscribers = Subscribers()
    /// What CLIENT PAUSE asked for.
    var pause = ClientPause()
    /// What they let go to other nodes.
    let moves = Moves()

    /// Marks the tokens of clients, so that they are told from others at a glance.
    static let tokenBit: UInt64 = 1 << 63
    /// Bytes of replies after which a client has to take some before its next request is looked at.
    static let outputPause = 1 << 20

    var count: Int { byID.count }
    var waitingCount: Int { waiting.clients.count }
    /// One of them goes on in the next wake-up.
    var haveLongWork: Bool { waiting.haveLongWork }
    subscript(id id: ClientID) -> Client? { byID[id] }

    /// What waits for clients, or came of requests that are not complete.
    var heldBytes: Int {
        byID.values.reduce(subscribers.table.heldBytes) {
            $0 + $1.replies.waitingBytes + $1.requests.bufferedBytes
        }
    }

    /// All of them, the oldest first.
    var all: [Client] { byID.values.sorted { $0.id.number < $1.id.number } }

    private func find(_ token: UInt64) -> Client? {
        let place = Int(token & 0xFFFF_FFFF)
        guard place < places.count, let client = places[place], client.token == token else {
            return nil
        }
        return client
    }

    // MARK: - Coming and going

    func accept(_ listener: Listener, _ node: Node) {
        guard listener.isOpen else { return }
        for _ in 0..<Listener.acceptsAtOnce {
            do throws(SystemError) {
                guard
                    let socket = try listener.socket.accept(
                        keepAliveSeconds: node.options.keepAliveSeconds)
                else { return }
                let peer = socket.peerAddress()
                if !node.hasRoomForClient {
                    reject(socket, Self.tooMany, node)
                } else if node.options.protectedMode && !node.options.asksForPassword
                    && peer?.isLoopback != true
                {
                    reject(socket, Self.denied, node)
                } else {
                    try add(socket, peer, node)
                }
            } catch {
                return node.close(listener, because: error)
            }
        }
    }

    private static let tooMany = "-ERR max number of clients reached\r\n"
    private static let denied =
        "-DENIED This node is in protected mode: it has no password, and talks to clients of its own "
        + "machine alone. If only those whom you trust can reach it, CONFIG SET protected-mode no "
        + "from there, or protected-mode no in its file, lets others in.\r\n"

    private func reject(_ socket: consuming Socket, _ words: String, _ node: Node) {
        _ = socket.write(Array(words.utf8).span)
        node.statistics.rejectedConnections &+= 1
    }

    private func add(
        _ socket: consuming Socket, _ peer: SocketAddress?, _ node: Node
    ) throws(SystemError) {
        let local = socket.localAddress()?.description ?? "?"
        nextID &+= 1
        let place = freePlaces.popLast() ?? places.count
        let client = Client(
            ClientID(nextID),
            token: Self.tokenBit | UInt64(nextID & 0x7FFF_FFFF) << 32
                | UInt64(place), socket: socket,
            origin: ClientOrigin(
                peer: peer?.description ?? "?", local: local, host: peer?.ip ?? "?",
                connectedAt: node.now.wall),
            store: node.store)
        client.session.isLoggedIn = !node.options.asksForPassword
        client.takeLimits(node.options)
        if place == places.count { places.append(client) } else { places[place] = client }
        byID[client.id] = client
        node.statistics.connections &+= 1
        guard let descriptor = client.descriptor else { return }
        do throws(SystemError) {
            try node.loop.register(descriptor, token: client.token, interest: .read)
        } catch {
            remove(client, node)
            throw error
        }
    }

    func remove(_ client: Client, _ node: Node) {
        guard byID.removeValue(forKey: client.id) != nil else { return }
        Transactions.abandon(client, node.store)
        if client.isReplica { node.replication.replicaClosed(client.id.number) }
        if !client.session.subscriptions.isEmpty {
            subscribers.table.removeAll(of: client.subscriber)
        }
        let place = Int(client.token & 0xFFFF_FFFF)
        places[place] = nil
        freePlaces.append(place)
        if client.turn.isWaiting { waiting.clients.removeAll { $0 === client } }
        client.frame.forgetWork()
        client.close()
    }

    // MARK: - Requests

    /// Whether somebody waits for a turn.
    var areReady: Bool { !queue.isEmpty }

    /// Something is ready for clients: each waits for its turn.
    func take(_ events: [PollEvent]) {
        for event in events where event.token & Self.tokenBit != 0 {
            if let client = find(event.token) { queue.add(event, for: client) }
        }
    }

    /// Gives turns until the time is over, and in any case one to those who ask for much.
    func run(until end: Int64, _ node: Node) {
        while SystemClock.monotonicMilliseconds() < end {
            guard let (client, event) = queue.next() else { return }
            handle(client, event, node)
        }
        if let (client, event) = queue.nextBusy() { handle(client, event, node) }
    }

    private func handle(_ client: Client, _ event: PollEvent, _ node: Node) {
        if client.turn.isWaiting {
            // Nothing is read from it meanwhile: what would be read is its end.
            if event.isReadable { remove(client, node) }
        } else if client.turn.hasRequests {
            // Its replies went out, at least in part.
            if event.isBroken { return remove(client, node) }
            if client.replies.waitingBytes <= Self.outputPause {
                node.statistics.startClock()
                takeRequests(client, node)
            }
            markDirty(client)
        } else {
            if event.isReadable { read(client, node) }
            if event.isWritable { markDirty(client) }
        }
    }

    private func read(_ client: Client, _ node: Node) {
        let outcome = client.read(into: &node.loop.readBuffer)
        client.count(into: node.statistics)
        switch outcome {
        case .closed: return remove(client, node)
        case .waits(let interest):
            return watch(client, client.turn.interest.union(interest), node)
        case .bytes: break
        }
        client.asked(at: node.wake.wall)
        if client.isReplica { node.replication.heard(client.id.number, at: node.wake.monotonic) }
        node.statistics.startClock()
        takeRequests(client, node)
    }

    /// Nanoseconds after which a client's further requests wait for their turn.
    static let share: Int64 = 5_000_000

    func takeRequests(_ client: Client, _ node: Node) {
        client.turn.hasRequests = false
        client.turn.usedItsTime = false
        let end = node.statistics.since + Self.share
        do throws(RESPError) {
            while !client.turn.isLeaving {
                guard client.replies.waitingBytes <= Self.outputPause, node.statistics.since < end
                else {
                    client.turn.hasRequests = true
                    client.turn.usedItsTime = client.replies.waitingBytes <= Self.outputPause
                    break
                }
                guard try client.requests.next() else { break }
                let began = node.statistics.since
                if let pause = Dispatch.run(client, node) {
                    wait(client, for: pause)
                    break
                }
                // What was refused or put aside took time as well.
                if node.statistics.since == began { node.statistics.startClock() }
            }
        } catch {
            client.replies.writer.update { RESPWriter.error(error, to: &$0) }
            client.turn.isLeaving = true
        }
        markDirty(client)
    }

    // MARK: - Replies

    func markDirty(_ client: Client) {
        guard !client.turn.isDirty else { return }
        client.turn.isDirty = true
        dirty.append(client)
    }

    /// What was answered from this place on is kept back until this save is in place.
    func hold(_ client: Client, from start: Int, until generation: Generation) {
        guard generation > placed, start < client.replies.count else { return }
        if client.replies.held.isEmpty { holding.append(client) }
        client.replies.held.add(start..<client.replies.count, until: generation)
    }

    /// A save is in place, and so are all before it.
    func placed(upTo generation: Generation) {
        placed = max(placed, generation)
        settleHeld { $0.replies.held.release(upTo: generation) }
    }

    /// A save failed: whoever waits for it is told so.
    func failed(upTo generation: Generation, because error: SystemError, _ node: Node) {
        settleHeld { client in
            let count = client.replies.fail(upTo: generation, because: error)
            for _ in 0..<count { node.statistics.countError("ERR") }
        }
    }

    private func settleHeld(_ change: (Client) -> Void) {
        guard !holding.isEmpty else { return }
        for client in holding where byID[client.id] === client {
            change(client)
            markDirty(client)
        }
        holding.removeAll { $0.replies.held.isEmpty || byID[$0.id] !== $0 }
    }

    /// Writes what waits, and watches for what each client does next.
    func flush(_ node: Node) {
        guard !dirty.isEmpty else { return }
        let flushed = dirty
        dirty.removeAll(keepingCapacity: true)
        for client in flushed {
            client.turn.isDirty = false
            guard client.descriptor != nil else { continue }
            // A replica reads the stream alone: whatever else was said to it would be taken for a part of that.
            if client.isReplica { client.replies.drop() }
            let outcome = client.flush(at: node.wake.wall)
            client.count(into: node.statistics)
            if case .bytes = outcome, client.isReplica {
                feed(client, node)
                continue
            }
            switch outcome {
            case .closed: remove(client, node)
            case .bytes
            where client.turn.isLeaving && !client.turn.isWaiting && client.replies.held.isEmpty:
                remove(client, node)
            case .bytes: watch(client, next(of: client), node)
            case .waits(let interest): watch(client, interest, node)
            }
        }
    }

    /// A replica gets what it has not been sent.
    private func feed(_ client: Client, _ node: Node) {
        guard let feed = node.replication.feed(client.id.number), !client.turn.isLeaving else {
            return remove(client, node)
        }
        let outcome = client.flush(feed, node.replication.log, at: node.wake.monotonic)
        client.count(into: node.statistics)
        node.replication.keepNeeded()
        switch outcome {
        case .closed: remove(client, node)
        case .waits(let more): watch(client, [.read, more], node)
        case .bytes:
            watch(client, feed.hasBytes(node.replication.log) ? [.read, .write] : .read, node)
        }
    }

    /// A replica is to be sent something.
    func markReplica(_ number: UInt32) {
        if let client = byID[ClientID(number)], !client.turn.interest.contains(.write) {
            markDirty(client)
        }
    }

    /// A replica is cut off.
    func closeReplica(_ number: UInt32, _ node: Node) {
        if let client = byID[ClientID(number)] { remove(client, node) }
    }

    /// What comes next of a client that took all that it may have: its requests; or those that were
    /// left unread, unless a save has to make room for their replies.
    private func next(of client: Client) -> Interest {
        guard client.turn.hasRequests else { return .read }
        return client.replies.waitingBytes > Self.outputPause ? [] : .write
    }

    private func watch(_ client: Client, _ interest: Interest, _ node: Node) {
        let interest =
            client.turn.isWaiting ? interest.intersection(.write).union(.end) : interest
        guard client.turn.interest != interest, let descriptor = client.descriptor else { return }
        client.turn.interest = interest
        try? node.loop.modify(descriptor, token: client.token, interest: interest)
    }

    // MARK: - Limits

    /// Settings changed: each client may send as much as they say now.
    func limitsChanged(_ node: Node) {
        for client in byID.values { client.takeLimits(node.options) }
    }

    /// Now and then: closes those who do not take their replies, and those who say nothing.
    func check(_ node: Node) {
        let wall = node.wake.wall
        for client in byID.values.sorted(by: { $0.id.number < $1.id.number }) {
            // Requests left unread wait for room as well, though no reply may be waiting.
            let isSubscriber = !client.session.subscriptions.isEmpty
            if isSubscriber && closeOverLimit(client, node) { continue }
            let isStuck =
                !client.isReplica
                && (client.turn.hasRequests && client.replies.held.isEmpty
                    || !isSubscriber
                        && client.replies.waitingBytes > node.options.outputLimitBytes)
                && wall - client.activity.lastTaken > node.options.outputPatience
            if isStuck {
                node.statistics.closedForOutput &+= 1
                node.log.refuse("client", "Closed a client that does not read its replies")
                remove(client, node)
            } else if let timeout = node.options.clientTimeout, !client.turn.isWaiting,
                !client.isReplica, !isSubscriber, client.replies.held.isEmpty,
                wall - client.activity.lastActive > timeout * 1000
            {
                remove(client, node)
            }
        }
    }
}
