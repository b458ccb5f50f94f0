// Publications on their way to the subscribers of this node, and what becomes of a subscriber that does not read
// them. Each is put into the form of either version of the protocol once, whoever many are told. Who subscribes
// to what is in DataPlane/PubSub; the commands are in PubSubCommands.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import RESP
import SystemIO

/// What the clients of a node subscribe to.
struct Subscribers {
    var table = Subscriptions()
    /// Whose publication is being delivered; nil for another node's.
    fileprivate var publisher: Client?
    /// What the client whose request is being run published to itself: it comes behind the reply.
    fileprivate var own: [UInt8] = []
    /// The slots of this shard, as they were last looked at.
    fileprivate var shardSlots = SlotSet()
    /// Slots with subscribers that have left the shard since their subscribers were last told.
    fileprivate var lostSlots = SlotSet()
}

/// What waits for a client of some class, at most.
struct OutputLimit: Equatable, Sendable {
    /// Bytes at which it is closed at once; 0: no limit.
    var hardBytes: Int
    /// Bytes at which it is closed once it has had more for so long; 0: no limit.
    var softBytes: Int
    /// Milliseconds.
    var softTime: Int64

    /// As the reference has it for subscribers.
    static let ofSubscribers = OutputLimit(
        hardBytes: 32 << 20, softBytes: 8 << 20, softTime: 60_000)

    /// Whether so many bytes are too many; `since` is when they came to be more than the soft limit.
    fileprivate func isExceeded(by bytes: Int, since: inout Int64?, at now: Int64) -> Bool {
        if hardBytes > 0 && bytes > hardBytes { return true }
        guard softBytes > 0 && bytes > softBytes else {
            since = nil
            return false
        }
        let began = since ?? now
        since = began
        return now - began > softTime
    }
}

/// Words for a client that asked for none of them now, in either version of the protocol.
struct PushText {
    private let words: [[UInt8]]
    private var two: [UInt8]?
    private var three: [UInt8]?

    init(_ kind: String, _ words: [[UInt8]]) { self.words = [Array(kind.utf8)] + words }

    mutating func bytes(_ version: RESPVersion) -> [UInt8] {
        if let known = version == .two ? two : three { return known }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.reduce(32) { $0 + $1.count + 16 })
        RESPWriter.pushHeader(words.count, version, to: &bytes)
        for word in words { RESPWriter.bulk(word, to: &bytes) }
        if version == .two { two = bytes } else { three = bytes }
        return bytes
    }
}

extension Clients {
    // MARK: - Publications

    /// Tells the subscribers of this node.
    /// - Parameter publisher: the client whose request this is.
    /// - Returns: how often somebody was told.
    func deliver(
        _ publication: Publication, toShard: Bool, from publisher: Client? = nil, _ node: Node
    ) -> Int {
        let (channel, message) = (publication.channel, publication.message)
        subscribers.publisher = publisher
        defer { subscribers.publisher = nil }
        // The publisher is written to first: it can go on while all the others are.
        if let publisher { markDirty(publisher) }
        if toShard {
            var text = PushText("smessage", [channel, message])
            return tell(subscribers.table.shardSubscribers(of: channel), &text, node)
        }
        var text = PushText("message", [channel, message])
        var count = tell(subscribers.table.subscribers(of: channel), &text, node)
        for (pattern, list) in subscribers.table.matches(of: channel) {
            var text = PushText("pmessage", [pattern, channel, message])
            count += tell(list, &text, node)
        }
        return count
    }

    private func tell(
        _ list: [SubscriberID], _ text: inout PushText, _ node: Node
    ) -> Int {
        for subscriber in list {
            guard let client = self[id: ClientID(subscriber.number)], !client.turn.isLeaving else {
                continue
            }
            let bytes = text.bytes(client.replies.writer.version)
            if client === subscribers.publisher {
                pushLater(bytes, to: client, node)
            } else {
                push(bytes, to: client, node)
            }
        }
        return list.count
    }

    /// Puts bytes behind all that waits for a client.
    private func push(_ bytes: [UInt8], to client: Client, _ node: Node) {
        client.replies.writer.raw(bytes)
        markDirty(client)
        let limit = node.options.subscriberLimit.hardBytes
        guard limit > 0, client.replies.waitingBytes > limit else { return }
        // Much may have come in this one wake-up: one that reads takes it now.
        _ = client.flush(at: node.wake.wall)
        if client.replies.waitingBytes > limit { close(client, node) }
    }

    /// For the client whose request is being run: one of a transaction may publish much to itself.
    private func pushLater(_ bytes: [UInt8], to client: Client, _ node: Node) {
        let limit = node.options.subscriberLimit.hardBytes
        guard limit == 0 || subscribers.own.count + bytes.count <= limit else {
            subscribers.own = []
            client.turn.isLeaving = true
            return
        }
        subscribers.own += bytes
    }

    private func close(_ client: Client, _ node: Node) {
        node.statistics.closedForOutput &+= 1
        node.log.refuse("subscriber", "Closed a subscriber that does not read what is published")
        remove(client, node)
    }

    /// A request has been run: what it published to its own client comes behind its reply.
    @inline(__always)
    func finishRequest(of client: Client) {
        if !subscribers.own.isEmpty { pushOwn(client) }
    }

    private func pushOwn(_ client: Client) {
        client.replies.writer.raw(subscribers.own)
        subscribers.own = []
    }

    /// Now and then: whether a subscriber was closed because more waits for it than may.
    func closeOverLimit(_ client: Client, _ node: Node) -> Bool {
        let isOver = node.options.subscriberLimit.isExceeded(
            by: client.replies.waitingBytes, since: &client.session.overLimitSince,
            at: node.wake.wall)
        if isOver { close(client, node) }
        return isOver
    }

    // MARK: - Slots that leave

    /// A client subscribes to a shard channel: from now on its slot is watched.
    func watchShardSlots(_ node: Node) {
        if subscribers.table.slots.isEmpty { subscribers.shardSlots = Self.shardSlots(node) }
    }

    /// The rules took a step: which slots does it leave to this shard?
    func noteShardSlots(_ node: Node) {
        guard !subscribers.table.slots.isEmpty else { return }
        let slots = Self.shardSlots(node)
        guard !slots.isIdentical(to: subscribers.shardSlots) else { return }
        let lost = subscribers.shardSlots.subtracting(slots)
        subscribers.lostSlots = subscribers.lostSlots.union(lost)
        subscribers.shardSlots = slots
    }

    private static func shardSlots(_ node: Node) -> SlotSet {
        let state = node.host.machine.state
        return state.nodes[state.shardMaster].slots
    }

    /// Whoever subscribed to a channel of a slot that left the shard is told that this has ended.
    func endLostSubscriptions(_ node: Node) {
        guard !subscribers.lostSlots.isEmpty else { return }
        let ended = subscribers.table.removeAll(in: subscribers.lostSlots)
        subscribers.lostSlots = SlotSet()
        for subscription in ended {
            let id = ClientID(subscription.subscriber.number)
            guard let client = self[id: id] else { continue }
            client.session.subscriptions = subscribers.table.counts(of: subscription.subscriber)
            guard !client.turn.isLeaving else { continue }
            var bytes: [UInt8] = []
            PubSubCommands.write(
                "sunsubscribe", subscription.channel, count: subscription.remaining,
                client.replies.writer.version, to: &bytes)
            push(bytes, to: client, node)
        }
    }
}
