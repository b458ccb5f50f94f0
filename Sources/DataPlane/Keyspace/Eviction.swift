// Which keys are given up when memory is used up, and how many at once. Whether and when keys have to go is the
// server's; replicas give up nothing by themselves, but are sent what their master gave up.

/// Which keys may go when memory is used up.
package enum EvictionPolicy: String, Sendable {
    case none = "noeviction"
    case anyKey = "allkeys-random"
    case anyExpiring = "volatile-random"
    case soonestExpiring = "volatile-ttl"
}

extension MemoryStore {
    /// Keys that one command may give up: some ten milliseconds of work.
    private static let evictionLimit = 10_000
    /// Keys of which the one goes that ends first.
    private static let evictionSamples = 5

    /// Gives up keys until there is enough room, or there are none to give up, or it has been enough for now.
    package func evict(by policy: EvictionPolicy, until isEnough: () -> Bool) {
        guard !isHeld else { return }
        for _ in 0..<Self.evictionLimit {
            guard !isEnough(), let number = victim(policy) else { return }
            evict(number)
        }
    }

    private func victim(_ policy: EvictionPolicy) -> Int? {
        switch policy {
        case .none: nil
        case .anyKey: anyKey()
        case .anyExpiring: anyExpiringKey()
        case .soonestExpiring:
            (0..<Self.evictionSamples).compactMap { _ in anyExpiringKey() }.min {
                (expiry($0) ?? .max) < (expiry($1) ?? .max)
            }
        }
    }
}
