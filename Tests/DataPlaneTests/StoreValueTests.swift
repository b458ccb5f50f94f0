// Values that are lent, written into and moved, the keys that a replica's stream sees, and keys that are
// taken over from another store.

import ClusterWire
import DataPlane
import Determinism
import Testing

@Suite struct StoreValueTests {
    private func set(_ store: MemoryStore, _ key: String, _ value: [UInt8] = [1]) -> Int {
        let key = Array(key.utf8)
        return store.set(key.span, in: KeySlot.of(key), to: value.span)
    }

    private func find(_ store: MemoryStore, _ key: String) -> Int? {
        store.find(Array(key.utf8).span)
    }

    @Test(arguments: [0, 1, 16, 500, 1000, 1011, 1012, 1013, 1020, 1024, 1025, 5000])
    func `values of each length are lent as they were set`(length: Int) {
        let store = MemoryStore(seed: 1)
        let value = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let number = set(store, "key", value)
        #expect(store.value(number) == value && store.valueCount(number) == length)
        #expect(store.withValue(number) { $0.count } == length)
        #expect(store.withKey(number) { $0.count } == 3 && store.key(number) == Array("key".utf8))
        store.setExpiry(of: number, 5000)
        #expect(store.value(number) == value && store.expiry(number) == 5000)
        store.setExpiry(of: number, nil)
        #expect(store.value(number) == value && store.expiry(number) == nil)
    }

    @Test func `a value written into is filled with zeros, up to the limit`() {
        let store = MemoryStore(seed: 1)
        store.valueLimit = 2000
        let number = set(store, "k", [1, 2, 3])
        func write(at offset: Int) -> Bool {
            let two: [UInt8] = [9, 9]
            return store.setSlice(of: number, at: offset, two.span)
        }
        #expect(write(at: 1))
        #expect(store.value(number) == [1, 9, 9])
        #expect(write(at: 5))
        #expect(store.value(number) == [1, 9, 9, 0, 0, 9, 9])
        #expect(write(at: 1998))
        #expect(store.valueCount(number) == 2000)
        let changes = store.changes
        #expect(!write(at: 1999))
        #expect(!write(at: .max))
        #expect(!write(at: -1))
        #expect(store.valueCount(number) == 2000 && store.changes == changes)
    }

    @Test func `a key that is renamed takes its value and its time to live along`() throws {
        let store = MemoryStore(seed: 1)
        for length in [3, 3000] {
            let value = [UInt8](repeating: 7, count: length)
            let number = set(store, "{a}from", value)
            store.setExpiry(of: number, 9000)
            _ = set(store, "{a}to", [1])
            let to = Array("{a}to".utf8)
            let moved = store.rename(number, to: to.span, in: KeySlot.of(to))
            #expect(find(store, "{a}from") == nil && find(store, "{a}to") == moved)
            #expect(store.value(moved) == value && store.expiry(moved) == 9000)
            #expect(store.count == 1)
            let same = store.rename(moved, to: to.span, in: KeySlot.of(to))
            #expect(same == moved)
            #expect(store.value(moved) == value && store.count == 1)
        }
    }

    @Test func `a key whose value was copied keeps it when the copy changes`() throws {
        let store = MemoryStore(seed: 1)
        let value = [UInt8](repeating: 7, count: 3000)
        let number = set(store, "{a}from", value)
        let to = Array("{a}to".utf8)
        let copy = store.copy(number, to: to.span, in: KeySlot.of(to))
        store.append(to: copy, value.span)
        #expect(store.value(number) == value && store.valueCount(copy) == 6000)
    }

    // MARK: - A replica

    @Test func `a replica keeps keys that are over, and only its master's stream sees them`() {
        let store = MemoryStore(seed: 1)
        store.becomeReplica()
        store.now = 1000
        store.setExpiry(of: set(store, "k"), 1500)
        store.now = 2000
        let key = Array("k".utf8)
        func sees() -> [Bool] {
            var visited = 0
            store.visit { _ in visited += 1 }
            return [
                store.find(key.span) != nil, store.look(key.span) != nil, store.holds(key.span),
                store.scan(from: 0, count: 10).numbers.count == 1, visited == 1,
                store.anyKey() != nil,
            ]
        }
        #expect(sees().allSatisfy { !$0 })
        store.sweep()
        #expect(store.count == 1)
        store.readsExpired = true
        #expect(sees().allSatisfy { $0 })
        store.readsExpired = false
        store.becomeMaster(from: 0)
        #expect(find(store, "k") == nil && store.count == 0)
    }

    @Test func `a store that takes another's keys drops its own, and disturbs who watches`() {
        let store = MemoryStore(seed: 1)
        let other = MemoryStore(seed: 2)
        for number in 0..<5000 { _ = set(store, "old\(number)") }
        for number in 0..<10 { _ = set(other, "new\(number)", [2]) }
        for (watcher, key) in ["old1", "new1", "none"].enumerated() {
            store.watch(Array(key.utf8), WatcherID(UInt32(watcher)))
        }
        store.replaceAll(with: other)
        #expect(store.count == 10 && other.isEmpty && store.hasNews)
        #expect(find(store, "old1") == nil)
        #expect(find(store, "new1").map { store.value($0) } == [2])
        #expect(Set(store.takeDisturbed()) == [WatcherID(0), WatcherID(1)])
        #expect(store.isLettingGo)
        for _ in 0..<20 { store.tidy() }
        #expect(!store.isLettingGo && store.count == 10)
    }

    // MARK: - Many keys

    @Test func `many keys are found while the index grows and shrinks`() {
        let store = MemoryStore(seed: 3)
        let count = 30_000
        for number in 0..<count { _ = set(store, "k\(number)") }
        #expect((0..<count).allSatisfy { find(store, "k\($0)") != nil })
        for number in 0..<count where number % 10 != 0 {
            if let found = find(store, "k\(number)") { store.remove(found) }
        }
        #expect((0..<count).allSatisfy { (find(store, "k\($0)") != nil) == ($0 % 10 == 0) })
        #expect(store.count == count / 10)
        for number in 0..<count { _ = set(store, "k\(number)") }
        #expect((0..<count).allSatisfy { find(store, "k\($0)") != nil } && store.count == count)
    }

    @Test func `what keys hold is counted, and comes to nothing without them`() {
        var random = SplitMix64(seed: 5)
        let store = MemoryStore(seed: 5)
        for step in 0..<5000 {
            let number = set(
                store, "k\(random.below(300))", [UInt8](repeating: 1, count: step % 2000))
            if step % 3 == 0 { store.setExpiry(of: number, 99_999) }
            if step % 5 == 0 { store.remove(number) }
        }
        var sum = 0
        store.visit { sum += store.heldBytes(of: $0) }
        #expect(sum == store.heldBytes && sum > 0)
        store.visit { _ in }
        var numbers: [Int] = []
        store.visit { numbers.append($0) }
        for number in numbers { store.remove(number) }
        #expect(store.heldBytes == 0 && store.beginCopy().rdbBytes == 0)
    }
}
