// What replicas are sent in place of commands on strings, and that copies stay the same by it.

import Determinism
import TestSupport
import Testing

@testable import DataPlane

@Suite struct StringStreamTests {
    /// What goes to replicas for the last of these commands, a command a line.
    private func stream(of commands: [String]) -> [String] {
        let server = TestServer(7000, seed: 1)
        server.store.now = 1_000_000
        server.store.log.activate()
        var start = 1
        for command in commands {
            start = server.store.log.offset + 1
            server.run(line: command)
        }
        var bytes: [UInt8] = []
        while let piece = server.store.log.lend(
            from: start + bytes.count, { span in span.indices.map { span[$0] } })
        {
            bytes += piece
        }
        return Self.lines(bytes).filter { $0 != "SELECT 0" }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        let source = RequestSource()
        source.feed(bytes)
        var lines: [String] = []
        while (try? source.next()) == true {
            lines.append((0..<source.count).map { source.text($0) }.joined(separator: " "))
        }
        return lines
    }

    @Test(arguments: [
        (["set k v", "getex k"], []),
        (["set k v", "getex k ex 10"], ["PEXPIREAT k 1010000"]),
        (["set k v", "getex k pxat 2000000"], ["PEXPIREAT k 2000000"]),
        (["set k v", "getex k exat 1"], ["DEL k"]),
        (["set k v ex 10", "getex k persist"], ["PERSIST k"]),
        (["set k v", "getex k persist"], []),
        (["getex k ex 10"], []),
        (["set k 1 ex 10", "incrbyfloat k 0.5"], ["SET k 1.5 KEEPTTL"]),
        (["set k 1", "set k 2 ifeq 1"], ["SET k 2"]),
        (["set k 1", "set k 2 ifeq 1 px 5"], ["SET k 2 PXAT 1000005"]),
        (["set k 1", "set k 2 ifeq 3"], []),
        (["set k 1", "delifeq k 1"], ["DEL k"]),
        (["set k 1", "delifeq k 2"], []),
        (
            ["msetex 2 k 1 {k}l 2 ex 10"],
            ["MULTI", "SET k 1 PXAT 1010000", "SET {k}l 2 PXAT 1010000", "EXEC"]
        ),
        (
            ["msetex 2 k 1 {k}l 2 keepttl"],
            ["MULTI", "SET k 1 KEEPTTL", "SET {k}l 2 KEEPTTL", "EXEC"]
        ),
        (["msetex 1 k 1"], ["SET k 1"]),
        (["msetex 1 k 1 exat 1"], ["DEL k"]),
        (["set k 1", "msetex 2 k 1 {k}l 2 nx"], []),
        (["msetnx k 1 {k}l 2"], ["msetnx k 1 {k}l 2"]),
        (["set {k}l 1", "msetnx k 1 {k}l 2"], []),
        (["set k v", "rename k {k}l"], ["rename k {k}l"]),
        (["set k v", "rename k k"], []),
        (["set k v", "set {k}l v", "renamenx k {k}l"], []),
        (["set k v", "copy k {k}l"], ["copy k {k}l"]),
        (["set k v", "set {k}l v", "copy k {k}l"], []),
        (["set k v", "copy k {k}l replace"], ["copy k {k}l replace"]),
        (["setrange k 3 x"], ["setrange k 3 x"]),
        (["setbit k 3 1"], ["setbit k 3 1"]),
        (["setbit k 3 1", "setbit k 3 1"], []),
        (["setbit k 3 1", "setbit k 9 0"], ["setbit k 9 0"]),
        (["bitfield k get u8 0"], []),
        (["bitfield k set u8 0 1"], ["bitfield k set u8 0 1"]),
        (["bitfield k overflow fail set u8 0 300"], []),
        (["set k v", "bitop not {k}l k"], ["bitop not {k}l k"]),
        (["set {k}l v", "bitop not {k}l k"], ["DEL {k}l"]),
        (["bitop not {k}l k"], []),
    ])
    func `replicas are sent what became of a command, or nothing`(
        commands: [String], expected: [String]
    ) {
        #expect(stream(of: commands) == expected, "\(commands)")
    }

    @Test func `a key whose end passed on the way to a replica stays until its master ends it`() {
        let shard = TestShard(2)
        shard.follow(1, 0)
        shard.pass(ticks: 20)
        shard[0].run(line: "set k 1 px 50")
        shard[0].run(line: "pexpire k 60")
        shard[0].run(line: "rename k {k}2")
        shard.pass(ticks: 1)
        #expect(shard[1].keys == ["{k}2=1@\(shard.now - 40)"])
        shard.pass(ticks: 1)
        shard[0].store.sweep()
        shard.pass(ticks: 1)
        #expect(shard[1].keys == [])
    }

    @Test func `BITFIELD lengthens a value for what did not fit, if it wrote something`() {
        let server = TestServer(7000, seed: 1)
        server.run(line: "bitfield k overflow fail set u8 800 300")
        #expect(server.keys == [])
        server.run(line: "bitfield k set u8 0 97 overflow fail set u8 16 300")
        #expect(server.keys == ["k=a\0\0@-1"])
    }

    @Test func `a transaction that holds MSETEX goes out as one`() {
        let server = TestServer(7000, seed: 1)
        server.store.log.activate()
        server.store.log.beginTransaction()
        server.run(line: "msetex 2 k 1 {k}l 2")
        server.run(line: "incr k")
        server.store.log.endTransaction()
        let bytes = server.store.log.lend(from: 1) { span in span.indices.map { span[$0] } }
        #expect(
            Self.lines(bytes ?? []) == [
                "SELECT 0", "MULTI", "SET k 1", "SET {k}l 2", "incr k", "EXEC",
            ])
    }

    @Test(arguments: [1, 2, 3]) func `a replica holds what its master holds`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let shard = TestShard(2)
        shard.follow(1, 0)
        shard.pass(ticks: 20)
        for _ in 0..<3000 {
            shard[0].run(line: Self.command(&random))
            if random.below(20) == 0 { shard.pass(ticks: 1) }
        }
        shard.pass(ticks: 2)
        #expect(!shard[0].keys.isEmpty)
        #expect(shard[1].keys == shard[0].keys, "seed \(seed): \(shard[1].notes)")
        #expect(shard[1].store.log.offset == shard[0].store.log.offset)
    }

    /// Words in which K is a key and N a number.
    private static let forms = [
        "set K N ex 1", "set K N", "set K N ifeq N", "getex K px N", "getex K persist",
        "incrbyfloat K 0.N", "incrbyfloat K -N.25", "setrange K N abc", "setbit K N 1",
        "setbit K N 0", "bitfield K set u7 N N incrby i9 N N", "bitop xor K K K", "bitop not K K",
        "rename K K", "renamenx K K", "copy K K replace", "copy K K", "msetnx K N K N",
        "msetex 2 K N K N px N", "msetex 2 K N K N xx keepttl", "delifeq K N", "append K N",
        "getdel K", "mset K N K N", "incr K", "del K",
    ]

    private static func command(_ random: inout SplitMix64) -> String {
        let form = forms[random.below(forms.count)]
        return form.split(separator: " ").map { word in
            word.map { letter in
                switch letter {
                case "K": "{k}\(random.below(8))"
                case "N": "\(random.below(300))"
                default: String(letter)
                }
            }.joined()
        }.joined(separator: " ")
    }
}

extension TestServer {
    /// Runs words with spaces between them.
    @discardableResult
    fileprivate func run(line: String) -> String {
        run(line.split(separator: " ").map(String.init))
    }
}
