// A server as a replica: connecting and trying again, what the link's events do to keys and log, and whether what is
// held is the master's. Keys that are there stay until a whole copy takes their place.

import Determinism

/// The master that is followed, and how far that got.
struct Following {
    var master: MasterAddress
    var link: MasterLink?
    var retryAt: Int64
    /// What is held is a copy of this master's keys.
    var hasCopy = false
    /// When the master was last heard on a link that stood, if there was one.
    var copyHeardAt: Int64?
    /// When the link went down.
    var downSince: Int64
    /// Why it is not followed any more.
    var stoppedBecause: ReplicationError?
    /// This server was a master before, and the new one had said it had its stream up to here.
    let wasMaster: Bool
    let confirmedThere: Int?
    var copyBeganAt: Int64 = 0
    /// What the master said in place of its stream.
    var putOff: String?
    /// When the master is told something again.
    var sayAt: Int64 = .min

    init(_ master: MasterAddress, wasMaster: Bool, confirmedThere: Int?, at now: Int64) {
        self.master = master
        self.wasMaster = wasMaster
        self.confirmedThere = confirmedThere
        retryAt = now
        downSince = now
    }

    var isUp: Bool { link?.state == .following }
}

extension Replication {
    /// Milliseconds between two attempts.
    private static let retryPeriod: Int64 = 1000
    /// The same after a link that stood: nothing tells that the next one would not.
    private static let renewalPeriod: Int64 = 200
    /// Milliseconds between two words to the master.
    private static let sayPeriod: Int64 = 1000

    // MARK: - What is known of the copy

    /// Whether reads of this replica can be answered from what it holds.
    package var holdsCopy: Bool { following?.hasCopy ?? false }

    /// Whether the link to the master is down and nothing may be read meanwhile.
    package var refusesReads: Bool {
        guard let following, !settings.servesStale else { return false }
        return !following.isUp
    }

    /// As a replica: milliseconds since what is held was last known to be the master's; nil when it is not.
    package func copyAge(at now: Int64) -> Int64? {
        guard let following, following.hasCopy, let heard = following.copyHeardAt else {
            return nil
        }
        return max(0, now - heard)
    }

    package var linkState: LinkState? { following?.link?.state }
    package var master: MasterAddress? { following?.master }
    package var stoppedBecause: ReplicationError? { following?.stoppedBecause }
    /// Bytes of a copy that came, and that are still to come where that is known.
    package var copyProgress: (received: Int, missing: Int?)? { following?.link?.copyProgress }
    /// Keys of a copy that have come so far.
    package var loadedKeyCount: Int? { following?.link?.loadingStore?.count }
    package func linkDownTime(at now: Int64) -> Int64? {
        following.flatMap { $0.isUp ? nil : now - $0.downSince }
    }
    package func linkSilence(at now: Int64) -> Int64? {
        following?.link.flatMap { $0.state == .following ? now - $0.heardAt : nil }
    }

    // MARK: - Time

    func tickFollowing(at now: Int64) {
        guard let following, following.stoppedBecause == nil else { return }
        guard let link = following.link else {
            if now >= following.retryAt { connect(at: now) }
            return
        }
        if now - link.heardAt > settings.timeout {
            return fail(.silent(milliseconds: now - link.heardAt), at: now)
        }
        guard now >= following.sayAt else { return }
        switch link.state {
        case .connecting, .handshake: return
        case .copying: want(.send([UInt8(ascii: "\n")]))
        case .following: acknowledge(log.offset)
        }
        self.following?.sayAt = now + Self.sayPeriod
    }

    private func connect(at now: Int64) {
        guard let master = following?.master else { return }
        var limits = MasterLink.Limits()
        limits.requests = settings.limits
        limits.copyMemory = settings.copies.memory
        following?.link = MasterLink(
            settings.greeting, to: master.nodeID,
            from: log.isActive ? (log.id, log.offset + 1) : nil, store, limits, at: now)
        following?.retryAt = now + Self.renewalPeriod
        want(.connect(master))
        note(.connecting(master))
    }

    private func acknowledge(_ offset: Int) {
        want(.send(Array("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n".utf8) + Self.bulk(offset)))
    }

    private static func bulk(_ number: Int) -> [UInt8] {
        let text = "\(number)"
        return Array("$\(text.utf8.count)\r\n\(text)\r\n".utf8)
    }

    // MARK: - The link

    /// The connection to the master stands.
    package func linkOpened(at now: Int64) {
        guard let bytes = following?.link?.opened(at: now) else { return }
        want(.send(bytes))
    }

