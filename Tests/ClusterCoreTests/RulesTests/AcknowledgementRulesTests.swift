// Which save a command waits for before it is answered, and what is said while saves fail.

import ClusterWire
import Testing

@testable import ClusterCore

struct AcknowledgementRulesTests {
    static let shape =
        "m myself,master - 1 0-10\nb master - 2 500-600\nc master - 3 700-16383"

    /// The save that each reply of a step waits for.
    private static func waits(_ outcome: Outcome) -> [Generation?] {
        outcome.effects.compactMap { if case .reply(_, _, let save) = $0 { save } else { nil } }
    }

    @Test(arguments: [
        "addslots 11", "addslotsrange 20 30", "delslots 5", "delslotsrange 1 3", "flushslots",
        "setslot 5 migrating \(id("b"))", "setslot 500 importing \(id("b"))", "setslot 5 stable",
        "setslot 5 node \(id("b"))", "bumpepoch", "forget \(id("b"))", "reset", "reset hard",
        "saveconfig",
    ])
    func `a command that changes nodes.conf is answered after the save of its step`(
        _ command: String
    ) {
        var node = TestNode(Self.shape)
        node.disk = .slow
        let outcome = node.command(command)
        #expect(outcome.saves.count == 1)
        #expect(Self.waits(outcome) == [outcome.saves.first?.generation])
    }

    @Test func `so are those of a replica and of a node alone`() {
        var replica = TestNode("m myself,slave b 2\nb master - 2 0-16383")
        for command in ["failover takeover", "replicate \(id("b"))"] {
            let outcome = replica.command(command)
            if command == "failover takeover" {
                #expect(Self.waits(outcome) == [outcome.saves.first?.generation])
            }
        }
        var alone = TestNode("m myself,master - 0")
        let outcome = alone.command("set-config-epoch 5")
        #expect(Self.waits(outcome) == [outcome.saves.first?.generation])
    }

    @Test(arguments: ["info", "nodes", "myid", "slots", "meet 127.0.0.1 7009", "addslots 5"])
    func `what changes nothing in nodes.conf is answered at once`(_ command: String) {
        var node = TestNode(Self.shape)
        node.disk = .slow
        node.command("delslots 7")
        #expect(Self.waits(node.command(command)) == [nil])
    }

    @Test func `what is there already but not yet saved is answered by a save too`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        node.command("forget \(id("b"))")
        let again = node.command("forget \(id("b"))")
        #expect(Self.waits(again) == [again.saves.first?.generation] && again.saves.count == 1)
        node.saved()
        node.disk = .prompt
        node.advance(ClusterConfig.longestUnsynced + 100)
        #expect(Self.waits(node.command("forget \(id("b"))")) == [nil])
    }

    @Test func `while saves fail each such command tries again, and others wait their time`() {
        var node = TestNode(Self.shape)
        node.disk = .full
        node.command("delslots 5")
        #expect(node.advance(100).saves.isEmpty)
        let outcome = node.command("delslots 6")
        #expect(outcome.saves.map(\.sync) == [true])
        #expect(Self.waits(outcome) == [outcome.saves.first?.generation])
        #expect(node.command("info").saves.isEmpty)
    }

    @Test func `CLUSTER INFO says whether nodes.conf is saved`() {
        func word(_ node: inout TestNode) -> String? {
            guard case .text(let text)? = node.reply("info") else { return nil }
            return text.split(separator: "\r\n").last.map(String.init)
        }
        var node = TestNode(Self.shape)
        #expect(word(&node) == "cluster_config_saved:yes")
        node.disk = .full
        node.command("delslots 5")
        #expect(word(&node) == "cluster_config_saved:no")
        node.disk = .prompt
        node.advance(1000)
        #expect(word(&node) == "cluster_config_saved:yes")
    }

    @Test func `a disk that stalls does not make memory grow, whoever asks for saves`() {
        var node = TestNode(Self.shape)
        node.disk = .slow
        for round in 0..<500 {
            let outcome = node.command(round.isMultiple(of: 2) ? "delslots 5" : "addslots 5")
            #expect(Self.waits(outcome) == [outcome.saves.last?.generation])
        }
        #expect(node.state.durability.underway.count == ClusterConfig.savesUnderwayLimit + 1)
        node.saved()
        node.saved()
        #expect(node.hears(.ping(), from: "b").sent.first?.header?.slots.contains(slot(5)) == true)
    }

    @Test
    func `of saves that nobody syncs, headers say what the one that is found on disk must hold`()
        throws
    {
        var node = TestNode(Self.shape)
        node.disk = .slow
        for round in 0..<ClusterConfig.savesUnderwayLimit {
            node.command(round.isMultiple(of: 2) ? "delslots 5" : "addslots 5")
        }
        let first = try #require(node.command("delslots 6").saves.last)
        let second = try #require(node.command("delslots 7").saves.last)
        node.command("addslots 6")
        #expect(!first.sync && !second.sync)
        func said() -> SlotSet? { node.hears(.ping(), from: "b").sent.first?.header?.slots }
        node.step(.persisted(second.generation))
        #expect(said()?.contains(slot(6)) == false && said()?.contains(slot(7)) == false)
        node.forgetWaiting()
        node.step(.persisted(node.state.durability.newest))
        #expect(said()?.contains(slot(6)) == true && said()?.contains(slot(7)) == false)
    }

    @Test func `settings ask for a save when nodes.conf holds them, and then alone`() {
        var node = TestNode(Self.shape)
        var config = node.machine.config
        config.nodeTimeout += 1000
        #expect(node.step(.configure(config)).saves.isEmpty)
        config.announceHostname = "here"
        #expect(node.step(.configure(config)).saves.count == 1)
        config.replicaNoFailover.toggle()
        #expect(node.step(.configure(config)).saves.count == 1)
    }

    @Test func `a file is whole when it ends with its vars line and holds no zeros`() {
        let whole = "line\nvars currentEpoch 5 lastVoteEpoch 0\n"
        #expect(NodesFile.isWhole(Array(whole.utf8)))
        #expect(NodesFile.isWhole(Array(whole.dropLast().utf8) + Array(" forgotten x@1\n".utf8)))
        for end in 0..<whole.utf8.count {
            #expect(!NodesFile.isWhole(Array(whole.utf8.prefix(end))), "\(end) bytes")
        }
        #expect(!NodesFile.isWhole([0] + Array(whole.utf8)))
        #expect(!NodesFile.isWhole(Array("\(whole)line\n".utf8)))
    }
}
