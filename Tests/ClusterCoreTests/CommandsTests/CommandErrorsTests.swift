// What commands refuse, in the words of a real server: each line of the fixture is a command, and
// below it what Redis 8.0.6 answered on the master A of a cluster of A, B, C and A's replica R; Z is
// an id that nobody has.

import ClusterWire
import TestSupport
import Testing

@testable import ClusterCore

struct CommandErrorsTests {
    static func cases() throws -> [(command: String, reply: String)] {
        let lines = try Fixture.text("replies/errors-redis-8.0.6.txt").split(separator: "\n")
        return stride(from: 0, to: lines.count - 1, by: 2).map { index in
            (String(lines[index]), String(lines[index + 1].dropFirst(4)))
        }
    }

    /// A, B, R and Z as ids, where they stand alone.
    private func spelled(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            ["A", "B", "R", "Z"].contains(word)
                ? id(Character(word.lowercased())).description : String(word)
        }.joined(separator: " ")
    }

    private func text(_ reply: AdminReply?) -> String {
        switch reply {
        case .ok: "+OK"
        case .integer(let number): ":\(number)"
        case .error(let text): "-\(text)"
        default: "\(String(describing: reply))"
        }
    }

    @Test func `replies are those of a real server`() throws {
        let cases = try Self.cases()
        #expect(cases.count > 55)
        for (command, reply) in cases {
            var node = TestNode(
                """
                a myself,master - 1 0-76 78-5460
                b master - 2 5461-10922
                c master - 3 10923-16383
                r slave a 1
                """)
            #expect(text(node.reply(spelled(command))) == spelled(reply), "\(command)")
        }
    }

    @Test func `SETSLOT is for masters`() {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383")
        #expect(
            node.reply("setslot 5 stable") == .error("ERR Please use SETSLOT only with masters."))
    }

    @Test func `a replica cannot forget its master`() {
        var node = TestNode("m myself,slave b 1\nb master - 2 0-16383")
        #expect(node.reply("forget \(id("b"))") == .error("ERR Can't forget my master!"))
    }

    @Test(arguments: [
        ("flushslots", "ERR DB must be empty to perform CLUSTER FLUSHSLOTS."),
        ("reset", "ERR CLUSTER RESET can't be called with master nodes containing keys"),
        (
            "setslot 5 node \(id("b"))",
            "ERR Can't assign hashslot 5 to a different node while I still hold keys for this hash "
                + "slot."
        ),
    ])
    func `a master that holds keys keeps them`(command: String, text: String) {
        var node = TestNode("m myself,master - 1 0-100\nb master - 2 101-16383")
        node.step(.store(StoreReport(isEmpty: false, occupied: slots("5"))))
        #expect(node.reply(command) == .error(text))
        #expect(node.owner(5) == "m")
    }

    @Test func `a master that holds keys or slots becomes no replica`() {
        let text = "ERR To set a master the node must be empty and without assigned slots."
        var keys = TestNode("m myself,master - 1\nb master - 2 0-16383")
        keys.step(.store(StoreReport(isEmpty: false)))
        #expect(keys.reply("replicate \(id("b"))") == .error(text))
    }

    @Test func `a config epoch is set once, on a node that is alone`() {
        var node = TestNode.fresh()
        #expect(node.reply("set-config-epoch 7") == .ok)
        #expect(node.state.me.configEpoch == 7 && node.state.currentEpoch == 7)
        #expect(
            node.reply("set-config-epoch 8")
                == .error("ERR Node config epoch is already non-zero"))
        for text in ["+8", "08", "", "9223372036854775808"] {
            #expect(
                node.command([Array("set-config-epoch".utf8), Array(text.utf8)]).replies
                    == [.error("ERR value is not an integer or out of range")], "'\(text)'")
        }
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "65536", "60000", "0", "-1"])
    func `a port that nobody can have is refused`(port: String) {
        var node = TestNode.fresh()
        #expect(
            node.reply("meet 127.0.0.1 \(port)")
                == .error("ERR Invalid node address specified: 127.0.0.1:\(port)"))
        #expect(node.state.nodes.count == 1)
    }

    @Test(arguments: ["9223372036854775807", "65536", "0", "-1"])
    func `a bus port that nobody can have is refused`(port: String) {
        var node = TestNode.fresh()
        #expect(
            node.reply("meet 127.0.0.1 7000 \(port)")
                == .error("ERR Invalid node address specified: 127.0.0.1:7000"))
        #expect(node.state.nodes.count == 1)
    }

    @Test func `the name of a handshake is nobody's id`() throws {
        var node = TestNode("m myself,master - 1\nb master - 2 0-16383")
        node.command("meet 127.0.0.1 7050")
        let handle = try #require(
            node.state.nodes.handles.first { node.state.nodes[$0].isHandshake })
        let name = node.state.nodes[handle].id.description
        #expect(node.reply("replicate \(name)") == .error("ERR Unknown node \(name)"))
        #expect(node.reply("setslot 5 node \(name)") == .error("ERR Unknown node \(name)"))
        #expect(node.reply("forget \(name)") == .ok)
    }

    @Test func `slots are not added to a master that a replica does not know`() {
        var node = TestNode("m myself,slave x 1\nb master - 2 0-100")
        #expect(
            node.reply("addslots 500")
                == .error("ERR I'm a replica but my master is unknown to me"))
        #expect(node.owner(500) == nil)
    }

    @Test func `words that are not text and far too many words are refused, never trap`() {
        var node = TestNode.fresh()
        let junk = [UInt8](0...255)
        for name in ["meet", "forget", "addslots", "setslot", "replicate", "keyslot", "reset", ""] {
            node.command([Array(name.utf8), junk, junk])
            node.command([Array(name.utf8), junk])
            node.command([Array(name.utf8)])
        }
        node.command([])
        node.command([Array("addslots".utf8)] + (0..<20000).map { Array("\($0 % 16384)".utf8) })
        #expect(node.state.nodes.count == 1 && node.state.slots.assignedCount == 0)
    }
}
