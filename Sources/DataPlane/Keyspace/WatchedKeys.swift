// Keys that must not change unnoticed: who watches which, and whose keys have changed. What follows from a
// change is the watcher's.

/// Whoever watches keys, as the server around the store numbers them.
package struct WatcherID: Hashable, Sendable {
    package let number: UInt32
    package init(_ number: UInt32) { self.number = number }
}

/// Watched keys; there are none at nearly all nodes nearly always.
struct WatchedKeys {
    private var watchers: [[UInt8]: [WatcherID]] = [:]
    /// Those whose keys have changed, in the order of the changes.
    var disturbed: [WatcherID] = []

    var isEmpty: Bool { watchers.isEmpty }

    /// All of them, in the order of their bytes.
    var keys: [[UInt8]] { watchers.keys.sorted { $0.lexicographicallyPrecedes($1) } }

    mutating func add(_ key: [UInt8], _ watcher: WatcherID) {
        watchers[key, default: []].append(watcher)
    }

    mutating func remove(_ key: [UInt8], _ watcher: WatcherID) {
        guard var list = watchers[key] else { return }
        list.removeAll { $0 == watcher }
        watchers[key] = list.isEmpty ? nil : list
    }

    /// A key has changed.
    mutating func disturb(_ key: [UInt8]) {
        if let list = watchers[key] { disturbed += list }
    }
}
