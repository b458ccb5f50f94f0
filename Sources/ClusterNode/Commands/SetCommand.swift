// SET with its options, and its older forms with a time to live.

import ClusterCore
import RESP

enum SetCommand {
    private struct Options {
        var onlyMissing = false
        var onlyPresent = false
        var returnsOld = false
        var keepsExpiry = false
        var time: (word: Int, unit: TimeWord)?
    }

    static func run(_ client: Client, _ node: Node) {
        if client.count == 3 {
            StringCommands.store(client, node, key: 1, value: 2)
            return client.ok()
        }
        guard let options = parse(client) else { return client.syntaxError() }
        var expiry: Int64?
        if let time = options.time {
            switch time.unit.moment(client, at: time.word, node.store.now) {
            case .moment(let moment): expiry = moment
            case .noNumber: return client.noNumber()
            case .invalid: return client.error("ERR invalid expire time in 'set' command")
            }
        }
        let found = client.parser.lendArgument(1) { node.store.find($0) }
        if options.returnsOld {
            if let found {
                RESPWriter.bulk(node.store.value(found), to: &client.output)
            } else {
                client.null()
            }
        }
        guard !(options.onlyMissing && found != nil), !(options.onlyPresent && found == nil) else {
            if !options.returnsOld { client.null() }
            return
        }
        let number = StringCommands.store(
            client, node, key: 1, value: 2, keepingExpiry: options.keepsExpiry)
        if let expiry { ExpiryCommands.end(number, at: expiry, node) }
        if !options.returnsOld { client.ok() }
    }

    /// - Returns: nil when the words make no sense together.
    private static func parse(_ client: Client) -> Options? {
        var options = Options()
        var index = 3
        while index < client.count {
            let hasMore = index + 1 < client.count
            switch client.option(index) {
            case "nx" where !options.onlyPresent: options.onlyMissing = true
            case "xx" where !options.onlyMissing: options.onlyPresent = true
            case "get": options.returnsOld = true
            case "keepttl" where options.time == nil: options.keepsExpiry = true
            case let word where hasMore && options.time == nil && !options.keepsExpiry:
                guard let unit = TimeWord(rawValue: word) else { return nil }
                index += 1
                options.time = (index, unit)
            default: return nil
            }
            index += 1
        }
        return options
    }

    /// SETEX and PSETEX: the time stands before the value.
    static func withSeconds(_ client: Client, _ node: Node) { withTime(.seconds, client, node) }
    static func withMilliseconds(_ client: Client, _ node: Node) {
        withTime(.milliseconds, client, node)
    }

    private static func withTime(_ unit: TimeWord, _ client: Client, _ node: Node) {
        switch unit.moment(client, at: 2, node.store.now) {
        case .moment(let moment):
            let number = StringCommands.store(client, node, key: 1, value: 3)
            ExpiryCommands.end(number, at: moment, node)
            client.ok()
        case .noNumber: client.noNumber()
        case .invalid:
            let name = client.option(0)
            client.error("ERR invalid expire time in '\(name)' command")
        }
    }
}

/// The ways to say when a key ends.
enum TimeWord: String {
    case seconds = "ex"
    case milliseconds = "px"
    case secondsOfDay = "exat"
    case millisecondsOfDay = "pxat"

    enum Moment {
        case moment(Int64)
        case noNumber, invalid
    }

    /// The moment that a word names, in wall milliseconds; it must be above 0.
    func moment(_ client: Client, at index: Int, _ now: Int64) -> Moment {
        guard let number = client.number(index) else { return .noNumber }
        guard number > 0 else { return .invalid }
        return milliseconds(number, now).map { .moment($0) } ?? .invalid
    }

    /// nil when it does not fit.
    func milliseconds(_ number: Int64, _ now: Int64) -> Int64? {
        var value = number
        if self == .seconds || self == .secondsOfDay {
            let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
            guard !overflow else { return nil }
            value = product
        }
        guard self == .seconds || self == .milliseconds else { return value }
        let (sum, overflow) = value.addingReportingOverflow(now)
        return overflow ? nil : sum
    }
}
