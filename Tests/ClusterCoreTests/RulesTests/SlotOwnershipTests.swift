// Who gets a slot when claims differ, who is told, and what losing slots does to us.

import ClusterWire
import Testing

@testable import ClusterCore

struct SlotOwnershipTests {
    static let shape = """
        m myself,master - 3 0-5460
        b master - 2 5461-10922
        c master - 4 10923-16383
        r slave c 4
        """

    @discardableResult
    static func claim(
        _ node: inout TestNode, _ letter: Character, _ set: String, at epoch: Epoch
    ) -> Outcome {
        node.hears(.ping(), from: letter) {
            $0.slots = slots(set)
            $0.configEpoch = epoch
            $0.replicaOf = .zero
            $0.flags = [.myself, .master]
        }
    }

    @Test func `a strictly greater epoch takes a slot, an equal one does not`() {
        for (epoch, owner) in [(3, "m"), (4, "b")] as [(UInt64, Character)] {
            var node = TestNode(Self.shape)
            Self.claim(&node, "b", "5400 5461-10922", at: Epoch(epoch))
            #expect(node.owner(5400) == owner, "epoch \(epoch)")
        }
    }

    @Test func `a slot without owner goes to any claim`() {
        var node = TestNode("m myself,master - 3 0-5460\nb master - 2\nvars 9 0")
        let outcome = Self.claim(&node, "b", "9000-9002", at: 1)
        #expect(node.owner(9001) == "b")
        #expect(outcome.notes.contains(.slotsTaken(by: id("b"), count: 3, from: nil)))
    }

    @Test func `a slot that its owner claims no more stays with it until any claim`() {
        var node = TestNode(Self.shape)
        Self.claim(&node, "c", "10924-16383", at: 4)
        #expect(node.owner(10923) == "c")
        Self.claim(&node, "b", "5461-10923", at: 2)
        #expect(node.owner(10923) == "b")
    }

