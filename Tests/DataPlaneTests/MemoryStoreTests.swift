// The store against a plain dictionary under random use, what SCAN promises, slots, expiry, and what
// becomes of keys when a node becomes a replica or a master.

import ClusterWire
import DataPlane
import Determinism
import TestSupport
import Testing

@Suite struct MemoryStoreTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func set(_ store: MemoryStore, _ key: String, _ value: String = "v") -> Int {
        store.set(bytes(key).span, in: KeySlot.of(bytes(key)), to: bytes(value).span)
    }

    private func value(_ store: MemoryStore, _ key: String) -> String? {
        store.find(bytes(key).span).map { String(decoding: store.value($0), as: UTF8.self) }
    }

    @Test func `a key is found whatever the lengths of the others`() {
        let store = MemoryStore(seed: 1)
        let long = String(repeating: "k", count: 70_000)
        #expect(value(store, "") == nil && value(store, long) == nil)
        _ = set(store, "k")
        #expect(value(store, "k") == "v" && value(store, long) == nil)
        _ = set(store, long)
        #expect(value(store, "k") == "v" && value(store, long) == "v")
        _ = set(store, "")
        #expect(value(store, "") == "v" && value(store, "no") == nil)
    }

    @Test(arguments: [1, 2, 3]) func `it holds what a dictionary would hold`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let store = MemoryStore(seed: seed)
        var model: [String: String] = [:]
        for step in 0..<20_000 {
            let key = "key:\(random.below(500))"
            switch random.below(10) {
            case 0..<5:
                model[key] = "\(step)"
                _ = set(store, key, "\(step)")
            case 5..<9:
                let found = store.find(bytes(key).span)
                #expect((found != nil) == (model[key] != nil), "seed \(seed), step \(step)")
                if let found { store.remove(found) }
                model[key] = nil
            default:
                #expect(value(store, key) == model[key], "seed \(seed), step \(step)")
            }
        }
        #expect(store.count == model.count)
        for (key, expected) in model { #expect(value(store, key) == expected) }
        var inSlots = 0
        for slot in store.occupied {
            let keys = store.keys(in: slot, limit: .max)
            #expect(!keys.isEmpty && keys.count == store.countKeys(in: slot))
            #expect(keys.allSatisfy { KeySlot.of($0) == slot })
            inSlots += keys.count
        }
        #expect(inSlots == model.count)
    }

    @Test func `SCAN gives a key that stays exactly once, whatever comes and goes`() {
        var random = SplitMix64(seed: 7)
        let store = MemoryStore(seed: 7)
        for number in 0..<1000 { _ = set(store, "stays:\(number)") }
        var seen: [String: Int] = [:]
        var cursor: UInt64 = 0
        repeat {
            let (next, numbers) = store.scan(from: cursor, count: 7)
            for number in numbers {
                seen[String(decoding: store.key(number), as: UTF8.self), default: 0] += 1
            }
            for _ in 0..<5 {
                let key = "goes:\(random.below(300))"
                if let found = store.find(bytes(key).span) {
                    store.remove(found)
                } else {
                    _ = set(store, key)
                }
            }
            cursor = next
        } while cursor != 0
        for number in 0..<1000 { #expect(seen["stays:\(number)"] == 1) }
    }

    @Test func `keys of slots that are another's go, and no others`() throws {
        let store = MemoryStore(seed: 1)
        for key in ["{a}1", "{a}2", "{b}1"] { _ = set(store, key) }
        var slots = SlotSet()
        slots.insert(KeySlot.of(bytes("a")))
        store.dropKeys(in: slots)
        #expect(store.count == 1 && value(store, "{b}1") == "v")
        #expect(!store.isEmpty && store.occupied.count == 1)
    }

    @Test func `a key whose time is over is not there, and goes by itself`() {
        let store = MemoryStore(seed: 1)
        store.now = 1000
        for number in 0..<500 { store.setExpiry(of: set(store, "k\(number)"), 2000) }
        _ = set(store, "stays")
        store.now = 2000
        #expect(value(store, "k1") == nil && value(store, "stays") == "v")
        #expect(store.count == 500)
        for _ in 0..<10 { store.sweep() }
        #expect(store.count == 1 && store.expiringCount == 0 && store.figures.expired == 500)
    }

    @Test func `nothing goes by itself while changes are held`() {
        let store = MemoryStore(seed: 1)
        store.log.activate()
        store.now = 1000
        store.setExpiry(of: set(store, "k"), 2000)
        store.holdChanges(true)
        store.now = 3000
        let offset = store.offset
        #expect(value(store, "k") == nil && store.count == 1)
        store.sweep()
        #expect(store.count == 1 && store.offset == offset)
        store.holdChanges(false)
        #expect(value(store, "k") == nil && store.count == 0)
        #expect(store.offset > offset)
    }

    @Test func `a replica keeps what it had, and a master goes on from the offset it had`() {
        let store = MemoryStore(seed: 1)
        _ = set(store, "k")
        store.becomeMaster(from: 30)
        store.becomeMaster(from: 0)
        #expect(store.count == 1)
        store.becomeReplica()
        #expect(store.count == 1 && store.offset == 30)
        store.becomeMaster(from: 500)
        #expect(store.offset == 500)
    }
}
