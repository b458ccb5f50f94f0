// The table of subscriptions: who is found for a channel, what ends, and what one subscriber may hold.

import ClusterWire
import TestSupport
import Testing

@testable import DataPlane

@Suite struct SubscriptionsTests {
    private let a = SubscriberID(1)
    private let b = SubscriberID(2)
    private func name(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a channel finds its subscribers in the order in which they came, each once`() {
        var table = Subscriptions()
        for who in [b, a, b] {
            let isThere = table.add(who, to: name("news"), as: .channel)
            #expect(isThere)
        }
        #expect(table.subscribers(of: name("news")) == [b, a])
        #expect(table.subscribers(of: name("other")) == [])
        #expect(table.shardSubscribers(of: name("news")) == [])
        #expect(table.channelCount == 1 && table.subscriberCount == 2)
    }

    @Test func `a pattern finds channels, and patterns are told in the order in which they came`() {
        var table = Subscriptions()
        for pattern in ["n*", "*s", "x*", "n?ws"] {
            _ = table.add(a, to: name(pattern), as: .pattern)
        }
        _ = table.add(b, to: name("*s"), as: .pattern)
        let found = table.matches(of: name("news"))
        #expect(found.map(\.pattern) == [name("n*"), name("*s"), name("n?ws")])
        #expect(found.map(\.subscribers) == [[a], [a, b], [a]])
        #expect(table.patternCount == 4)
    }

    @Test func `channels and patterns are counted together, shard channels by themselves`() {
        var table = Subscriptions()
        _ = table.add(a, to: name("c"), as: .channel)
        _ = table.add(a, to: name("c"), as: .pattern)
        _ = table.add(a, to: name("c"), as: .shardChannel)
        _ = table.add(a, to: name("d"), as: .shardChannel)
        let counts = table.counts(of: a)
        #expect(counts.shown(for: .channel) == 2 && counts.shown(for: .pattern) == 2)
        #expect(counts.shown(for: .shardChannel) == 2 && !counts.isEmpty)
    }

    @Test func `what has ended leaves nothing behind`() {
        var table = Subscriptions()
        for kind in [SubscriptionKind.channel, .pattern, .shardChannel] {
            for word in ["x", "y", "z"] { _ = table.add(a, to: name(word), as: kind) }
            _ = table.add(b, to: name("y"), as: kind)
            table.remove(a, from: name("x"), as: kind)
            table.remove(a, from: name("never there"), as: kind)
        }
        table.removeAll(of: a)
        #expect(table.counts(of: a).isEmpty && table.heldBytes(of: a) == 0)
        #expect(table.subscribers(of: name("y")) == [b])
        #expect(table.shardSubscribers(of: name("y")) == [b])
        #expect(table.heldBytes == table.heldBytes(of: b))
        table.removeAll(of: b)
        #expect(table.heldBytes == 0 && table.slots.isEmpty && table.subscriberCount == 0)
        #expect(table.channelCount == 0 && table.patternCount == 0 && table.shardChannelCount == 0)
    }

    @Test func `channels of slots that leave end, and each subscriber keeps the others`() {
        var table = Subscriptions()
        for channel in ["{a}1", "{a}2", "{b}"] {
            _ = table.add(a, to: name(channel), as: .shardChannel)
        }
        _ = table.add(b, to: name("{a}1"), as: .shardChannel)
        _ = table.add(b, to: name("{a}1"), as: .channel)
        var gone = SlotSet()
        gone.insert(KeySlot.of(name("a")))
        let ended = table.removeAll(in: gone)
        #expect(
            ended == [
                EndedSubscription(subscriber: a, channel: name("{a}1"), remaining: 2),
                EndedSubscription(subscriber: b, channel: name("{a}1"), remaining: 0),
                EndedSubscription(subscriber: a, channel: name("{a}2"), remaining: 1),
            ])
        #expect(table.shardChannelNames(matching: nil) == [name("{b}")])
        #expect(table.channelNames(matching: nil) == [name("{a}1")])
        let again = table.removeAll(in: gone)
        #expect(again == [])
    }

    @Test func `names are listed in their order, all or those that match`() {
        var table = Subscriptions()
        for channel in ["b", "a", "ab"] {
            _ = table.add(a, to: name(channel), as: .channel)
            _ = table.add(a, to: name("s" + channel), as: .shardChannel)
        }
        #expect(table.channelNames(matching: nil) == [name("a"), name("ab"), name("b")])
        #expect(table.channelNames(matching: name("*b")) == [name("ab"), name("b")])
        #expect(table.shardChannelNames(matching: name("sa*")) == [name("sa"), name("sab")])
        #expect(table.names(of: a, .channel) == [name("a"), name("ab"), name("b")])
    }

    @Test func `one subscriber may not hold more than its limit`() {
        var table = Subscriptions()
        let half = [UInt8](repeating: 1, count: Subscriptions.byteLimit / 2)
        let added = [
            table.add(a, to: half, as: .channel), table.add(a, to: half + [2], as: .pattern),
            // It is there already.
            table.add(a, to: half, as: .channel), table.add(b, to: half, as: .pattern),
        ]
        #expect(added == [true, false, true, true])
        #expect(table.counts(of: a).shown(for: .channel) == 1)
        #expect(table.heldBytes(of: a) <= Subscriptions.byteLimit)
    }

    private func drawName(_ random: inout SeededGenerator) -> [UInt8] {
        let tag = Int.random(in: 0..<4, using: &random)
        return name("{\(tag)}\(Int.random(in: 0..<3, using: &random))")
    }

    @Test func `whatever comes and goes, the table agrees with a plain list`() {
        var random = Seeds.generator("subscriptions")
        var table = Subscriptions()
        struct Fact: Hashable {
            let who: UInt32
            let name: [UInt8]
            let kind: SubscriptionKind
        }
        var facts: Set<Fact> = []
        let kinds = [SubscriptionKind.channel, .pattern, .shardChannel]
        for _ in 0..<3000 {
            let fact = Fact(
                who: UInt32.random(in: 0..<5, using: &random), name: drawName(&random),
                kind: kinds[Int.random(in: 0..<3, using: &random)])
            let who = SubscriberID(fact.who)
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                table.removeAll(of: who)
                facts = facts.filter { $0.who != fact.who }
            case 1:
                var gone = SlotSet()
                gone.insert(KeySlot.of(fact.name))
                _ = table.removeAll(in: gone)
                facts = facts.filter {
                    $0.kind != .shardChannel || KeySlot.of($0.name) != KeySlot.of(fact.name)
                }
            case 2..<10:
                table.remove(who, from: fact.name, as: fact.kind)
                facts.remove(fact)
            default:
                _ = table.add(who, to: fact.name, as: fact.kind)
                facts.insert(fact)
            }
        }
        for kind in kinds {
            for who in 0..<UInt32(5) {
                let names = facts.filter { $0.kind == kind && $0.who == who }.map(\.name)
                #expect(Set(table.names(of: SubscriberID(who), kind)) == Set(names))
            }
        }
        for channel in Set(facts.map(\.name)) {
            func who(_ kind: SubscriptionKind) -> Set<UInt32> {
                Set(facts.filter { $0.kind == kind && $0.name == channel }.map(\.who))
            }
            #expect(Set(table.subscribers(of: channel).map(\.number)) == who(.channel))
            #expect(
                Set(table.shardSubscribers(of: channel).map(\.number)) == who(.shardChannel))
        }
    }
}
