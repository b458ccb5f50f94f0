// What a stranger says in a node's name: somebody who is no member and can connect to all nodes, from an address of his
// own or from a node's own machine. He knows what anybody can ask for: ids, roles, slots and epochs.

import ClusterCore
import ClusterWire
import Determinism

/// A lie in a node's name, told to all others again and again.
struct Forgery: Equatable, Sendable {
    enum Lie: String, CaseIterable, Sendable {
        /// The node owns all slots, at a later epoch.
        case allSlots = "all-slots"
        /// It is a master and owns another's slots.
        case role
        /// It follows another master.
        case replica
        /// UPDATE: another owns all slots.
        case update
        /// FAIL about another.
        case fail
        case vote
        /// A forced request for votes.
        case request
        /// A forced request, of one who never asks for its master's pause.
        case pause
        /// Another has just answered it.
        case pongs
        /// Another does not answer it.
        case reports
        /// Another must be forgotten.
        case forget
        /// A much later epoch.
        case epoch
        /// It is at the stranger's address, where nobody listens.
        case address
        /// It is at the stranger's address, where he answers in its name.
        case impostor
    }

    var lie: Lie
    /// In whose name.
    var name: Int
    /// About whom.
    var about: Int
    /// From the machine of the node in whose name he speaks, not from one of his own.
    var isNear: Bool

    /// The address of his own machine.
    static let ip = IPText("192.0.2.66") ?? IPText()
}

/// The stranger's connections, and what he says on them.
struct Stranger: Sendable {
    struct Session: Sendable {
        var end: Int
        var target: Int
        /// The entry in the plan of faults.
        var fault: Int
        var isOpen = false
    }
    var sessions: [Session] = []
    /// Lies that go on, by their entries in the plan.
    var active: [(fault: Int, forgery: Forgery)] = []

    /// In whose name he answers at his own address.
    var impersonated: Forgery? { active.first { $0.forgery.lie == .impostor }?.forgery }
}

extension World {
    /// Microseconds between two lies.
    private static let pace: ClosedRange<Int64> = 20_000...400_000
    /// Connections that he holds at one time.
    private static let sessionLimit = 200

    mutating func beginForging(_ forgery: Forgery, fault: Int) {
        stranger.active.append((fault, forgery))
        schedule.add(.forge, at: now, index: fault)
    }

    mutating func endForging(fault: Int) {
        stranger.active.removeAll { $0.fault == fault }
        let ended = stranger.sessions.filter { $0.fault == fault }
        stranger.sessions.removeAll { $0.fault == fault }
        for session in ended where network.ends[session.end].isOpen { closeEnd(session.end) }
    }

    /// He tells all others once more, on new connections or on those that he has.
    mutating func forge(fault: Int) {
        guard let forgery = stranger.active.first(where: { $0.fault == fault })?.forgery else {
            return
        }
        for target in nodes.indices where target != forgery.name {
            let session = stranger.sessions.first { $0.fault == fault && $0.target == target }
            if let session, random.below(3) > 0 {
                if session.isOpen { speak(forgery, on: session.end, to: target) }
            } else if stranger.sessions.count < Self.sessionLimit {
                let end = network.forge(from: forgery.name, to: target, isNear: forgery.isNear)
                stranger.sessions.append(
                    Stranger.Session(end: end, target: target, fault: fault))
                put(.syn, on: end)
            }
        }
        schedule.add(.forge, at: now + draw(Self.pace), index: fault)
    }

    /// Something arrives at an end that is his.
    mutating func strangerHears(_ segment: Segment, on lane: Int) {
        let end = lane ^ 1
        switch segment {
        case .syn:
            guard network.ends[lane].isOpen else { return }
            network.acceptForged(at: end)
            put(.synAck, on: end)
        case .synAck:
            guard let place = stranger.sessions.firstIndex(where: { $0.end == end }) else { return }
            stranger.sessions[place].isOpen = true
            let session = stranger.sessions[place]
            guard let forgery = stranger.active.first(where: { $0.fault == session.fault }) else {
                return
            }
            speak(forgery.forgery, on: end, to: session.target)
        case .bytes(let bytes): strangerReads(bytes, on: lane)
        case .fin:
            network.close(end)
            stranger.sessions.removeAll { $0.end == end }
        }
    }

