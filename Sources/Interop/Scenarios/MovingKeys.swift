// Scenarios of keys that go along with their slots: payloads of ours at a server of the reference, theirs at ours,
// moved by redis-cli as operators do it, with times to live, and not one lost.

import ClusterClient
import ClusterWire
import RESP
import SystemIO

extension InteropScenario {
    static let movingKeys: [InteropScenario] = [
        InteropScenario(
            "keys-ours-to-theirs", "slots move with their keys from our master to theirs",
            needs: .redisCLI
        ) { context throws(InteropError) in
            try moveKeys(context, from: context.ours, to: context.theirs)
        },
        InteropScenario(
            "keys-theirs-to-ours", "slots move with their keys from their master to ours",
            needs: .redisCLI
        ) { context throws(InteropError) in
            try moveKeys(context, from: context.theirs, to: context.ours)
        },
    ]

    private static let keyCount = 1500
    private static let slotCount = 100

    private static func moveKeys(
        _ context: ScenarioContext, from source: ServerProgram, to target: ServerProgram
    ) throws(InteropError) {
        let cluster = try context.formed([source, target, context.theirs], masters: 3)
        let (from, to) = (cluster.nodes[0], cluster.nodes[1])
        // All lie in slots that move; one in seven ends some day, one is long.
        let keys = (0..<keyCount).map { "{\(tags[$0 % tags.count])}:\($0)" }
        for (index, key) in keys.enumerated() {
            let expiry = index % 7 == 0 ? ["PX", "100000000"] : []
            try expect(from, ["SET", key, value(index)] + expiry, is: .simple("OK"))
        }
        try context.redisCLI([
            "--cluster", "reshard", "\(from.address)", "--cluster-from",
            try from.text("CLUSTER", "MYID"), "--cluster-to", try to.text("CLUSTER", "MYID"),
            "--cluster-slots", "\(slotCount)", "--cluster-yes",
        ])
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try expect(from, ["DBSIZE"], is: .integer(0))
        try expect(to, ["DBSIZE"], is: .integer(Int64(keyCount)))
        for (index, key) in keys.enumerated() {
            try expect(to, ["GET", key], is: .bulk(Array(value(index).utf8)))
            let left = try to.ask(["PTTL", key]).number ?? -2
            try context.expect(
                index % 7 == 0 ? (99_000_000...100_000_000).contains(left) : left == -1,
                "\(key) has \(left) ms left")
        }
        try context.checkCluster(at: from)
    }

    /// Hash tags whose slots are the first ones of the first master, which redis-cli moves first.
    private static let tags: [String] = {
        var tags: [String] = []
        var number = 0
        while tags.count < 12 {
            if KeySlot.of(Array("{\(number)}".utf8)).index < slotCount { tags.append("\(number)") }
            number += 1
        }
        return tags
    }()

    /// Numbers, text that compresses, and text that is long.
    private static func value(_ index: Int) -> String {
        switch index % 5 {
        case 0: "\(index * 7919)"
        case 1: String(repeating: "ab", count: index)
        case 2 where index < 10: String(repeating: "x\(index)", count: 100_000)
        default: "value \(index)"
        }
    }

    private static func expect(
        _ node: ServerProcess, _ words: [String], is expected: RESPValue
    ) throws(InteropError) {
        let reply = try node.ask(words)
        guard reply != expected else { return }
        throw .refused(
            server: node.name, command: words.prefix(2).joined(separator: " "), reply: "\(reply)")
    }
}
