// Who subscribes to what: channels, patterns, and shard channels by their slots. What is asked and changed takes
// no longer than it has to, and what one client can make a node hold is limited. Who may subscribe, and how
// publications reach a client, is for the server.

package import ClusterWire

/// Whoever subscribes, as the server around the table numbers them.
package struct SubscriberID: Hashable, Sendable {
    package let number: UInt32
    package init(_ number: UInt32) { self.number = number }
}

/// What can be subscribed to.
package enum SubscriptionKind: Sendable {
    case channel, pattern, shardChannel
}

/// How many subscriptions somebody has.
package struct SubscriptionCounts: Equatable, Sendable {
    package fileprivate(set) var channels = 0
    package fileprivate(set) var patterns = 0
    package fileprivate(set) var shardChannels = 0

    package init() {}

    package var isEmpty: Bool { channels == 0 && patterns == 0 && shardChannels == 0 }

    /// What a reply about a subscription of this kind counts.
    package func shown(for kind: SubscriptionKind) -> Int {
        kind == .shardChannel ? shardChannels : channels + patterns
    }
}

/// A subscription that ended because its slot left the shard.
package struct EndedSubscription: Equatable, Sendable {
    package let subscriber: SubscriberID
    package let channel: [UInt8]
    /// Shard channels that the subscriber still has.
    package let remaining: Int
}