    /// The connection to the master ended, or could not be made.
    package func linkClosed(_ reason: String, at now: Int64) {
        guard following?.link != nil else { return }
        dropLink(at: now)
        note(.linkClosed(reason, keepsCopy: holdsCopy))
    }

    /// Bytes came from the master.
    /// - Parameter mayGoOn: is asked after each command of a stream; what remains waits for `applyMore`.
    package func linkReceived(
        _ bytes: Span<UInt8>, at now: Int64, while mayGoOn: () -> Bool = { true }
    ) {
        change(at: now) { link throws(ReplicationError) in
            try link.take(bytes, at: now, while: mayGoOn) { handle($0, at: now) }
        }
        if following?.isUp == true { following?.copyHeardAt = now }
    }

    /// Whether more has come of the stream than was applied.
    package var hasUnapplied: Bool { following?.link?.isUnfinished ?? false }

    /// Applies more of what has come: one command at least.
    package func applyMore(at now: Int64, while mayGoOn: () -> Bool) {
        change(at: now) { link throws(ReplicationError) in
            try link.goOn(at: now, while: mayGoOn) { handle($0, at: now) }
        }
    }

    private func change(
        at now: Int64, _ body: (inout MasterLink) throws(ReplicationError) -> Void
    ) {
        guard var link = following?.link else { return }
        // Only one may hold it while it changes.
        following?.link = nil
        do throws(ReplicationError) {
            try body(&link)
        } catch {
            following?.link = link
            return fail(error, at: now)
        }
        following?.link = link
        if let text = following?.putOff {
            following?.putOff = nil
            want(.disconnect)
            dropLink(at: now)
            note(.putOff(text))
        }
    }

    private func fail(_ error: ReplicationError, at now: Int64) {
        want(.disconnect)
        let wasFollowing = following?.isUp ?? false
        dropLink(at: now)
        // What follows a stream that cannot be read is not known: only a copy sets it right.
        if wasFollowing, error.breaksHistory {
            endFeeds()
            log.deactivate()
        }
        guard error.isLasting else {
            return note(.linkFailed(error, keepsCopy: holdsCopy))
        }
        endFeeds()
        following?.stoppedBecause = error
        following?.hasCopy = false
        note(.stopped(error))
    }

    /// The master that is followed is reached elsewhere: what is held is a copy of its keys as before.
    func moveLink(to master: MasterAddress, at now: Int64) {
        if following?.link != nil { want(.disconnect) }
        dropLink(at: now)
        following?.master = master
        following?.retryAt = now
    }

    /// Somebody asks to follow the master again, of which it was said that it cannot be followed.
    package func tryAgain(at now: Int64) {
        guard following?.stoppedBecause != nil else { return }
        following?.stoppedBecause = nil
        following?.retryAt = now
    }

    private func dropLink(at now: Int64) {
        let wasUp = following?.isUp == true
        following?.link = nil
        guard wasUp else {
            following?.retryAt = now + Self.retryPeriod
            return
        }
        following?.downSince = now
    }

    private func handle(_ event: MasterLink.Event, at now: Int64) {
        switch event {
        case .send(let bytes): want(.send(bytes))
        case .copyBegan(let id, let offset):
            following?.copyBeganAt = now
            note(.copyBegan(id, offset: offset))
        case .copied(let loader): adopt(loader, at: now)
        case .continued(let id):
            // Replicas of ours have to learn the new name: under the old one others may have gone on.
            if id != log.id { endFeeds() }
            log.adopt(id)
            following?.hasCopy = true
            following?.copyHeardAt = now
            note(.continued(offset: log.offset))
        case .request(.acknowledge(let offset)): acknowledge(offset)
        case .request(.takeOver(let id)): want(.takeOver(nodeID: id))
        case .putOff(let text): following?.putOff = text
        }
    }

    /// A whole copy takes the place of what was held.
    private func adopt(_ loader: CopyLoader, at now: Int64) {
        if let following, following.wasMaster, log.isActive {
            let known = following.confirmedThere ?? log.offset
            if log.offset > known { note(.dropped(bytes: log.offset - known)) }
        }
        endFeeds()
        store.replaceAll(with: loader.loaded)
        log.adopt(loader.id, at: loader.offset)
        following?.hasCopy = true
        following?.copyHeardAt = now
        note(
            .copied(
                keys: store.count, bytes: loader.receivedBytes,
                milliseconds: now - (following?.copyBeganAt ?? now)))
        acknowledge(loader.offset)
    }
}
