// Copies of one moment: each key that was there is given once, as it was, whatever is written meanwhile, also
// when numbers are used again, when all keys go at once, and when several copies are made.

import ClusterWire
import DataPlane
import Determinism
import Testing

@Suite struct StoreCopyTests {
    /// A key as the model of a copy has it.
    private struct Held: Equatable {
        var value: [UInt8]
        var expiry: Int64?
    }

    /// A copy that is being made, and what it must give.
    private final class Running {
        let copy: StoreCopy
        var expected: [[UInt8]: Held]

        init(_ copy: StoreCopy, _ expected: [[UInt8]: Held]) {
            self.copy = copy
            self.expected = expected
        }

        /// Takes keys until there are no more, or so many; false when something is wrong.
        func take(_ count: Int) -> Bool {
            for _ in 0..<count {
                guard let (key, value, expiry) = copy.next() else { return expected.isEmpty }
                guard expected.removeValue(forKey: key) == Held(value: value, expiry: expiry) else {
                    return false
                }
            }
            return true
        }
    }

    /// Random use of a store, with what it must hold.
    private struct Use {
        var random: SplitMix64
        let store: MemoryStore
        var model: [[UInt8]: Held] = [:]
        var copies: [Running] = []

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            store = MemoryStore(seed: seed)
            store.now = 1000
            store.readsExpired = true
        }

        mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

        mutating func key() -> [UInt8] {
            let number = below(400)
            let long = number % 50 == 0 ? String(repeating: "k", count: 600 + number) : "k"
            return Array("\(long):\(number)".utf8)
        }

        mutating func bytes() -> [UInt8] {
            let lengths = [0, 3, 16, 100, 900, 1005, 1012, 1013, 1020, 3000]
            let first = UInt8(below(200))
            return (0..<lengths[below(10)]).map { first &+ UInt8(truncatingIfNeeded: $0) }
        }

        mutating func set(_ key: [UInt8]) {
            let value = bytes()
            _ = store.set(key.span, in: KeySlot.of(key), to: value.span)
            model[key] = Held(value: value)
        }

        mutating func step() -> Bool {
            let key = key()
            let found = store.find(key.span)
            guard (found != nil) == (model[key] != nil) else { return false }
            switch below(1000) {
            case 0..<350: set(key)
            case 350..<550:
                if let found { store.remove(found) }
                model[key] = nil
            case 550..<650: change(key, found)
            case 650..<750:
                guard let found else { break }
                let expiry = below(3) == 0 ? nil : Int64(below(3000))
                store.setExpiry(of: found, expiry)
                model[key]?.expiry = expiry
            case 750..<800: move(key, found)
            case 800..<804:
                store.removeAll()
                model = [:]
            case 804..<808: swap()
            case 808..<830 where copies.count < 4:
                let copy = store.beginCopy()
                guard copy.keyCount == model.count, copy.rdbBytes == rdbBytes else { return false }
                copies.append(Running(copy, model))
            case 830..<835:
                if !copies.isEmpty { store.endCopy(copies.remove(at: below(copies.count)).copy) }
            case 835..<850: store.tidy()
            default: break
            }
            let count = below(12)
            guard copies.allSatisfy({ $0.take(count) }) else { return false }
            copies.removeAll { $0.copy.isEnded }
            return true
        }

        private mutating func change(_ key: [UInt8], _ found: Int?) {
            guard let found, var value = model[key]?.value else { return }
            let added = bytes()
            if below(2) == 0 {
                store.append(to: found, added.span)
                value += added
            } else {
                let offset = below(1500)
                guard !added.isEmpty, store.setSlice(of: found, at: offset, added.span) else {
                    return
                }
                let end = offset + added.count
                value += [UInt8](repeating: 0, count: max(0, end - value.count))
                value.replaceSubrange(offset..<end, with: added)
            }
            model[key]?.value = value
        }