    @Test func `a master whose slots are all gone from a header is asked at once, and once`() {
        var node = TestNode(Self.shape)
        func none(_ header: inout Header) { header.slots = SlotSet() }
        #expect(
            node.hears(.pong(), from: "c", none).receivers(of: .ping) == "c",
            "an older packet may have been read last")
        #expect(node.hears(.pong(), from: "c", none).receivers(of: .ping).isEmpty)
        let fewer = Self.claim(&node, "b", "5462-10922", at: 2)
        #expect(fewer.receivers(of: .ping).isEmpty, "a resharding")
    }

    @Test func `an owner that claims a slot again keeps it`() {
        var node = TestNode(Self.shape)
        Self.claim(&node, "c", "10924-16383", at: 4)
        Self.claim(&node, "c", "10923-16383", at: 4)
        Self.claim(&node, "b", "5461-10923", at: 2)
        #expect(node.owner(10923) == "c")
    }

    @Test func `who claims with an old epoch is told of the newer owner, once a packet`() throws {
        var node = TestNode(Self.shape)
        let outcome = Self.claim(&node, "b", "0-10 5461-10922 10923", at: 2)
        #expect(outcome.receivers(of: .update) == "b")
        guard case .update(let update) = try #require(outcome.sent(.update).first?.body) else {
            return
        }
        #expect(update.node == id("c") || update.node == id("m"))
    }

    @Test func `we tell of ourselves, too, with what is durable`() throws {
        var node = TestNode(Self.shape)
        let outcome = Self.claim(&node, "b", "0-10 5461-10922", at: 2)
        let expected = SlotUpdate(configEpoch: 3, node: id("m"), slots: slots("0-5460"))
        #expect(outcome.sent(.update).first?.body == .update(expected))
    }

    @Test func `UPDATE does not tell of slots that their owner claims no more`() throws {
        var node = TestNode(Self.shape)
        Self.claim(&node, "c", "10924-16383", at: 4)
        let outcome = Self.claim(&node, "b", "5461-10922 10924", at: 2)
        let expected = SlotUpdate(configEpoch: 4, node: id("c"), slots: slots("10924-16383"))
        #expect(outcome.sent(.update).first?.body == .update(expected))
    }

    @Test func `a replica that is behind on its own master is told about that one`() throws {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "r") {
            $0.configEpoch = 1
            $0.slots = slots("10923-16000")
        }
        let sent = try #require(outcome.sent(.update).first)
        guard sent.to == "r", case .update(let update) = sent.body else {
            Issue.record("\(outcome.sent)")
            return
        }
        #expect(update.node == id("c") && update.configEpoch == 4)
        #expect(update.slots == slots("10923-16383"))
    }

    @Test
    func `UPDATE of a known epoch is applied when its node is silent, from older owners alone`() {
        for isSilent in [true, false] {
            var node = TestNode(
                "m myself,master - 3 0-5460\nb master\(isSilent ? ",fail" : "") - 4 5461-10922\n"
                    + "c master - 5 10923-16383", calm: false)
            let all = slots("5460-10923")
            node.hears(
                .update(SlotUpdate(configEpoch: 4, node: id("b"), slots: all)), from: "c")
            #expect(node.owner(5460) == (isSilent ? "b" : "m"))
            #expect(node.owner(10923) == "c")
        }
    }

    @Test func `UPDATE of a newer epoch is applied, of another ignored`() {
        var node = TestNode(Self.shape)
        let update = SlotUpdate(configEpoch: 4, node: id("b"), slots: slots("5461-10923"))
        node.hears(.update(update), from: "r")
        #expect(node.row("b")?.configEpoch == 4 && node.owner(10923) == "c", "not above c's 4")
        node.hears(
            .update(SlotUpdate(configEpoch: 5, node: id("b"), slots: slots("5461-10923"))),
            from: "r")
        #expect(node.owner(10923) == "b")
        node.hears(.update(SlotUpdate(configEpoch: 5, node: id("b"), slots: SlotSet())), from: "r")
        #expect(node.owner(10923) == "b")
        node.hears(.update(SlotUpdate(configEpoch: 8, node: id("x"), slots: .all)), from: "r")
        #expect(node.owner(10923) == "b")
    }

    @Test func `UPDATE makes a replica a master`() {
        var node = TestNode(Self.shape)
        node.hears(
            .update(SlotUpdate(configEpoch: 12, node: id("r"), slots: slots("10923-16383"))),
            from: "b")
        #expect(node.row("r")?.role == .master && node.owner(12000) == "r")
    }

    @Test func `UPDATE about ourselves is ignored completely`() {
        for lines in [Self.shape, "m myself,slave c 4\nc master - 4 0-16383\nb master - 2"] {
            var node = TestNode(lines)
            let before = node.state.me
            let epoch = node.state.currentEpoch
            node.hears(.update(SlotUpdate(configEpoch: 90, node: id("m"), slots: .all)), from: "b")
            #expect(node.state.me == before && node.state.currentEpoch == epoch)
        }
    }

    @Test func `a master that loses its last slot follows who took it`() {
        var node = TestNode(Self.shape)
        let outcome = Self.claim(&node, "b", "0-10922", at: 20)
        #expect(node.state.me.role == .replica(of: id("b")))
        #expect(outcome.notes.contains(.reconfigured(asReplicaOf: id("b"))))
        #expect(outcome.notes.contains(.slotsLost(count: 5461, to: id("b"))))
    }

    @Test func `without replica migration it follows only who took exactly its slots`() {
        for (set, follows) in [("0-10922", false), ("0-5460", true)] {
            var node = TestNode(Self.shape + "\ne master - 5") {
                $0.allowReplicaMigration = false
            }
            Self.claim(&node, "e", set, at: 20)
            #expect(node.state.me.isMaster == !follows, "\(set)")
            #expect(node.state.me.slotCount == 0)
        }
    }

    @Test func `a replica follows who took its master's last slot`() {
        var node = TestNode("m myself,slave b 2\nb master - 2 0-100\nc master - 4 101-16383")
        Self.claim(&node, "c", "0-16383", at: 20)
        #expect(node.state.me.role == .replica(of: id("c")))
    }

    @Test func `keys of slots that are lost while others stay are dropped`() {
        var node = TestNode(Self.shape)
        node.step(.store(StoreReport(isEmpty: false, occupied: slots("5 99"))))
        let outcome = Self.claim(&node, "b", "0-50 5461-10922", at: 20)
        #expect(outcome.effects.contains(.dropKeys(in: slots("5"))))
    }

    @Test func `an empty master follows the master of its shard that let its slots go later`() {
        for (epoch, follows) in [(Epoch(20), true), (1, false)] {
            var node = TestNode("m myself,master - 1\nb master - 1 0\nc master - 3 1-16383")
            node.hears(.ping(extensions: [.shardID(node.state.me.shard)]), from: "b")
            node.hears(.ping(), from: "b") {
                $0.configEpoch = epoch
                $0.slots = SlotSet()
            }
            #expect(node.state.me.isMaster == !follows, "epoch \(epoch)")
        }
    }

    // MARK: Slots on their way

    @Test func `an import whose source moved within its shard goes on with the successor`() {
        var node = TestNode(
            "m myself,master - 3 0-5460 [12000-<-c]\nb master - 2 5461-10922\n"
                + "c master - 4 10923-16383\nr slave c 4")
        Self.claim(&node, "r", "10923-16383", at: 20)
        #expect(node.state.slots.importing[slot(12000)] == id("r"))
    }

    @Test func `an import whose slot went to another shard is closed`() {
        var node = TestNode(
            "m myself,master - 3 0-5460 [12000-<-c]\nb master - 2 5461-10922\nc master - 4 10923-16383"
        )
        Self.claim(&node, "b", "5461-10922 12000", at: 20)
        #expect(node.state.slots.importing.isEmpty)
    }

    @Test func `an import whose source lets the slot go is finished by taking it`() {
        var node = TestNode(
            "m myself,master - 3 0-5460 [12000-<-c]\nb master - 2 5461-10922\nc master - 4 10923-16383"
        )
        let outcome = Self.claim(&node, "c", "10923-11999 12001-16383", at: 4)
        #expect(node.owner(12000) == "m" && node.state.slots.importing.isEmpty)
        #expect(node.state.me.configEpoch == 10)
        #expect(outcome.notes.contains(.epochRaised(10, because: .importFinished)))
        #expect(outcome.sent(.pong).contains { $0.header?.slots.contains(slot(12000)) == true })
    }

    @Test func `a slot on its way out is closed when another shard has it`() {
        var node = TestNode(
            "m myself,master - 3 0-5460 [7->-b]\nb master - 2 5461-10922\nc master - 4 10923-16383")
        Self.claim(&node, "b", "7 5461-10922", at: 20)
        #expect(node.owner(7) == "b" && node.state.slots.migrating.isEmpty)
    }

    @Test func `a deleted node is at no end of a slot on its way`() {
        var node = TestNode(
            "m myself,master - 3 0-5460 [7->-b] [12000-<-b]\nb master - 2 5461-10922\nc master - 4 10923-16383"
        )
        node.command("forget \(id("b"))")
        #expect(node.state.slots.migrating.isEmpty && node.state.slots.importing.isEmpty)
        #expect(node.owner(6000) == nil && node.state.size == 2)
    }

    @Test func `a claim that says what is known changes and asks nothing`() {
        var node = TestNode(Self.shape)
        let outcome = node.hears(.ping(), from: "b")
        #expect(outcome.effects.count == 1 && outcome.sent(.pong).count == 1)
    }
}
