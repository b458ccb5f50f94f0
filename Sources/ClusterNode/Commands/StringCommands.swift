// Commands about the values of keys: reading and writing strings and numbers.

import ClusterCore
import ClusterWire
import RESP

enum StringCommands {
    static func get(_ client: Client, _ node: Node) {
        guard let number = client.parser.lendArgument(1, { node.store.look($0) }) else {
            return client.null()
        }
        RESPWriter.bulk(node.store.value(number), to: &client.output)
    }

    static func getMany(_ client: Client, _ node: Node) {
        RESPWriter.arrayHeader(client.count - 1, to: &client.output)
        for index in 1..<client.count {
            if let number = client.parser.lendArgument(index, { node.store.look($0) }) {
                RESPWriter.bulk(node.store.value(number), to: &client.output)
            } else {
                client.null()
            }
        }
    }

    static func setMany(_ client: Client, _ node: Node) {
        guard client.count % 2 == 1 else {
            return client.error("ERR wrong number of arguments for 'mset' command")
        }
        for index in stride(from: 1, to: client.count, by: 2) {
            store(client, node, key: index, value: index + 1)
        }
        client.ok()
    }

    /// Sets a key to a value, both by their places in the request.
    @discardableResult
    static func store(
        _ client: Client, _ node: Node, key: Int, value: Int, keepingExpiry: Bool = false
    ) -> Int {
        let (store, slot) = (node.store, client.slot)
        return client.parser.lendArguments(key, value) { key, value in
            store.set(key, in: slot, to: value, keepingExpiry: keepingExpiry)
        }
    }

    static func setIfMissing(_ client: Client, _ node: Node) {
        guard client.parser.lendArgument(1, { node.store.find($0) }) == nil else {
            return client.integer(0)
        }
        store(client, node, key: 1, value: 2)
        client.integer(1)
    }

    static func getAndSet(_ client: Client, _ node: Node) {
        get(client, node)
        store(client, node, key: 1, value: 2)
    }

    static func getAndDelete(_ client: Client, _ node: Node) {
        get(client, node)
        if let number = client.parser.lendArgument(1, { node.store.find($0) }) {
            node.store.remove(number)
        }
    }

    static func length(_ client: Client, _ node: Node) {
        let number = client.parser.lendArgument(1) { node.store.look($0) }
        client.integer(number.map { Int64(node.store.value($0).count) } ?? 0)
    }

    static func append(_ client: Client, _ node: Node) {
        guard let number = client.parser.lendArgument(1, { node.store.find($0) }) else {
            let number = store(client, node, key: 1, value: 2)
            return client.integer(Int64(node.store.value(number).count))
        }
        let added = client.parser.lendArgument(2) { $0.count }
        guard node.store.value(number).count + added <= node.options.largestBulk else {
            return client.error(
                "ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        client.parser.lendArgument(2) { node.store.append(to: number, $0) }
        client.integer(Int64(node.store.value(number).count))
    }

    // MARK: - Numbers

    static func increment(_ client: Client, _ node: Node) { add(1, client, node) }
    static func decrement(_ client: Client, _ node: Node) { add(-1, client, node) }

    static func incrementBy(_ client: Client, _ node: Node) {
        guard let number = client.number(2) else { return client.noNumber() }
        add(number, client, node)
    }

    static func decrementBy(_ client: Client, _ node: Node) {
        guard let number = client.number(2) else { return client.noNumber() }
        guard number != .min else { return client.error("ERR decrement would overflow") }
        add(-number, client, node)
    }

    private static func add(_ difference: Int64, _ client: Client, _ node: Node) {
        let found = client.parser.lendArgument(1) { node.store.find($0) }
        var old: Int64 = 0
        if let found {
            let value = node.store.value(found)
            guard let number = strictInteger(value.span) else { return client.noNumber() }
            old = number
        }
        let (sum, overflow) = old.addingReportingOverflow(difference)
        guard !overflow else {
            return client.error("ERR increment or decrement would overflow")
        }
        var text: [UInt8] = []
        RESPNumber.append(sum, to: &text)
        if let found {
            node.store.setValue(of: found, text.span)
        } else {
            let bytes = text
            _ = client.parser.lendArgument(1) {
                node.store.set($0, in: client.slot, to: bytes.span)
            }
        }
        client.integer(sum)
    }
}