        private mutating func move(_ key: [UInt8], _ found: Int?) {
            let target = self.key()
            guard let found, target != key else { return }
            model[target] = model[key]
            if below(2) == 0 {
                _ = store.copy(found, to: target.span, in: KeySlot.of(target))
            } else {
                _ = store.rename(found, to: target.span, in: KeySlot.of(target))
                model[key] = nil
            }
        }

        /// Others' keys in place of all.
        private mutating func swap() {
            let other = MemoryStore(seed: random.next())
            var new: [[UInt8]: Held] = [:]
            for _ in 0..<below(100) {
                let key = key()
                let value = bytes()
                _ = other.set(key.span, in: KeySlot.of(key), to: value.span)
                new[key] = Held(value: value)
            }
            store.replaceAll(with: other)
            model = new
        }

        var rdbBytes: Int {
            model.reduce(0) {
                $0
                    + RDBLength.entryBytes(
                        key: $1.key.count, value: $1.value.value.count,
                        expires: $1.value.expiry != nil)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `a copy gives each key of its moment once, as it was, whatever is written`(seed: UInt64) {
        var use = Use(seed: seed)
        for step in 0..<15_000 {
            guard use.step() else {
                Issue.record("seed \(seed), step \(step)")
                return
            }
        }
        for (key, held) in use.model {
            let found = use.store.find(key.span)
            #expect(found.map { use.store.value($0) } == held.value, "seed \(seed)")
            #expect(found.flatMap { use.store.expiry($0) } == held.expiry, "seed \(seed)")
        }
        #expect(use.store.count == use.model.count, "seed \(seed)")
        let rest = Running(use.store.beginCopy(), use.model)
        #expect(rest.take(.max) && rest.expected.isEmpty, "seed \(seed)")
    }

    private func filled(_ count: Int) -> MemoryStore {
        let store = MemoryStore(seed: 1)
        for number in 0..<count {
            let key = Array("k\(number)".utf8)
            _ = store.set(key.span, in: KeySlot.of(key), to: key.span)
        }
        return store
    }

    private func find(_ store: MemoryStore, _ key: String) -> Int? {
        store.find(Array(key.utf8).span)
    }

    private func rest(of copy: StoreCopy) -> Int {
        var count = 0
        while copy.next() != nil { count += 1 }
        return count
    }

    @Test func `a copy holds nothing until something changes, and nothing after its end`() throws {
        let store = filled(1000)
        let copy = store.beginCopy()
        #expect(copy.heldBytes == 0 && copy.keyCount == 1000)
        let number = try #require(find(store, "k7"))
        store.append(to: number, Array("more".utf8).span)
        #expect(copy.heldBytes > 0)
        store.endCopy(copy)
        #expect(copy.heldBytes == 0 && copy.next() == nil && copy.isEnded)
    }

    @Test func `keys that all go are handed over to a copy`() {
        let store = filled(3000)
        let copy = store.beginCopy()
        #expect(copy.next() != nil)
        store.removeAll()
        #expect(store.isEmpty && copy.heldBytes > 3000 * 10)
        for _ in 0..<20 { store.tidy() }
        #expect(rest(of: copy) == 2999 && copy.heldBytes == 0)
    }

    @Test func `a copy ends with its store`() {
        let copy = filled(3).beginCopy()
        #expect(copy.isEnded && copy.next() == nil)
    }

    @Test func `keys that are over are part of a copy`() throws {
        let store = filled(3)
        store.setExpiry(of: try #require(find(store, "k1")), 5)
        store.now = 10
        #expect(rest(of: store.beginCopy()) == 3)
    }

    @Test func `memory of keys that are gone goes back with the ticks`() {
        let store = filled(20_000)
        store.removeAll()
        #expect(store.isLettingGo && store.isEmpty && store.heldBytes == 0)
        for _ in 0..<50 { store.tidy() }
        #expect(!store.isLettingGo)
    }
}
