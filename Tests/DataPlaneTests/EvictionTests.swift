// Which keys go when memory is used up, how many at once, and what replicas hear of it.

import ClusterWire
import Testing

@testable import DataPlane

@Suite struct EvictionTests {
    /// A store of so many keys, every second of which ends some time.
    private func store(_ count: Int) -> MemoryStore {
        let store = MemoryStore(seed: 1)
        for index in 0..<count {
            let key = Array("key:\(index)".utf8)
            let number = store.set(key.span, in: KeySlot.of(key), to: key.span)
            if index % 2 == 0 { store.setExpiry(of: number, 1000 + Int64(index)) }
        }
        return store
    }

    @Test func `keys go until there is room`() {
        let store = store(1000)
        let limit = store.heldBytes / 2
        store.evict(by: .anyKey) { store.heldBytes < limit }
        #expect(store.heldBytes < limit && store.count > 400)
        #expect(Int(store.figures.evicted) == 1000 - store.count)
    }

    @Test func `no key goes without a policy, or while nothing may change`() {
        let store = store(10)
        store.evict(by: .none) { false }
        store.holdChanges(true)
        store.evict(by: .anyKey) { false }
        #expect(store.count == 10)
    }

    @Test(arguments: [EvictionPolicy.anyExpiring, .soonestExpiring])
    func `keys without an end stay where only others may go`(policy: EvictionPolicy) {
        let store = store(1000)
        store.evict(by: policy) { false }
        #expect(store.count == 500 && store.expiringCount == 0)
    }

    @Test func `those that end first tend to go first`() {
        let store = store(1000)
        var left = 0
        store.evict(by: .soonestExpiring) { store.count <= 750 }
        store.visit { number in
            if let end = store.expiry(number), end < 1500 { left += 1 }
        }
        // Of 250 that end in the first half, chance alone would leave 125.
        #expect(left < 60, "\(left)")
    }

    @Test func `one call gives up so many keys and no more`() {
        let store = store(25_000)
        store.evict(by: .anyKey) { false }
        #expect(store.count == 15_000)
    }

    @Test func `replicas are sent a DEL for each`() {
        let store = MemoryStore(seed: 1)
        store.log.activate()
        let key = Array("k".utf8)
        _ = store.set(key.span, in: KeySlot.of(key), to: key.span)
        store.evict(by: .anyKey) { store.isEmpty }
        let text = store.log.lend(from: 1) { span in
            String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
        }
        #expect(text?.hasSuffix("*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n") == true)
    }
}
