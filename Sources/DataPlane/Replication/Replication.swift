// A server's part in replication: whom it follows, and who follows it. Bytes and times come in; what has to be done
// with connections is taken out of it. It decides when to connect, what may continue and what needs a copy, and
// whether what is held can stand for the master's. Both ends of a link are in MasterLink and ReplicaFeed.

import Determinism

/// Replication of one server.
package final class Replication {
    package var settings: ReplicationSettings {
        didSet { store.log.backlogSize = settings.backlogBytes }
    }
    let store: MemoryStore
    var following: Following?
    package private(set) var feeds: [ReplicaFeed] = []
    private var actions: [ReplicationAction] = []
    private var pingAt: Int64 = .min
    private var lonelySince: Int64?
    private var asked = AskedCopies()
    /// Replicas that are none any more, and how far they were.
    private var gone: [(master: MasterAddress, acknowledged: Int)] = []
    package private(set) var figures = ReplicationFigures()
    /// What is held was read from a file that a replica wrote: it is a copy, as old as the file.
    private var isRestored = false
    /// An acknowledgement is wanted of all replicas.
    private var isAckWanted = false

    package init(_ store: MemoryStore, _ settings: ReplicationSettings) {
        self.store = store
        self.settings = settings
        store.log.backlogSize = settings.backlogBytes
    }

    package var log: ReplicationLog { store.log }

    /// What has to be done since the last call.
    package func takeActions() -> [ReplicationAction] {
        defer { actions = [] }
        return actions
    }

    package var hasActions: Bool { !actions.isEmpty }

    func want(_ action: ReplicationAction) { actions.append(action) }
    func note(_ note: ReplicationNote.OfReplica) { actions.append(.note(.replica(note))) }
    private func note(_ note: ReplicationNote.OfMaster) { actions.append(.note(.master(note))) }
    func count(_ change: (inout ReplicationFigures) -> Void) { change(&figures) }

    /// Keys were read from a file that belongs to this place of a history: a replica asks to go on from there, and
    /// replicas of a master may.
    package func restore(_ id: ReplicationID, at offset: Int, asReplica: Bool) {
        guard id != .none else { return }
        log.adopt(id, at: offset)
        if asReplica { isRestored = true } else { log.promote() }
    }

    // MARK: - Whom to follow

    /// Follow this master; nil: this server is a master.
    /// - Parameters:
    ///   - hasMoved: it is the server that is followed already, which is reached elsewhere now.
    ///   - now: monotonic milliseconds, as everywhere here.
    package func follow(_ master: MasterAddress?, hasMoved: Bool = false, at now: Int64) {
        guard let master else { return becomeMaster() }
        guard following?.master != master else { return }
        if hasMoved, following != nil { return moveLink(to: master, at: now) }
        let wasMaster = following == nil && !isRestored
        lonelySince = nil
        endFeeds()
        let confirmed = gone.last { $0.master.isPlace(of: master) }.map(\.acknowledged)
        if following?.link != nil { want(.disconnect) }
        following = Following(
            master, wasMaster: wasMaster, confirmedThere: wasMaster ? confirmed : nil, at: now)
        // Reads may be answered from it; how old it is nobody knows, so that it stands for no election.
        following?.hasCopy = isRestored
        isRestored = false
        store.becomeReplica()
    }

    private func becomeMaster() {
        guard let old = following else { return }
        if old.link != nil { want(.disconnect) }
        following = nil
        lonelySince = nil
        endFeeds()
        // Only a copy of the master's keys is worth going on from.
        if old.hasCopy { store.log.promote() } else { store.log.deactivate() }
    }

    /// Replicas have to ask again: the history has another name from here on.
    func endFeeds() {
        for feed in feeds {
            end(feed)
            want(.close(feed.number))
        }
        feeds = []
        keepNeeded()
    }

    /// A replica is none any more: what it had confirmed is remembered, in case it is promoted.
    private func end(_ feed: ReplicaFeed) {
        feed.end()
        let address = MasterAddress(host: feed.address, port: feed.announcement.port)
        gone.removeAll { $0.master == address }
        if gone.count == Self.mostGone { gone.removeFirst() }
        gone.append((address, feed.acknowledged))
    }

    private static let mostGone = 64

    // MARK: - Replicas

    /// A connection asks to be a replica, by `PSYNC <id> <offset>`, or by SYNC where both are nil.
    /// - Returns: the error that it is told; nil: it is a replica now, and its bytes are lent by its feed.
    package func addReplica(
        _ number: UInt32, _ announcement: ReplicaAnnouncement, peer: String, id: [UInt8]?,
        offset: Int64?, at now: Int64
    ) -> String? {
        if let following, !following.isUp {
            return "NOMASTERLINK Can't SYNC while not connected with my master"
        }
        let feed = ReplicaFeed(number, announcement, peer: peer, at: now)
        feeds.append(feed)
        lonelySince = nil
        if let id = id.flatMap({ ReplicationID($0) }), let offset,
            let next = Int(exactly: offset), store.log.canContinue(id, at: next)
        {
            count { $0.continued += 1 }
            feed.say(
                Array(
                    (announcement.continuesByID ? "+CONTINUE \(log.id)\r\n" : "+CONTINUE\r\n").utf8)
            )
            feed.follow(from: next)
            keepNeeded()
            note(.replicaContinues(name(feed), bytes: log.offset - next + 1))
            return nil
        }
        if id.map({ $0 != [UInt8(ascii: "?")] }) ?? false { count { $0.refused += 1 } }
        let delay = asked.delay(for: name(feed), at: now)
        feed.wait(until: now + delay)
        feed.answersWithLine = id != nil
        if delay > 0 { note(.replicaWaits(name(feed), milliseconds: delay)) }
        beginCopies(at: now)
        return nil
    }

    /// As the log names it.
    private func name(_ feed: ReplicaFeed) -> String {
        "\(ReplicationError.shown(feed.address.utf8)):\(feed.announcement.port)"
    }

    private func beginCopies(at now: Int64) {
        for feed in feeds {
            guard let time = feed.waitsUntil else { continue }
            guard now >= time else {
                feed.keepAlive(at: now)
                continue
            }
            store.log.activate()
            store.log.selectAgain()
            let pace = CopyPace(delay: settings.copies.keyDelay, at: now)
            let sender = CopySender(store.beginCopy(), pace)
            if feed.answersWithLine {
                feed.say(Array("+FULLRESYNC \(log.id) \(log.offset)\r\n".utf8))
            }
            feed.say(Array("$\(sender.length)\r\n".utf8))
            feed.begin(sender, then: log.offset + 1, at: now)
            asked.began(for: name(feed), at: now)
            count { $0.copies += 1 }
            note(.replicaCopies(name(feed), keys: sender.keyCount, bytes: sender.length))
        }
        keepNeeded()
    }

    package func feed(_ number: UInt32) -> ReplicaFeed? { feeds.first { $0.number == number } }

    /// A replica says `REPLCONF ACK <offset>`.
    package func acknowledged(_ number: UInt32, offset: Int64, at now: Int64) {
        guard let feed = feed(number), let offset = Int(exactly: offset) else { return }
        feed.acknowledged(min(offset, log.offset), at: now)
    }

    /// Something came from a replica.
    package func heard(_ number: UInt32, at now: Int64) { feed(number)?.heard(at: now) }

    /// Bytes were sent to replicas: what all have may be let go.
    package func keepNeeded() {
        let oldest = feeds.compactMap(\.cursor).min()
        store.log.keep(from: oldest ?? .max)
    }

    /// The connection of a replica is closed.
    package func replicaClosed(_ number: UInt32) {
        guard let index = feeds.firstIndex(where: { $0.number == number }) else { return }
        let feed = feeds.remove(at: index)
        end(feed)
        note(.replicaGone(name(feed)))
        keepNeeded()
    }

    // MARK: - Who has what

    /// How many replicas have said that they applied the stream up to this offset.
    package func confirmations(of offset: Int) -> Int {
        feeds.reduce(0) { $0 + ($1.hasConfirmed(offset) ? 1 : 0) }
    }

    /// Asks all replicas how far they are; once, however often this is called before `settle`.
    package func askForConfirmation() { isAckWanted = true }

    /// The end of a wake-up: what is to be put into the stream once for all.
    package func settle() {
        guard isAckWanted else { return }
        isAckWanted = false
        // While writes are held for a failover, nothing may be added.
        guard !store.isHeld, following == nil else { return }
        log.append(service: ["REPLCONF", "GETACK", "*"])
    }

    /// Whether as many replicas follow as a write asks for; of a replica nothing is asked. Silence counts in
    /// whole seconds, since replicas speak once a second.
    package func takesWrites(at now: Int64) -> Bool {
        let wanted = settings.writeCondition
        guard wanted.replicas > 0, wanted.longestSilence > 0, following == nil else { return true }
        return goodReplicas(within: wanted.longestSilence + 999, at: now) >= wanted.replicas
    }

    /// Replicas that answered within this time.
    package func goodReplicas(within time: Int64, at now: Int64) -> Int {
        feeds.reduce(0) { $0 + ($1.state == .online && now - $1.heardAt <= time ? 1 : 0) }
    }

    // MARK: - Time

    /// Ten times a second.
    package func tick(at now: Int64) {
        tickFollowing(at: now)
        beginCopies(at: now)
        for feed in feeds { feed.keepPace(at: now) }
        checkFeeds(at: now)
        if following == nil { pingReplicas(at: now) }
    }

    private func pingReplicas(at now: Int64) {
        if feeds.isEmpty {
            guard log.isActive, settings.backlogTime > 0 else { return }
            let since = lonelySince ?? now
            lonelySince = since
            if now - since >= settings.backlogTime { log.deactivate() }
            return
        }
        guard now >= pingAt, !store.isHeld else { return }
        pingAt = now + settings.pingPeriod
        log.append(service: ["PING"])
    }

    private func checkFeeds(at now: Int64) {
        for feed in feeds {
            // What was changed since its copy began is kept for it alone, as the stream is.
            let behind = (feed.cursor.map { log.offset - $0 + 1 } ?? 0) + feed.copyHeldBytes
            let isOverSoft = settings.softLimitBytes > 0 && behind > settings.softLimitBytes
            feed.behindSince = isOverSoft ? feed.behindSince ?? now : nil
            let isTooLong = feed.behindSince.map { now - $0 >= settings.softTime } ?? false
            if settings.hardLimitBytes > 0 && behind > settings.hardLimitBytes || isTooLong {
                note(.replicaBehind(name(feed), bytes: behind))
                cut(feed)
            } else if feed.isHeardFrom, now - feed.heardAt > settings.timeout {
                note(.replicaSilent(name(feed)))
                cut(feed)
            }
        }
    }

    private func cut(_ feed: ReplicaFeed) {
        end(feed)
        feeds.removeAll { $0 === feed }
        want(.close(feed.number))
        keepNeeded()
    }
}

