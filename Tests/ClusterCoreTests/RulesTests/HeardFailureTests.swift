// What is made of FAIL that was only heard: evidence, a question, or a quorum.

import ClusterWire
import Testing

@testable import ClusterCore

struct HeardFailureTests {
    @Test func `FAIL is not believed about ourselves, nor of whom we do not know`() {
        var node = TestNode(FailureDetectionTests.shape)
        #expect(node.hears(.fail(id("m")), from: "b").notes.isEmpty)
        #expect(node.state.me.condition == .healthy)
        #expect(node.hears(.fail(id("z")), from: "b").notes.isEmpty)
    }

    @Test func `FAIL about a node that answers makes us ask it, and its answer denies it`() {
        var node = TestNode(FailureDetectionTests.shape)
        let heard = node.hears(.fail(id("a")), from: "b")
        #expect(heard.notes.contains(.failQuestioned(id("a"), from: id("b"))))
        #expect(heard.receivers(of: .ping) == "a")
        #expect(heard.sent(.fail).isEmpty && node.row("a")?.condition == .healthy)
        let answer = node.hears(.pong(), from: "a", on: .outbound)
        #expect(answer.notes.contains(.failRefuted(id("a"))))
        #expect(
            !node.advance(12_000).notes.contains {
                if case .failReceived = $0 { true } else { false }
            })
    }

    @Test func `FAIL of one that is asked and stays silent is believed at half a node timeout`() {
        var node = TestNode(FailureDetectionTests.shape)
        node.silent = ["a"]
        node.hears(.fail(id("a")), from: "r")
        node.advance(2400)
        #expect(node.row("a")?.condition == .healthy)
        #expect(node.advance(100).notes.contains(.failReceived(id("a"), from: id("r"))))
        #expect(node.hears(.fail(id("a")), from: "b").notes.isEmpty, "already failed")
    }

    @Test func `FAIL of one that has not answered for half a node timeout is believed at once`() {
        var node = TestNode(FailureDetectionTests.shape)
        node.silent = ["a"]
        while node.row("a")?.pingSent == .never { node.advance(100) }
        node.advance(2500)
        #expect(node.row("a")?.condition == .healthy)
        let outcome = node.hears(.fail(id("a")), from: "r")
        #expect(outcome.notes.contains(.failReceived(id("a"), from: id("r"))))
    }

    @Test(arguments: [(624, false), (625, true)])
    func `FAIL of one whose connection is gone is believed after an eighth of a node timeout`(
        _ milliseconds: Int64, _ isBelieved: Bool
    ) throws {
        var node = TestNode(FailureDetectionTests.shape)
        node.step(.linkClosed(try #require(node.row("a")?.outbound.id)))
        node.step(.linkClosed(try #require(node.row("a")?.outbound.id)))
        node.pass(milliseconds)
        node.hears(.fail(id("a")), from: "r")
        #expect(node.row("a")?.condition.isFailed == isBelieved)
    }

    @Test func `a connection that came back proves nothing`() throws {
        var node = TestNode(FailureDetectionTests.shape)
        node.step(.linkClosed(try #require(node.row("a")?.outbound.id)))
        node.step(.linkClosed(try #require(node.row("a")?.outbound.id)))
        node.advance(3000)
        node.hears(.fail(id("a")), from: "r")
        #expect(node.row("a")?.condition == .healthy)
    }

    @Test func `FAIL that a quorum says is believed although the node answers us`() {
        var node = TestNode(FailureDetectionTests.shape)
        for letter in "bc" {
            node.hears(.fail(id("a")), from: letter)
            node.hears(.pong(), from: "a", on: .outbound)
            #expect(node.row("a")?.condition == .healthy)
        }
        // Of five voters three make a quorum.
        let outcome = node.hears(.fail(id("a")), from: "d")
        #expect(outcome.notes.contains(.failReceived(id("a"), from: id("d"))))
        #expect(node.row("a")?.condition.isFailed == true)
    }

    @Test func `what makes a quorum while a node is asked may come by gossip`() {
        var node = TestNode(FailureDetectionTests.shape)
        node.hears(.fail(id("a")), from: "b")
        node.hears(.ping(rumour("a", [.master, .pfail])), from: "c")
        #expect(node.row("a")?.condition == .healthy)
        node.hears(.ping(rumour("a", [.master, .fail])), from: "d")
        #expect(node.row("a")?.condition.isFailed == true)
    }

    @Test func `who is no voting master makes no quorum by what it says`() {
        var node = TestNode(FailureDetectionTests.shape + "\ns slave b 3\nt slave c 4")
        for letter in "erst" { node.hears(.fail(id("a")), from: letter) }
        #expect(node.row("a")?.condition == .healthy && node.row("a")?.reports.isEmpty == true)
    }

    @Test func `what was heard of a node that goes on speaking and does not answer is dropped`() {
        var node = TestNode(FailureDetectionTests.shape)
        node.silent = ["a"]
        node.hears(.fail(id("a")), from: "b")
        var notes: [Note] = []
        for _ in 0..<6 {
            notes += node.advance(1000).notes
            node.hears(.publish(Publication(channel: [], message: [])), from: "a")
        }
        #expect(notes.contains(.failRefuted(id("a"))))
        #expect(!notes.contains { if case .failReceived = $0 { true } else { false } })
    }

    @Test func `the first three voters tell the replicas of one that they heard has failed`() {
        let lines = """
            m myself,master - 1 0-3000
            a master - 2 3001-6000
            n master - 3 6001-9000
            o master - 4 9001-12000
            b master - 5 12001-16383
            r slave a 2
            """
        var second = TestNode(lines)
        #expect(second.learnsFailure(of: "a", from: "n").receivers(of: .fail) == "r")
        var fourth = TestNode(FailureDetectionTests.shape)
        #expect(fourth.learnsFailure(of: "a", from: "b").receivers(of: .fail).isEmpty)
    }
}
