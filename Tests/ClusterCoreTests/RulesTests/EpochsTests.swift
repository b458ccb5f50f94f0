// The logical clocks: what is learnt, what is refused, and how two masters at one epoch part.

import ClusterWire
import Testing

@testable import ClusterCore

struct EpochsTests {
    static let shape = "m myself,master - 1 0-5460\nb master - 2 5461-10922\nr slave b 2"

    @Test func `a greater currentEpoch is adopted from any message, and saved`() {
        for body in [Body.ping(), .voteRequest, .fail(id("r")), .manualFailoverStart] {
            var node = TestNode(Self.shape)
            let outcome = node.hears(body, from: "b") { $0.currentEpoch = 12 }
            #expect(node.state.currentEpoch == 12)
            #expect(outcome.saves.contains { $0.sync })
            node.hears(body, from: "b") { $0.currentEpoch = 11 }
            #expect(node.state.currentEpoch == 12)
        }
    }

    @Test func `a master's greater configEpoch is adopted, a replica's is its master's`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") { $0.configEpoch = 7 }
        #expect(node.row("b")?.configEpoch == 7)
        node.hears(.ping(), from: "b") { $0.configEpoch = 6 }
        #expect(node.row("b")?.configEpoch == 7)
        node.hears(.ping(), from: "r") { $0.configEpoch = 8 }
        #expect(node.row("r")?.configEpoch == 0 && node.row("b")?.configEpoch == 7)
    }

    @Test func `a configEpoch above the currentEpoch raises it`() {
        var node = TestNode(Self.shape)
        node.hears(.ping(), from: "b") {
            $0.configEpoch = 30
            $0.currentEpoch = 3
        }
        #expect(node.state.currentEpoch == 30)
    }

    @Test(arguments: [Epoch(9 + 1 << 20 + 1), Epoch(1 << 63 - 1), Epoch(.max)])
    func `an absurd epoch is not believed, nor is what the message claims with it`(epoch: Epoch) {
        for change: (inout Header) -> Void in [
            { $0.currentEpoch = epoch }, { $0.configEpoch = epoch },
        ] {
            var node = TestNode(Self.shape)
            let mine = node.state.me
            let outcome = node.hears(.ping(rumour("x")), from: "b") {
                change(&$0)
                $0.slots = .all
            }
            #expect(outcome.notes == [.epochRefused(epoch, from: id("b"))])
            #expect(outcome.sent.map(\.message.type) == [.pong], "it lives and is answered")
            #expect(node.state.me == mine && node.row("x") == nil)
            #expect(node.state.currentEpoch == 9 && node.row("b")?.configEpoch == 2)
            node.hears(
                .update(SlotUpdate(configEpoch: epoch, node: id("b"), slots: .all)), from: "r")
            #expect(node.state.me == mine)
        }
    }

    @Test func `one voice raises the epoch by 2^20 at once and by no more in a second`() {
        let step: UInt64 = 1 << 20
        var node = TestNode(Self.shape)
        func says(_ epoch: UInt64, _ letter: Character) -> Epoch {
            node.hears(.ping(), from: letter) { $0.currentEpoch = Epoch(epoch) }
            return node.state.currentEpoch
        }
        #expect(says(9 + step, "b") == Epoch(9 + step))
        #expect(says(9 + step + step / 2, "b") == Epoch(9 + step), "it has spoken for now")
        #expect(says(10 + step, "b") == Epoch(10 + step), "what an election costs is free")
        #expect(says(10 + step + step / 2, "r") == Epoch(10 + step + step / 2), "another voice")
        node.pass(1000)
        #expect(says(10 + 2 * step, "b") == Epoch(10 + 2 * step))
    }

    @Test func `a jump is believed when a quorum of voters says it on our connections`() {
        let far = Epoch(1 << 63)
        var node = TestNode(
            Self.shape + "\nc master - 3 10923-12000\nd master - 4 12001-13000"
                + "\ne master - 5 13001-14000")
        for letter: Character in ["b", "c", "d"] {
            node.hears(.ping(), from: letter) { $0.currentEpoch = far }
        }
        for letter: Character in ["b", "c", "r"] {
            node.hears(.pong(), from: letter, on: .outbound) { $0.currentEpoch = far }
        }
        #expect(node.state.currentEpoch == 9, "two voters of five, and a replica")
        node.hears(.pong(), from: "e", on: .outbound) { $0.currentEpoch = far }
        #expect(node.state.currentEpoch == far)
    }

    @Test(arguments: [true, false])
    func `a node that knows nobody takes the epoch of whom it meets, however great`(
        asked: Bool
    ) throws {
        let far = ClusterConfig.greatestEpoch
        for (epoch, taken) in [(Epoch(1 << 63 + 1), true), (far, true), (far.next, false)] {
            var node = TestNode.fresh()
            var made: LinkID?
            if asked {
                made = HandshakeTests.meeting(&node).link
            } else {
                made = node.opens(node.hears(.meet(), from: "x") { $0.currentEpoch = epoch })
            }
            let link = try #require(made)
            var header = node.header(of: "x")
            header.currentEpoch = epoch
            let saves = node.step(.message(.full(header, .pong()), on: link)).saves
            #expect(node.state.currentEpoch == (taken ? epoch : 0))
            #expect(!taken || saves.contains { $0.sync })
        }
    }

    @Test func `where nobody owns slots any epoch of a known node is believed`() {
        var node = TestNode("a myself,master - 0\nb master - 0\nvars 0 0")
        node.hears(.ping(), from: "b") { $0.currentEpoch = Epoch(1 << 62) }
        #expect(node.state.currentEpoch == Epoch(1 << 62))
    }

    @Test func `of two masters at one configEpoch the smaller id moves on, and says so`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "b") { $0.configEpoch = 1 }
        #expect(node.state.me.configEpoch == 1, "b < m: b moves on")
        #expect(!outcome.notes.contains { if case .epochRaised = $0 { true } else { false } })
        var smaller = TestNode("a myself,master - 2 0-5460\nb master - 1 5461-10922")
        let raised = smaller.hears(.ping(), from: "b") { $0.configEpoch = 2 }
        #expect(smaller.state.me.configEpoch == 10 && smaller.state.currentEpoch == 10)
        #expect(raised.notes.contains(.epochRaised(10, because: .collision(with: id("b")))))
        #expect(raised.sent(.pong).contains { $0.header?.configEpoch == 10 && $0.to == "b" })
    }

    @Test func `who is told that a silent node has its slots at its own epoch moves on`() {
        for (letter, isSilent, slot, moves) in [
            ("x", true, "0", true), ("b", true, "0", true), ("b", false, "0", false),
            ("b", true, "9000", false),
        ] as [(Character, Bool, String, Bool)] {
            var node = TestNode(
                "m myself,master - 2 0-5460\nb master\(isSilent ? ",fail" : "") - 1 5461-10922\n"
                    + "c master - 3 10923-16383", calm: false)
            let update = SlotUpdate(configEpoch: 2, node: id(letter), slots: slots(slot))
            node.hears(.update(update), from: "c")
            #expect((node.state.me.configEpoch > 2) == moves, "\(letter) \(isSilent) \(slot)")
        }
    }

    @Test func `a claim at the epoch of a silent owner is answered with that owner`() {
        for isSilent in [true, false] {
            var node = TestNode(
                "m myself,master - 1 0-5460\nb master\(isSilent ? ",fail" : "") - 2 5461-10922\n"
                    + "c master - 2 10923-16383", calm: false)
            let outcome = node.hears(.ping(), from: "c") { $0.slots = slots("5461-10922") }
            let told = outcome.notes.contains(.updateSent(to: id("c"), about: id("b")))
            #expect(told == isSilent)
        }
    }

    @Test func `fresh masters at epoch 0 collide too, and replicas never do`() {
        var node = TestNode("a myself,master - 0\nb master - 0\nvars 0 0", calm: false)
        node.hears(.ping(), from: "b")
        #expect(node.state.me.configEpoch == 1)
        var replica = TestNode("a myself,slave b 2\nb master - 2 0-16383\nr slave b 2")
        replica.hears(.ping(), from: "b")
        replica.hears(.ping(), from: "r")
        #expect(replica.state.me.configEpoch == 0 && replica.state.currentEpoch == 9)
    }

    @Test func `a raised epoch is said when it is on disk`() {
        var node = TestNode("a myself,master - 2 0-5460\nb master - 1 5461-10922")
        node.disk = .slow
        let outcome = node.hears(.ping(), from: "b") { $0.configEpoch = 2 }
        #expect(outcome.sent.allSatisfy { $0.header?.configEpoch == 2 })
        let later = node.saved()
        #expect(later.receivers(of: .pong) == "b")
        #expect(later.sent.allSatisfy { $0.header?.configEpoch == 10 })
    }

    @Test func `BUMPEPOCH makes ours the greatest, once`() {
        var node = TestNode(Self.shape)
        #expect(node.reply("bumpepoch") == .status("BUMPED 10"))
        #expect(node.reply("bumpepoch") == .status("STILL 10"))
        node.hears(.ping(), from: "b") { $0.configEpoch = 11 }
        #expect(node.reply("bumpepoch") == .status("BUMPED 12"))
    }
}
