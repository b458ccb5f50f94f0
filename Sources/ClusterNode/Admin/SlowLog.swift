// Commands that took long: when, how long, what was asked and by whom. Passwords are
// never kept, also not wrong ones. SLOWLOG tells of them.

import ClusterCore
import DataPlane
import RESP

/// The slow log of a request.node.
final class SlowLog {
    /// One command that took long.
    private struct Entry {
        var number: Int64
        /// Wall seconds.
        var at: Int64
        var microseconds: Int64
        var words: [String]
        var peer: String
        var name: String
    }

    /// The oldest first; some more than are told, so that room is not made for each.
    private var entries: [Entry] = []
    private var nextNumber: Int64 = 0
    private var limit = 0
    /// Nanoseconds from which on a command is kept; no command takes the greatest of them.
    private(set) var threshold = Int64.max

    /// Words of a command that are kept, and bytes of each.
    private static let mostWords = 32
    private static let mostBytes = 128

    func configure(_ options: NodeOptions) {
        limit = options.slowLogLength
        guard let microseconds = options.slowLogThreshold, limit > 0 else {
            threshold = .max
            return
        }
        let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 1000)
        threshold = overflows ? .max : nanoseconds
    }

    /// Keeps the command that `request` stands at.
    func keep(
        _ spec: CommandSpec, _ request: RequestSource, of client: Client, nanoseconds: Int64,
        at wall: Int64
    ) {
        guard !spec.flags.contains(.skipSlowLog) else { return }
        entries.append(
            Entry(
                number: nextNumber, at: wall / 1000, microseconds: nanoseconds / 1000,
                words: Self.words(spec, request), peer: client.origin.peer,
                name: client.session.name))
        nextNumber += 1
        if entries.count / 2 > limit { entries.removeFirst(entries.count - limit) }
    }

    private static func words(_ spec: CommandSpec, _ request: RequestSource) -> [String] {
        let shown = request.count > mostWords ? mostWords - 1 : request.count
        let secret = secrets(spec, request)
        var words = (0..<shown).map { secret.contains($0) ? "(redacted)" : word($0, request) }
        if request.count > shown { words.append("... (\(request.count - shown) more arguments)") }
        return words
    }

    private static func word(_ index: Int, _ request: RequestSource) -> String {
        request.withWord(index) { word in
            // A word may have half a gigabyte: what is not shown is not copied.
            var shown: [UInt8] = []
            for place in 0..<min(word.count, mostBytes) { shown.append(word[place]) }
            let text = String(decoding: shown, as: UTF8.self)
            return word.count > mostBytes
                ? text + "... (\(word.count - mostBytes) more bytes)" : text
        }
    }

    private static let secretSettings: Set<String> = [
        "requirepass", "masterauth", "primaryauth", "masteruser", "primaryuser",
        "tls-key-file-pass", "tls-client-key-file-pass",
    ]

    /// The places of words that may be a password or a user's name.
    private static func secrets(_ spec: CommandSpec, _ request: RequestSource) -> Set<Int> {
        switch spec.fullName {
        case "auth": return Set(1..<max(1, request.count))
        case "hello", "migrate":
            let words = ["auth", "auth2"]
            return Set(
                (1..<request.count).filter { words.contains(request.option($0)) }
                    .flatMap { [$0 + 1, $0 + 2] })
        case "config|set":
            return Set(
                stride(from: 2, to: request.count - 1, by: 2)
                    .filter { secretSettings.contains(request.option($0)) }.map { $0 + 1 })
        default: return []
        }
    }

    // MARK: - SLOWLOG

    var count: Int { min(limit, entries.count) }

    func removeAll() { entries = [] }

    func newest(_ count: Int) -> AdminReply {
        .list(
            entries.suffix(min(count, limit)).reversed().map { entry in
                .list([
                    .integer(entry.number), .integer(entry.at), .integer(entry.microseconds),
                    .list(entry.words.map { .bulk($0) }), .bulk(entry.peer), .bulk(entry.name),
                ])
            })
    }
}

enum SlowLogCommand {
    private static let usualCount: Int64 = 10

    static func run(_ context: ServerContext) -> CommandResult {
        switch context.option(1) {
        case "get": return get(context)
        case "len": return context.integer(Int64(context.node.slowLog.count))
        case "reset":
            context.node.slowLog.removeAll()
            return context.ok()
        case "help": return Help.reply(context)
        default: return context.unknownSubcommand(of: "slowlog")
        }
    }

    private static func get(_ context: ServerContext) -> CommandResult {
        guard context.count <= 3 else { return context.wrongWords(of: "slowlog") }
        guard let count = context.count == 3 ? context.number(2) : usualCount, count >= -1 else {
            return .error("ERR count should be greater than or equal to -1")
        }
        let most = count == -1 ? Int.max : Int(clamping: count)
        return context.answer(context.node.slowLog.newest(most))
    }
}
