// Captures that were made to be slow to read: thousands of nodes of which each says something that
// concerns all of them. Frames go from a node each to one listener, a millisecond apart.

import Capture
import ClusterCore
import ClusterWire
import Determinism

/// Writes one capture of many nodes.
struct HostileCapture {
    private(set) var bytes: [UInt8]
    private let writer = PcapWriter()
    private var connections: [Int: PcapConnection] = [:]
    private var time: Int64 = 1_795_000_000_000_000_000
    private let ids: [NodeID]

    init(nodes: Int) {
        var random = SplitMix64(seed: 7)
        ids = (0..<nodes).map { _ in NodeID(using: &random) }
        bytes = writer.header
    }

    /// One or more slots of a node, by its number.
    static func slots(_ numbers: some Sequence<Int>) -> SlotSet {
        numbers.reduce(into: SlotSet()) { set, number in
            if let slot = Slot(number % 16_384) { set.insert(slot) }
        }
    }

    /// A message of a node to the listener, which is the node with number 0, or back to it.
    mutating func say(
        _ number: Int, _ body: Body, slots: SlotSet = SlotSet(), epoch: Int = 1, current: Int = 1,
        master: Int? = nil, isBack: Bool = false
    ) {
        time += 1_000_000
        if connections[number] == nil {
            let address = CaptureAddress(
                ipv4: 0x0B00_0000 + UInt32(number / 30_000), port: UInt16(1024 + number % 30_000))
            var made = PcapConnection(
                client: address, server: CaptureAddress(ipv4: 0x0A00_0001, port: 17_000),
                writer: writer)
            bytes += made.open(at: time)
            connections[number] = made
        }
        let sender = isBack ? 0 : number
        let header = Header(
            sender: ids[sender], currentEpoch: Epoch(UInt64(current)),
            configEpoch: Epoch(UInt64(epoch)), slots: slots,
            replicaOf: master.map { ids[$0] } ?? .zero,
            port: Port(sender == 0 ? 7000 : UInt16(20_000 + sender % 30_000)),
            busPort: Port(sender == 0 ? 17_000 : UInt16(30_000 + sender % 30_000)),
            flags: master == nil ? [.master] : [.replica])
        let frame = Message.full(header, body).encode() ?? []
        bytes +=
            connections[number]?.send(frame[...], from: isBack ? .server : .client, at: time)
            ?? []
    }

    /// A heartbeat that says of others what the flags say.
    func beat(about numbers: some Sequence<Int>, _ flags: NodeFlags) -> Body {
        let address = NodeAddress(ip: IPText("10.0.0.9") ?? IPText(), port: 7000, busPort: 17_009)
        return .ping(
            Heartbeat(
                gossip: GossipSection(
                    numbers.map {
                        GossipEntry(
                            node: ids[$0], pingSent: 0, pongReceived: 0, address: address,
                            flags: flags)
                    })))
    }

    func id(_ number: Int) -> NodeID { ids[number] }
}

extension HostileCapture {
    /// A capture in which the listener has answered once.
    private init(answeredOf nodes: Int) {
        self.init(nodes: nodes)
        say(1, .ping(Heartbeat()))
        say(1, .pong(Heartbeat()), isBack: true)
    }

    /// Masters with a slot each, all of which ask for votes.
    static func voteRequests(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 1)
        for number in 1...count {
            capture.say(
                number, .voteRequest, slots: slots([number]), epoch: number, current: number)
        }
        return capture
    }

    /// Masters that all suspect one and then each say FAIL of it.
    static func fails(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 2)
        let suspicion = capture.beat(about: [count + 1], [.master, .pfail])
        for number in 1...count { capture.say(number, suspicion, slots: slots([number])) }
        let fail = Body.fail(capture.id(count + 1))
        for number in 1...count { capture.say(number, fail, slots: slots([number])) }
        return capture
    }

    /// Masters of which each takes what the one before it has.
    static func slotMoves(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 1)
        let none = Body.ping(Heartbeat())
        for number in 1...count { capture.say(number, none, slots: slots([number])) }
        for number in 2...count {
            capture.say(number, none, slots: slots([number, number - 1]), epoch: 1 + number)
        }
        return capture
    }

    /// One master that takes all slots from thousands and lets them go, again and again.
    static func greedy(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 1)
        let none = Body.ping(Heartbeat())
        for number in 1..<count { capture.say(number, none, slots: slots([number])) }
        for round in 0..<count {
            let all = round % 2 == 0 ? SlotSet() : SlotSet.all
            capture.say(count, none, slots: all, epoch: 2 + round, current: 2 + round)
        }
        return capture
    }

    /// Masters that all claim half of all slots, each at a newer epoch, and then the other half.
    static func manyOwners(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 1)
        let halves = [0, 1].map { half in slots((0..<16_384).lazy.filter { $0 & 1 == half }) }
        for round in 0..<2 {
            for number in 1...count {
                let epoch = 1 + round * count + number
                capture.say(
                    number, .ping(Heartbeat()), slots: halves[round], epoch: epoch, current: epoch)
            }
        }
        return capture
    }

    /// Replicas of which each asks for votes and becomes a master.
    static func promotions(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: 2 * count + 1)
        let none = Body.ping(Heartbeat())
        for number in 1...count {
            capture.say(number, none, slots: slots([number]), master: count + number)
        }
        for number in 1...count {
            let (own, epoch) = (slots([number]), 1 + number)
            capture.say(number, .voteRequest, slots: own, current: epoch, master: count + number)
            capture.say(number, none, slots: own, epoch: epoch, current: epoch)
        }
        return capture
    }

    /// Few heartbeats that say of so many that they have failed.
    static func failingGossip(_ count: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: count + 9)
        let gossip = capture.beat(about: 9..<(count + 9), [.master, .fail])
        for number in 1...8 { capture.say(number, gossip) }
        return capture
    }

    /// A hundred masters with all slots between them, each of which lets its own go and takes them back.
    static func flapping(_ frames: Int) -> HostileCapture {
        var capture = HostileCapture(answeredOf: 101)
        for frame in 0..<frames {
            let number = frame % 100
            let own = slots((number * 163)..<((number + 1) * 163))
            capture.say(
                1 + number, .ping(Heartbeat()), slots: frame / 100 % 2 == 0 ? own : SlotSet(),
                epoch: 1 + frame, current: 1 + frame)
        }
        return capture
    }
}
