// The peers of the machine under test: what they would say of themselves, and the connections by
// which they say it.

import ClusterWire
import Testing

@testable import ClusterCore

extension TestNode {
    /// The connections that were asked for stand, and belong to whoever was asked for. Returns the last.
    @discardableResult
    mutating func opens(_ outcome: Outcome, local: String = "127.0.0.1") -> LinkID? {
        var last: LinkID?
        for case .connect(let link, let to) in outcome.effects {
            step(.linkOpened(link, local: ip(local), peer: to.ip))
            last = link
        }
        return last
    }

    /// The row of the node with this letter.
    func handle(_ letter: Character) -> NodeHandle? { machine.state.nodes.find(id(letter)) }

    func row(_ letter: Character) -> KnownNode? {
        state.nodes.find(id(letter)).map { state.nodes[$0] }
    }

    func owner(_ number: Int) -> Character? {
        state.slots.owner(of: slot(number)).flatMap { Peer.letter(state.nodes[$0].id) }
    }

    /// The letter of the node to which a link belongs.
    func letter(of link: LinkID) -> Character? {
        switch link {
        case .outbound: state.target(of: link).flatMap { Peer.letter(state.nodes[$0].id) }
        case .inbound(let number):
            number < 26 ? Character(UnicodeScalar(UInt8(97 + number))) : nil
        }
    }

    /// What a node would say of itself, if it agrees with what we know of it.
    func header(of letter: Character) -> Header {
        var header = Header(sender: id(letter), currentEpoch: state.currentEpoch)
        header.port = address(letter).port
        header.busPort = address(letter).busPort
        guard let node = row(letter) else { return header }
        header.offset = node.offset
        header.configEpoch = node.configEpoch
        header.slots = node.slots
        if case .replica(let master) = node.role {
            header.flags = [.myself, .replica]
            header.replicaOf = master ?? .zero
            let row = master.flatMap { state.nodes.find($0) }
            header.configEpoch = row.map { state.nodes[$0].configEpoch } ?? 0
            header.slots = row.map { state.nodes[$0].slots } ?? SlotSet()
        }
        return header
    }

    /// The connection that a node made to us, opened when it is first used.
    mutating func inbound(_ letter: Character) -> LinkID {
        let link = LinkID.inbound(UInt32(Peer.number(letter)))
        if state.connections[link] == nil {
            step(.linkOpened(link, local: ip("127.0.0.1"), peer: ip("127.0.0.1")))
        }
        return link
    }

    /// The connection to a node ends and is refused, for long enough that another's word for its failure
    /// is believed; then that word comes.
    @discardableResult
    mutating func learnsFailure(of letter: Character, from teller: Character) -> Outcome {
        loses(letter)
        return hears(.fail(id(letter)), from: teller)
    }

    /// The connection to a node ends and is refused, for an eighth of a node timeout.
    mutating func loses(_ letter: Character) {
        silent.insert(letter)
        if let link = row(letter)?.outbound.id { step(.linkClosed(link)) }
        if let link = row(letter)?.outbound.id { step(.linkClosed(link)) }
        pass(machine.config.nodeTimeout / 8)
    }

    /// Delivers a message of a node, as it would say it unless `change` has it otherwise.
    @discardableResult
    mutating func hears(
        _ body: Body, from letter: Character, on way: Way = .inbound,
        _ change: (inout Header) -> Void = { _ in }
    ) -> Outcome {
        var header = header(of: letter)
        if let beat = body.heartbeat, !beat.extensions.isEmpty {
            header.messageFlags.insert(.extensions)
        }
        change(&header)
        switch way {
        case .inbound: return step(.message(.full(header, body), on: inbound(letter)))
        case .outbound:
            guard let handle = state.nodes.find(id(letter)),
                let link = state.nodes[handle].outbound.openID
            else { preconditionFailure("no link to \(letter)") }
            return step(.message(.full(header, body), on: link))
        }
    }
}

extension Body {
    static func ping(_ gossip: GossipEntry...) -> Body {
        .ping(Heartbeat(gossip: GossipSection(gossip)))
    }
    static func pong(_ gossip: GossipEntry...) -> Body {
        .pong(Heartbeat(gossip: GossipSection(gossip)))
    }
    static func meet(_ gossip: GossipEntry...) -> Body {
        .meet(Heartbeat(gossip: GossipSection(gossip)))
    }
    static func ping(extensions: [PingExtension]) -> Body {
        .ping(Heartbeat(extensions: extensions))
    }
}

/// A gossip entry about the node with this letter.
func rumour(
    _ letter: Character, _ flags: NodeFlags = .master, pong: UInt32 = 0,
    at place: NodeAddress? = nil
) -> GossipEntry {
    GossipEntry(
        node: id(letter), pingSent: 0, pongReceived: pong, address: place ?? address(letter),
        flags: flags)
}