/// The subscriptions of one node.
package struct Subscriptions: Sendable {
    /// A channel or pattern that somebody subscribes to.
    private struct Topic: Sendable {
        /// In the order in which they came.
        var subscribers: [SubscriberID] = []
        /// Topics are numbered in the order in which they came.
        let serial: UInt64
    }

    /// What one subscriber has.
    private struct Holding: Sendable {
        var channels: Set<[UInt8]> = []
        var patterns: Set<[UInt8]> = []
        var shardChannels: Set<[UInt8]> = []
        var bytes = 0

        subscript(kind: SubscriptionKind) -> Set<[UInt8]> {
            get {
                switch kind {
                case .channel: channels
                case .pattern: patterns
                case .shardChannel: shardChannels
                }
            }
            _modify {
                switch kind {
                case .channel: yield &channels
                case .pattern: yield &patterns
                case .shardChannel: yield &shardChannels
                }
            }
        }
    }

    private var channels: [[UInt8]: Topic] = [:]
    private var patterns: [[UInt8]: Topic] = [:]
    private var shardChannels: [Slot: [[UInt8]: Topic]] = [:]
    private var holdings: [SubscriberID: Holding] = [:]
    private var nextSerial: UInt64 = 0
    /// The slots of all shard channels that somebody subscribes to.
    package private(set) var slots = SlotSet()
    package private(set) var shardChannelCount = 0
    /// What all subscriptions together take, nearly.
    package private(set) var heldBytes = 0

    package init() {}

    /// What a subscription takes beside its name, nearly.
    private static let overhead = 160
    /// Bytes that the subscriptions of one subscriber may take.
    package static let byteLimit = 64 << 20

    package var channelCount: Int { channels.count }
    package var patternCount: Int { patterns.count }
    package var subscriberCount: Int { holdings.count }

    // MARK: - Coming and going

    /// Adds a subscription, unless it is there already.
    /// - Returns: false when the subscriber would have more than it may.
    package mutating func add(
        _ subscriber: SubscriberID, to name: [UInt8], as kind: SubscriptionKind
    ) -> Bool {
        let bytes = name.count + Self.overhead
        let held = holdings[subscriber]?.bytes ?? 0
        guard holdings[subscriber]?[kind].contains(name) != true else { return true }
        guard held + bytes <= Self.byteLimit else { return false }
        holdings[subscriber, default: Holding()][kind].insert(name)
        holdings[subscriber]?.bytes += bytes
        heldBytes += bytes
        nextSerial += 1
        let fresh = Topic(serial: nextSerial)
        switch kind {
        case .channel: channels[name, default: fresh].subscribers.append(subscriber)
        case .pattern: patterns[name, default: fresh].subscribers.append(subscriber)
        case .shardChannel:
            let slot = KeySlot.of(name)
            if shardChannels[slot]?[name] == nil { shardChannelCount += 1 }
            slots.insert(slot)
            shardChannels[slot, default: [:]][name, default: fresh].subscribers.append(subscriber)
        }
        return true
    }

    /// Ends a subscription, if it is there.
    package mutating func remove(
        _ subscriber: SubscriberID, from name: [UInt8], as kind: SubscriptionKind
    ) {
        guard holdings[subscriber]?[kind].remove(name) != nil else { return }
        let bytes = name.count + Self.overhead
        holdings[subscriber]?.bytes -= bytes
        heldBytes -= bytes
        if counts(of: subscriber).isEmpty { holdings[subscriber] = nil }
        switch kind {
        case .channel: Self.drop(subscriber, name, &channels)
        case .pattern: Self.drop(subscriber, name, &patterns)
        case .shardChannel:
            let slot = KeySlot.of(name)
            Self.drop(subscriber, name, &shardChannels[slot, default: [:]])
            if shardChannels[slot]?[name] == nil { shardChannelCount -= 1 }
            if shardChannels[slot]?.isEmpty == true {
                shardChannels[slot] = nil
                slots.remove(slot)
            }
        }
    }

    private static func drop(
        _ subscriber: SubscriberID, _ name: [UInt8], _ topics: inout [[UInt8]: Topic]
    ) {
        guard let place = topics[name]?.subscribers.firstIndex(of: subscriber) else { return }
        topics[name]?.subscribers.remove(at: place)
        if topics[name]?.subscribers.isEmpty == true { topics[name] = nil }
    }

    /// Ends all subscriptions of somebody.
    package mutating func removeAll(of subscriber: SubscriberID) {
        guard let holding = holdings[subscriber] else { return }
        for name in holding.channels { remove(subscriber, from: name, as: .channel) }
        for name in holding.patterns { remove(subscriber, from: name, as: .pattern) }
        for name in holding.shardChannels { remove(subscriber, from: name, as: .shardChannel) }
    }

    /// Slots left the shard: ends all subscriptions to shard channels in them, in the order of the channels'
    /// names, and of each in the order in which they came.
    package mutating func removeAll(in gone: SlotSet) -> [EndedSubscription] {
        let lost = slots.intersection(gone)
        guard !lost.isEmpty else { return [] }
        var ended: [EndedSubscription] = []
        for slot in lost {
            let topics = shardChannels[slot] ?? [:]
            for name in Self.sorted(topics.keys) {
                for subscriber in topics[name]?.subscribers ?? [] {
                    remove(subscriber, from: name, as: .shardChannel)
                    let remaining = counts(of: subscriber).shardChannels
                    ended.append(
                        EndedSubscription(
                            subscriber: subscriber, channel: name, remaining: remaining))
                }
            }
        }
        return ended
    }

    // MARK: - Questions

    package func counts(of subscriber: SubscriberID) -> SubscriptionCounts {
        var counts = SubscriptionCounts()
        guard let holding = holdings[subscriber] else { return counts }
        counts.channels = holding.channels.count
        counts.patterns = holding.patterns.count
        counts.shardChannels = holding.shardChannels.count
        return counts
    }

    /// Bytes that somebody's subscriptions take, nearly.
    package func heldBytes(of subscriber: SubscriberID) -> Int { holdings[subscriber]?.bytes ?? 0 }

    /// What somebody subscribes to, in the order of the names' bytes.
    package func names(of subscriber: SubscriberID, _ kind: SubscriptionKind) -> [[UInt8]] {
        Self.sorted(holdings[subscriber]?[kind] ?? [])
    }

    /// The subscribers of a channel, the first that came first.
    package func subscribers(of channel: [UInt8]) -> [SubscriberID] {
        channels[channel]?.subscribers ?? []
    }

    package func shardSubscribers(of channel: [UInt8]) -> [SubscriberID] {
        guard !shardChannels.isEmpty else { return [] }
        return shardChannels[KeySlot.of(channel)]?[channel]?.subscribers ?? []
    }

    /// The patterns that match a channel, with their subscribers, in the order in which the patterns came.
    package func matches(
        of channel: [UInt8]
    ) -> [(pattern: [UInt8], subscribers: [SubscriberID])] {
        guard !patterns.isEmpty else { return [] }
        var found: [(pattern: [UInt8], topic: Topic)] = []
        for (pattern, topic) in patterns where Self.matches(channel, pattern) {
            found.append((pattern, topic))
        }
        found.sort { $0.topic.serial < $1.topic.serial }
        return found.map { ($0.pattern, $0.topic.subscribers) }
    }

    /// Each publication is held against all patterns: none may take much longer than its length.
    private static func matches(_ channel: [UInt8], _ pattern: [UInt8]) -> Bool {
        let limit = max(1 << 16, 16 * (channel.count + pattern.count))
        return Glob.matches(channel, pattern, lookingAt: limit)
    }

    /// Channels with subscribers, those that match if a pattern is given, in the order of their bytes.
    package func channelNames(matching pattern: [UInt8]?) -> [[UInt8]] {
        Self.sorted(channels.keys.filter { pattern == nil || Self.matches($0, pattern ?? []) })
    }

    package func shardChannelNames(matching pattern: [UInt8]?) -> [[UInt8]] {
        let names = shardChannels.values.flatMap(\.keys)
        return Self.sorted(names.filter { pattern == nil || Self.matches($0, pattern ?? []) })
    }

    private static func sorted(_ names: some Sequence<[UInt8]>) -> [[UInt8]] {
        names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
