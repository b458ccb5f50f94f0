// Directives that are checked and kept as the reference does, and told by CONFIG GET, but do nothing here
// yet: tools and test suites set them, and what will read them finds them in the options. The log names
// those that a file sets.

import ClusterCore
import ClusterWire

/// Settings that nothing reads yet, or that other parts of a node will.
package struct StoredSettings: Sendable {
    package var ticksPerSecond = 10
    /// Seconds.
    package var shutdownTimeout = 10
    package var sendsCopiesDiskless = true
    /// Seconds that a master waits for more replicas before it sends a copy.
    package var disklessDelay = 5
    /// Microseconds a key, for tests; not above 0: as fast as it goes.
    package var keySaveDelay = 0
    package var keyLoadDelay = 0
    package var loadingStepBytes = 2 << 20
    package var hidesUserData = true
    package var hasDebugAssert = false
}

extension Directive {
    /// It is taken and told, and does nothing.
    var hasNoEffect: Bool { Directives.storedNames.contains(name) }
}

extension Directives {
    /// How it is here, for directives of which a name alone would say too little.
    static func remark(on name: String) -> String? {
        switch name {
        case "repl-diskless-sync": "a copy always goes from memory to the replica"
        case "repl-diskless-sync-delay": "each replica gets its own copy at once"
        default: nil
        }
    }

    static let storedNames = Set(stored.map(\.name))

    static let stored: [Directive] = [
        // The reference takes any number and uses the nearest from 1 to 500.
        value("hz", \.stored.ticksPerSecond) { words throws(OptionError) in
            min(500, max(1, try integer(words, Int(Int32.min)...Int(Int32.max))))
        } _: {
            String($0)
        },
        flag("repl-diskless-sync", \.stored.sendsCopiesDiskless),
        number("repl-diskless-sync-delay", 0...Int(Int32.max), \.stored.disklessDelay),
        number(
            "loading-process-events-interval-bytes", 1024...Int(Int32.max),
            \.stored.loadingStepBytes),
        flag("hide-user-data-from-log", \.stored.hidesUserData),
        flag("enable-debug-assert", isMutable: false, \.stored.hasDebugAssert),
    ]
}
