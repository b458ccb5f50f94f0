// Keys of every form that a copy must carry, random writes on them, and the comparison of two servers key by key:
// values, and how long they still live. All of it follows from a seed.

import RESP

/// The data of one play.
struct ReplicatedData {
    let keyCount: Int
    let seed: UInt64
    private var state: UInt64
    /// The keys that there may be.
    private(set) var keys: [[UInt8]] = []

    /// Bytes of the largest values, and of how many keys one has such a value.
    private static let largeBytes = 1 << 20
    private static let keysPerLarge = 20_000
    /// How far two servers may differ in what is left of a key's time: they are asked one after the other.
    private static let timeSlack: Int64 = 5000

    init(keyCount: Int, seed: UInt64 = SystemRandomNumberGenerator().draw()) {
        self.keyCount = keyCount
        self.seed = seed
        state = seed
        keys = (0..<keyCount).map(Self.key)
    }

    /// A number below the limit.
    mutating func draw(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, limit)))
    }

    private static func key(_ index: Int) -> [UInt8] {
        // Some names are no text.
        let bytes: [UInt8] = index % 17 == 0 ? [0, 13, 10, 255, 36, 42] : []
        return Array("key:\(index)".utf8) + bytes
    }

    private mutating func value(_ index: Int) -> [UInt8] {
        if index % Self.keysPerLarge == 7 {
            return (0..<Self.largeBytes).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        }
        switch index % 5 {
        case 0: return Array("\(index &* 7919 &- 5_000_000)".utf8)
        case 1: return Array(String(repeating: "abcabc", count: 5 + draw(60)).utf8)
        case 2: return (0..<(1 + draw(300))).map { _ in UInt8(draw(256)) }
        case 3: return Array("value of \(index)".utf8)
        default: return draw(9) == 0 ? [] : Array("\(draw(1 << 30))".utf8)
        }
    }

    // MARK: - Writing

    private static func words(_ text: String...) -> [[UInt8]] { text.map { Array($0.utf8) } }

    /// Writes all keys.
    mutating func fill(_ server: ServerProcess) throws(InteropError) {
        let client = try DataClient(server)
        var commands: [[[UInt8]]] = []
        for index in 0..<keyCount {
            var command = [Array("SET".utf8), keys[index], value(index)]
            if index % 10 == 3 { command += Self.words("PX", "\(3_600_000 + draw(1 << 20))") }
            commands.append(command)
            if commands.count == 2000 || index == keyCount - 1 {
                try Self.run(commands, client, server)
                commands = []
            }
        }
    }

    private static func run(
        _ commands: [[[UInt8]]], _ client: DataClient, _ server: ServerProcess
    ) throws(InteropError) {
        for (index, reply) in try client.exchange(commands).enumerated() {
            // Some writes meet a value that is no number, which changes nothing.
            guard case .error(let text) = reply, !text.hasPrefix("ERR value is not a"),
                !text.hasPrefix("ERR increment")
            else { continue }
            let name = String(decoding: commands[index][0], as: UTF8.self)
            throw .refused(server: server.name, command: name, reply: text)
        }
    }

    /// Random writes, in which all kinds of change occur.
    mutating func write(_ count: Int, to server: ServerProcess) throws(InteropError) {
        let client = try DataClient(server)
        var commands: [[[UInt8]]] = []
        for _ in 0..<count { commands += change() }
        try Self.run(commands, client, server)
    }

    private mutating func change() -> [[[UInt8]]] {
        let index = draw(keyCount)
        let key = keys[index]
        func on(_ name: String, _ rest: String...) -> [[[UInt8]]] {
            [[Array(name.utf8), key] + rest.map { Array($0.utf8) }]
        }
        switch draw(14) {
        case 0, 1, 2: return [[Array("SET".utf8), key, value(draw(keyCount))]]
        case 3: return on("SET", "for a while", "EX", "\(1000 + draw(1000))")
        case 4: return on("INCR")
        case 5: return on("APPEND", "\(draw(1000))")
        case 6: return on("DEL")
        case 7: return on("PEXPIRE", "\(1_000_000 + draw(1_000_000))")
        case 8: return on("PERSIST")
        case 9: return on("GETSET", "other \(draw(1000))")
        case 10: return on("SET", "kept", "KEEPTTL")
        case 11: return on("SETNX", "new")
        case 12: return on("UNLINK")
        default:
            return [Self.words("MULTI")] + on("SET", "1") + on("INCRBY", "41")
                + on("PEXPIRE", "\(2_000_000 + draw(1000))") + [Self.words("EXEC")]
        }
    }

    // MARK: - Comparing

    /// The first difference between two servers; nil when they hold the same.
    func difference(
        _ first: ServerProcess, _ second: ServerProcess
    ) throws(InteropError) -> String? {
        let clients = [try DataClient(first), try DataClient(second)]
        for client in clients { _ = try client.ask("READONLY") }
        let sizes = [try clients[0].ask("DBSIZE"), try clients[1].ask("DBSIZE")]
        guard sizes[0] == sizes[1] else {
            return "\(first.name) holds \(sizes[0]) keys, \(second.name) \(sizes[1])"
        }
        for start in stride(from: 0, to: keys.count, by: 1000) {
            let some = keys[start..<min(keys.count, start + 1000)]
            let questions = some.flatMap {
                [[Array("GET".utf8), $0], [Array("PTTL".utf8), $0]]
            }
            let one = try clients[0].exchange(questions)
            let other = try clients[1].exchange(questions)
            for index in one.indices where !Self.agree(one[index], other[index]) {
                let key = some[some.startIndex + index / 2]
                let name = String(decoding: key, as: UTF8.self)
                return "\(name): \(Self.shown(one[index])) at \(first.name), "
                    + "\(Self.shown(other[index])) at \(second.name)"
            }
        }
        return nil
    }

    private static func shown(_ value: RESPValue) -> String { "\("\(value)".prefix(120))" }

    private static func agree(_ one: RESPValue, _ other: RESPValue) -> Bool {
        guard case .integer(let left) = one, case .integer(let right) = other, left > 0, right > 0
        else { return one == other }
        return abs(left - right) <= timeSlack
    }
}

extension SystemRandomNumberGenerator {
    fileprivate func draw() -> UInt64 {
        var generator = self
        return generator.next()
    }
}