    /// He answers what asks for an answer, in the name that he has taken.
    private mutating func strangerReads(_ bytes: [UInt8], on lane: Int) {
        let end = lane ^ 1
        guard network.ends[end].isOpen else { return }
        network.lanes[lane].splitter.push(bytes)
        while let piece = try? network.lanes[lane].splitter.next(limit: .peer) {
            guard case .frame(let frame) = piece, let message = try? Message.decode(frame),
                case .full(_, let body) = message, body.type == .ping || body.type == .meet
            else { continue }
            let target = network.ends[lane].node
            let session = stranger.sessions.first { $0.end == end }
            let forgery =
                session.flatMap { session in
                    stranger.active.first { $0.fault == session.fault }?.forgery
                } ?? stranger.impersonated
            guard let forgery, case .full(let header, let said) = words(of: forgery, to: target)
            else { continue }
            send(.full(header, .pong(said.heartbeat ?? Heartbeat())), onForged: end)
        }
    }

    private mutating func speak(_ forgery: Forgery, on end: Int, to target: Int) {
        guard network.ends[end].isOpen else { return }
        trace.recordDetail(now, "somebody tells n\(target) as n\(forgery.name): \(forgery.lie)")
        send(words(of: forgery, to: target), onForged: end)
    }

    private mutating func send(_ message: Message, onForged end: Int) {
        network.lanes[end].hasGarbage = true
        if let bytes = message.encode() { put(.bytes(bytes), on: end) }
    }

    // MARK: What he says

    private func words(of forgery: Forgery, to target: Int) -> Message {
        let (name, about) = (machines[forgery.name].state, machines[forgery.about].state)
        let later = Epoch(machines[target].state.currentEpoch.value + 1)
        var header = header(as: name)
        switch forgery.lie {
        case .allSlots: claim(.all, at: later, &header)
        case .role: claim(about.nodes[about.shardMaster].slots, at: later, &header)
        case .replica:
            header.flags = [.replica, .myself]
            header.replicaOf = about.me.master ?? about.myID
        case .update:
            return .full(
                header,
                .update(SlotUpdate(configEpoch: later, node: about.myID, slots: .all)))
        case .fail: return .full(header, .fail(about.myID))
        case .vote: return .full(header, .vote)
        case .request:
            header.currentEpoch = later
            header.messageFlags = .forceAck
            return .full(header, .voteRequest)
        case .pause: return .full(header, .manualFailoverStart)
        case .pongs, .reports:
            let isReport = forgery.lie == .reports
            let second = UInt32(clamping: nodes[target].instant(at: now).wall / 1000)
            let entry = GossipEntry(
                node: about.myID, pingSent: 0, pongReceived: isReport ? 0 : second,
                address: nodes[forgery.about].address,
                flags: isReport ? [.master, .fail] : [.master])
            return .full(header, .ping(Heartbeat(gossip: GossipSection([entry]))))
        case .forget:
            return .full(
                header,
                .ping(
                    Heartbeat(extensions: [.forgottenNode(about.myID, secondsLeft: 86_400)])))
        case .epoch: header.currentEpoch = Epoch(later.value + 1 << 20)
        case .address, .impostor: header.ip = Forgery.ip
        }
        return .full(header, .ping(Heartbeat()))
    }

    /// What the node itself says.
    private func header(as name: ClusterState) -> Header {
        var header = Header(sender: name.myID, currentEpoch: name.currentEpoch)
        header.port = VirtualNode.address(of: 0).port
        header.busPort = VirtualNode.address(of: 0).busPort
        header.messageFlags = .extensions
        let master = name.nodes[name.shardMaster]
        header.flags = name.me.isMaster ? [.master, .myself] : [.replica, .myself]
        header.replicaOf = name.me.master ?? .zero
        (header.slots, header.configEpoch) = (master.slots, master.configEpoch)
        return header
    }

    private func claim(_ slots: SlotSet, at epoch: Epoch, _ header: inout Header) {
        header.flags = [.master, .myself]
        header.replicaOf = .zero
        (header.slots, header.configEpoch) = (slots, epoch)
        header.currentEpoch = epoch
    }
}
