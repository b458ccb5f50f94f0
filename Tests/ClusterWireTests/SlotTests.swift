// The rules of slots, ranges and the set of 16384, each property against a plain array of Bool.

import ClusterWire
import TestSupport
import Testing

@Suite struct SlotTests {
    @Test func `a slot is a number from 0 to 16383`() {
        #expect(Slot(-1) == nil)
        #expect(Slot(0)?.index == 0)
        #expect(Slot(16383)?.index == 16383)
        #expect(Slot(16384) == nil)
        #expect(Array(Slot.all).count == 16384)
    }

    @Test func `a range does not run backwards, and prints as one number or two`() throws {
        let (five, nine) = (try #require(Slot(5)), try #require(Slot(9)))
        #expect(SlotRange(nine, five) == nil)
        #expect(SlotRange(five, five)?.description == "5")
        #expect(SlotRange(five, nine)?.description == "5-9")
        #expect(SlotRange(five, nine)?.count == 5)
    }

    @Test(arguments: [
        (slots(), ""), (slots((0, 0)), "0"), (slots((16383, 16383)), "16383"),
        (slots((0, 16383)), "0-16383"), (slots((63, 64)), "63-64"), (slots((0, 63)), "0-63"),
        (slots((64, 127)), "64-127"), (slots((0, 5460), (10923, 10923)), "0-5460 10923"),
        (slots((1, 1), (3, 3), (5, 70), (72, 72)), "1 3 5-70 72"),
    ])
    func `a set prints its ranges, as few as possible`(set: SlotSet, text: String) {
        #expect(set.description == text)
        #expect(SlotSet(set.ranges) == set)
    }

    @Test func `bits stand least significant first, as on the wire`() {
        var header = sampleHeader()
        header.slots = slots((0, 8), (5461, 5461))
        let frame = bytes(.full(header, .vote))
        #expect(frame[80] == 0xFF)
        #expect(frame[81] == 0x01)
        #expect(frame[762] == 0x20)
    }

    @Test func `random sets agree with an array of Bool in every operation`() {
        var random = Seeds.generator("slot sets")
        for round in 0..<40 {
            let (left, mine) = randomSet(&random, dense: round % 2 == 0)
            let (right, theirs) = randomSet(&random, dense: round % 3 == 0)
            check(left, mine)
            check(left.union(right), zip(mine, theirs).map { $0 || $1 })
            check(left.intersection(right), zip(mine, theirs).map { $0 && $1 })
            check(left.subtracting(right), zip(mine, theirs).map { $0 && !$1 })
            #expect(left.isDisjoint(with: right) == !zip(mine, theirs).contains { $0 && $1 })
            #expect((left == right) == (mine == theirs))
        }
    }

    private func randomSet(
        _ random: inout SeededGenerator, dense: Bool
    ) -> (SlotSet, [Bool]) {
        var set = dense ? SlotSet.all : SlotSet()
        var plain = [Bool](repeating: dense, count: 16384)
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            let number = Int.random(in: 0..<16384, using: &random)
            guard let slot = Slot(number) else { continue }
            if Bool.random(using: &random) { set.insert(slot) } else { set.remove(slot) }
            plain[number] = set.contains(slot)
        }
        return (set, plain)
    }

    private func check(_ set: SlotSet, _ plain: [Bool]) {
        let expected = plain.indices.filter { plain[$0] }
        #expect(set.map(\.index) == expected)
        #expect(set.count == expected.count)
        #expect(set.isEmpty == expected.isEmpty)
        #expect(set.first?.index == expected.first)
        #expect(set.ranges.reduce(0) { $0 + $1.count } == expected.count)
        #expect(SlotSet(set.ranges) == set)
        var header = sampleHeader()
        header.slots = set
        guard case .full(let read, _)? = try? Message.decode(bytes(.full(header, .vote))) else {
            Issue.record("a header with these slots does not decode")
            return
        }
        #expect(read.slots == set)
    }

    @Test func `a set whose slots were all removed equals the empty one`() throws {
        let five = try #require(Slot(5))
        var set = SlotSet()
        set.remove(five)
        #expect(!set.contains(five))
        set.insert(five)
        #expect(set != SlotSet())
        #expect(SlotSet() != set)
        set.remove(five)
        #expect(set == SlotSet())
        #expect(SlotSet() == set)
        #expect(set.isEmpty && set.count == 0 && set.first == nil && set.ranges.isEmpty)
        set.insert(five)
        set.removeAll()
        #expect(set == SlotSet())
    }

    @Test func `copies share storage until one changes`() throws {
        let set = slots((0, 100))
        var copy = set
        #expect(copy.isIdentical(to: set))
        copy.insert(try #require(Slot(200)))
        #expect(!copy.isIdentical(to: set))
        #expect(set.count == 101)
    }
}
