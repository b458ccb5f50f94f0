// Logins that failed: how many, and of the newest when, as whom and from where. ACL LOG tells of them. A
// password is never kept, and many failures in a row cost no more than one.

import DataPlane
import RESP

/// Logins that failed.
struct AccessLog {
    private struct Entry {
        var number: Int64
        var count: Int64 = 1
        let isQueued: Bool
        /// The command as it was spelled.
        let command: String
        let user: String
        /// Wall milliseconds of the first and the last.
        let createdAt: Int64
        var updatedAt: Int64
        /// As CLIENT LIST has it, of the last or of one within a second before.
        var client: String
    }

    /// Since the start.
    private(set) var failures: UInt64 = 0
    /// The newest first.
    private var entries: [Entry] = []
    private var nextNumber: Int64 = 0

    private static let mostEntries = 128
    /// Entries that are looked at for one that is like the next, and how old that may be.
    private static let mostCompared = 10
    private static let groupMilliseconds: Int64 = 60_000
    private static let lineMilliseconds: Int64 = 1000
    /// Bytes of a name that are kept.
    private static let mostBytes = 128

    /// A login failed.
    /// - Parameter line: who tried, as CLIENT LIST has it.
    mutating func failed(
        as user: [UInt8], by command: String, isQueued: Bool, at wall: Int64, line: () -> String
    ) {
        failures &+= 1
        let user = String(decoding: user.prefix(Self.mostBytes), as: UTF8.self)
        let same = entries.prefix(Self.mostCompared).firstIndex {
            $0.user == user && $0.command == command && $0.isQueued == isQueued
                && wall - $0.updatedAt <= Self.groupMilliseconds
        }
        guard let same else {
            if entries.count == Self.mostEntries { entries.removeLast() }
            let entry = Entry(
                number: nextNumber, isQueued: isQueued, command: command, user: user,
                createdAt: wall, updatedAt: wall, client: line())
            nextNumber += 1
            return entries.insert(entry, at: 0)
        }
        var entry = entries.remove(at: same)
        if wall - entry.updatedAt >= Self.lineMilliseconds { entry.client = line() }
        entry.count &+= 1
        entry.updatedAt = wall
        entries.insert(entry, at: 0)
    }

    mutating func removeAll() { entries = [] }

    /// Writes the newest of them.
    func write(_ count: Int, at wall: Int64, to reply: ReplyWriter) {
        let shown = entries.prefix(max(0, count))
        reply.arrayHeader(shown.count)
        for entry in shown {
            reply.mapHeader(10)
            reply.bulk("count")
            reply.integer(entry.count)
            for (key, value) in [
                ("reason", "auth"), ("context", entry.isQueued ? "multi" : "toplevel"),
                ("object", entry.command), ("username", entry.user),
            ] {
                reply.bulk(key)
                reply.bulk(value)
            }
            reply.bulk("age-seconds")
            let age = Double(max(0, wall - entry.createdAt)) / 1000
            reply.double(age)
            reply.bulk("client-info")
            reply.bulk(entry.client)
            for (key, value) in [
                ("entry-id", entry.number), ("timestamp-created", entry.createdAt),
                ("timestamp-last-updated", entry.updatedAt),
            ] {
                reply.bulk(key)
                reply.integer(value)
            }
        }
    }
}
