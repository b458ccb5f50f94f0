// Commands about when keys end.

import ClusterCore
import RESP

enum ExpiryCommands {
    /// Lets a key end; at once when the moment is past.
    static func end(_ number: Int, at moment: Int64, _ node: Node) {
        if moment <= node.store.now {
            node.store.remove(number)
        } else {
            node.store.setExpiry(of: number, moment)
        }
    }

    static func expire(_ client: Client, _ node: Node) { set(.seconds, client, node) }
    static func expireMilliseconds(_ client: Client, _ node: Node) {
        set(.milliseconds, client, node)
    }
    static func expireAt(_ client: Client, _ node: Node) { set(.secondsOfDay, client, node) }
    static func expireAtMilliseconds(_ client: Client, _ node: Node) {
        set(.millisecondsOfDay, client, node)
    }

    private struct Conditions: OptionSet {
        let rawValue: UInt8
        static let none = Conditions(rawValue: 1)
        static let some = Conditions(rawValue: 2)
        static let later = Conditions(rawValue: 4)
        static let earlier = Conditions(rawValue: 8)
    }

    private static func set(_ unit: TimeWord, _ client: Client, _ node: Node) {
        var conditions: Conditions = []
        for index in 3..<max(3, client.count) {
            switch client.option(index) {
            case "nx": conditions.insert(.none)
            case "xx": conditions.insert(.some)
            case "gt": conditions.insert(.later)
            case "lt": conditions.insert(.earlier)
            default: return client.error("ERR Unsupported option \(client.text(index))")
            }
        }
        if conditions.contains(.none) && conditions != .none {
            return client.error(
                "ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        if conditions.isSuperset(of: [.later, .earlier]) {
            return client.error("ERR GT and LT options at the same time are not compatible")
        }
        guard let value = client.number(2) else { return client.noNumber() }
        guard let moment = unit.milliseconds(value, node.store.now) else {
            return client.error("ERR invalid expire time in '\(client.option(0))' command")
        }
        guard let number = client.parser.lendArgument(1, { node.store.find($0) }) else {
            return client.integer(0)
        }
        guard holds(conditions, node.store.expiry(number), moment) else {
            return client.integer(0)
        }
        end(number, at: moment, node)
        client.integer(1)
    }

    /// A key without an end counts as one that ends after all others.
    private static func holds(_ conditions: Conditions, _ old: Int64?, _ new: Int64) -> Bool {
        if conditions.contains(.none) && old != nil { return false }
        if conditions.contains(.some) && old == nil { return false }
        if conditions.contains(.later) && new <= old ?? .max { return false }
        if conditions.contains(.earlier), let old, new >= old { return false }
        return true
    }

    static func seconds(_ client: Client, _ node: Node) {
        tell(client, node) { (max(0, $0 - node.store.now) + 500) / 1000 }
    }

    static func milliseconds(_ client: Client, _ node: Node) {
        tell(client, node) { max(0, $0 - node.store.now) }
    }

    static func endSeconds(_ client: Client, _ node: Node) {
        tell(client, node) { ($0 + 500) / 1000 }
    }

    static func endMilliseconds(_ client: Client, _ node: Node) { tell(client, node) { $0 } }

    private static func tell(_ client: Client, _ node: Node, _ form: (Int64) -> Int64) {
        guard let number = client.parser.lendArgument(1, { node.store.look($0) }) else {
            return client.integer(-2)
        }
        client.integer(node.store.expiry(number).map(form) ?? -1)
    }

    static func persist(_ client: Client, _ node: Node) {
        guard let number = client.parser.lendArgument(1, { node.store.find($0) }),
            node.store.expiry(number) != nil
        else { return client.integer(0) }
        node.store.setExpiry(of: number, nil)
        client.integer(1)
    }
}
