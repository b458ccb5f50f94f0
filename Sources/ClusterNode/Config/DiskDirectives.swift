// Directives about keys on disk: the file's name, and after which changes it is saved; and how a node ends. Without
// a save point keys are saved only when somebody asks.

import ClusterCore

extension Directives {
    static let disk: [Directive] = [
        // For tests: a copy of the master's keys is read no faster than so many microseconds a key.
        number("key-load-delay", Int(Int32.min)...Int(Int32.max), \.stored.keyLoadDelay),
        // For tests as well: the same of a copy that goes to a replica or into a file, from its beginning on.
        number("rdb-key-save-delay", Int(Int32.min)...Int(Int32.max), \.stored.keySaveDelay),
        number("shutdown-timeout", 0...Int(Int32.max), \.stored.shutdownTimeout),
        flag("auto-failover-on-shutdown", \.handsOverAtEnd),
        leaving("shutdown-on-sigterm", \.onTerminate),
        leaving("shutdown-on-sigint", \.onInterrupt),
        Directive(name: "dbfilename", isMutable: false) { options, words throws(OptionError) in
            let name = try one(words)
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
                throw OptionError("dbfilename can't be a path, just a filename")
            }
            options.keysFile = name
        } get: {
            $0.keysFile
        },
        Directive(name: "save", isMutable: true) { options, words throws(OptionError) in
            // A line of a file adds to those before it; CONFIG SET says all points in one word.
            let isWhole = words.count == 1
            let parts = words.flatMap { $0.split(separator: " ").map(String.init) }
            guard parts.count % 2 == 0 else { throw OptionError("Invalid save parameters") }
            var points: [SavePoint] = []
            for index in stride(from: 0, to: parts.count, by: 2) {
                guard let seconds = Int(parts[index]), let changes = Int(parts[index + 1]),
                    seconds >= 1, seconds <= Int(Int32.max), changes >= 0
                else { throw OptionError("Invalid save parameters") }
                points.append(SavePoint(seconds: seconds, changes: changes))
            }
            options.savePoints = (isWhole ? [] : options.savePoints) + points
        } get: {
            $0.savePoints.map { "\($0.seconds) \($0.changes)" }.joined(separator: " ")
        },
    ]

    private static func leaving(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, LeavingWords> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            let parts = words.flatMap { $0.lowercased().split(separator: " ").map(String.init) }
            if parts == ["default"] { return [] }
            guard !parts.isEmpty, let known = LeavingWords(words: parts) else {
                throw OptionError("Invalid or contradicting words: they are those of SHUTDOWN")
            }
            return known
        } _: {
            $0.text
        }
    }
}