/// What was counted since the start.
package struct ReplicationFigures: Sendable {
    /// Copies that were given.
    package var copies = 0
    /// Replicas that went on where they were, and that asked for that in vain.
    package var continued = 0
    package var refused = 0
}

/// Who asked for a copy lately: one that asks again and again waits longer each time.
struct AskedCopies {
    private struct Asker {
        var name: String
        var at: Int64
        var count: Int
    }
    private var askers: [Asker] = []

    private static let most = 64
    /// After so many milliseconds without a copy, one who asks is new.
    private static let memory: Int64 = 60_000
    private static let longestDelay: Int64 = 30_000

    /// How long this one has to wait.
    func delay(for name: String, at now: Int64) -> Int64 {
        guard let asker = askers.first(where: { $0.name == name }), now - asker.at < Self.memory
        else { return 0 }
        return min(Self.longestDelay, 500 << min(asker.count, 8)) - min(now - asker.at, 500)
    }

    mutating func began(for name: String, at now: Int64) {
        if let index = askers.firstIndex(where: { $0.name == name }) {
            let isNew = now - askers[index].at >= Self.memory
            askers[index].count = isNew ? 1 : askers[index].count + 1
            askers[index].at = now
            return
        }
        if askers.count == Self.most { askers.removeFirst() }
        askers.append(Asker(name: name, at: now, count: 1))
    }
}
