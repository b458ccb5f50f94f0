// Commands on keys as a client of a node would send them, against a store alone.

import ClusterWire
import DataPlane
import RESP

/// A store, and one client of it.
struct KeyClient {
    let store = MemoryStore(seed: 1)
    /// Whether long requests are put off; how often the last one was.
    var mayPause = false
    private(set) var pauses = 0
    private let requests = RequestSource()
    private let replies = ReplyWriter()

    init(mayPause: Bool = false) {
        self.mayPause = mayPause
        store.now = 1_000_000
        store.valueLimit = 512 << 20
    }

    /// What is sent to replicas from now on is kept.
    func follow() { store.log.activate() }

    /// All that replicas were sent, without the choice of the database.
    var sent: [[String]] {
        var parser = RequestParser()
        var offset = store.log.kept?.first ?? 0
        while offset <= store.log.offset {
            let count = store.log.lend(from: offset) { bytes in
                parser.feed(bytes)
                return bytes.count
            }
            guard let count, count > 0 else { break }
            offset += count
        }
        var list: [[String]] = []
        while let words = try? parser.nextArguments() {
            list.append(words.map { String(decoding: $0, as: UTF8.self) })
        }
        return list.filter { $0.first != "SELECT" }
    }

    /// Runs a request, as often as it takes, and gives its reply.
    /// - Parameter between: is done while the request is put off.
    mutating func ask(
        _ body: (KeyContext) -> CommandResult, _ words: [[UInt8]],
        between: (MemoryStore) -> Void = { _ in }
    ) throws -> RESPValue? {
        pauses = 0
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        requests.feed(bytes)
        guard try requests.next() else { return nil }
        if words.count > 1 { requests.slot = KeySlot.of(words[1]) }
        let frame = CommandFrame(requests, replies, store, mayPause: mayPause)
        replies.removeAll(keepingUpTo: 0)
        let changes = store.changes
        runs: while true {
            switch body(KeyContext(frame)) {
            case .replied, .wroteError: break runs
            case .failed(let error):
                replies.error(error.text)
                break runs
            case .unfinished:
                pauses += 1
                between(store)
            }
        }
        if store.changes != changes { frame.replicate() }
        var parser = ReplyParser()
        replies.lend { parser.feed($0) }
        return try parser.next()
    }

    mutating func ask(
        _ body: (KeyContext) -> CommandResult, _ words: String..., payload: [UInt8]? = nil
    ) throws -> RESPValue? {
        // "?" stands for the payload.
        try ask(body, words.map { $0 == "?" ? payload ?? [] : Array($0.utf8) })
    }

    @discardableResult
    func set(_ key: String, _ value: [UInt8], until expiry: Int64? = nil) -> Int {
        let key = Array(key.utf8)
        let number = store.set(key.span, in: KeySlot.of(key), to: value.span)
        if let expiry { store.setExpiry(of: number, expiry) }
        return number
    }

    func value(_ key: String) -> [UInt8]? {
        store.find(Array(key.utf8).span).map { store.value($0) }
    }

    func expiry(_ key: String) -> Int64? {
        store.find(Array(key.utf8).span).flatMap { store.expiry($0) }
    }
}
