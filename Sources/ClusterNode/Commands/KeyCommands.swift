// Commands about keys, whatever their values: which there are, and that they go.

import ClusterCore
import RESP

enum KeyCommands {
    static func delete(_ client: Client, _ node: Node) {
        var removed: Int64 = 0
        for index in 1..<client.count {
            guard let number = client.parser.lendArgument(index, { node.store.find($0) }) else {
                continue
            }
            node.store.remove(number)
            removed += 1
        }
        client.integer(removed)
    }

    static func exists(_ client: Client, _ node: Node) {
        var found: Int64 = 0
        for index in 1..<client.count
        where client.parser.lendArgument(index, { node.store.look($0) }) != nil {
            found += 1
        }
        client.integer(found)
    }

    static func type(_ client: Client, _ node: Node) {
        let number = client.parser.lendArgument(1) { node.store.look($0) }
        RESPWriter.simple(number == nil ? "none" : "string", to: &client.output)
    }

    static func keys(_ client: Client, _ node: Node) {
        let pattern = client.bytes(1)
        let takesAll = pattern == [UInt8(ascii: "*")]
        var found: [Int] = []
        node.store.visit { number in
            if takesAll || Glob.matches(node.store.key(number), pattern) { found.append(number) }
        }
        RESPWriter.arrayHeader(found.count, to: &client.output)
        for number in found { RESPWriter.bulk(node.store.key(number), to: &client.output) }
    }

    static func size(_ client: Client, _ node: Node) { client.integer(Int64(node.store.count)) }

    static func random(_ client: Client, _ node: Node) {
        guard let number = node.store.anyKey() else { return client.null() }
        RESPWriter.bulk(node.store.key(number), to: &client.output)
    }

    static func flush(_ client: Client, _ node: Node) {
        if client.count > 2 { return client.syntaxError() }
        if client.count == 2, client.option(1) != "sync", client.option(1) != "async" {
            return client.syntaxError()
        }
        node.store.removeAll()
        client.ok()
    }

    // MARK: - SCAN

    /// The most keys that are looked at in one call, whatever was asked for.
    private static let largestScan = 1_000_000

    /// A number below 0 counts back from the end of the range, as in C.
    private static func cursor(_ text: String) -> UInt64? {
        guard text.utf8.first == UInt8(ascii: "-") else { return UInt64(text) }
        return UInt64(text.dropFirst()).map { 0 &- $0 }
    }

    static func scan(_ client: Client, _ node: Node) {
        guard let cursor = cursor(client.text(1)) else {
            return client.error("ERR invalid cursor")
        }
        var count = 10
        var pattern: [UInt8]?
        var isOtherType = false
        var index = 2
        while index < client.count {
            guard index + 1 < client.count else { return client.syntaxError() }
            switch client.option(index) {
            case "count":
                guard let number = client.number(index + 1) else { return client.noNumber() }
                guard number >= 1 else { return client.syntaxError() }
                count = Int(min(number, Int64(largestScan)))
            case "match":
                let bytes = client.bytes(index + 1)
                pattern = bytes == [UInt8(ascii: "*")] ? nil : bytes
            case "type": isOtherType = client.option(index + 1) != "string"
            default: return client.syntaxError()
            }
            index += 2
        }
        var (next, numbers) = node.store.scan(from: cursor, count: count)
        if isOtherType { numbers = [] }
        if let pattern { numbers.removeAll { !Glob.matches(node.store.key($0), pattern) } }
        RESPWriter.arrayHeader(2, to: &client.output)
        client.bulk(String(next))
        RESPWriter.arrayHeader(numbers.count, to: &client.output)
        for number in numbers { RESPWriter.bulk(node.store.key(number), to: &client.output) }
    }
}
