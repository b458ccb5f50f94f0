// Connections on which keys travel: replicas connect to where they believe their master to be, requests and
// streams cross in pieces of any size, and few are on their way at one time, so that a copy takes a while and may
// be cut anywhere. They are lanes of the same network as the bus, with the same delays, losses and cuts.

import ClusterCore
import ClusterWire
import DataPlane
import Determinism

extension World {
    // MARK: Sending

    mutating func connect(to master: MasterAddress, _ node: Int, _ server: DataServer) {
        let busPort = VirtualNode.address(of: 0).busPort
        let address = IPText(master.host).map {
            NodeAddress(ip: $0, port: Port(UInt16(clamping: master.port)), busPort: busPort)
        }
        let target = address.flatMap { addresses.node(at: $0) }
        let serial = data?.nextSerial ?? 0
        data?.nextSerial += 1
        let end = network.connect(
            .outbound(.myself, serial: serial), from: node, to: target ?? node)
        network.carryData(on: end)
        server.masterEnd = end
        put(target == nil ? .fin : .syn, on: target == nil ? end + 1 : end)
    }

    /// Bytes on their way; as on the bus some are lost, and sent again or not.
    mutating func send(_ bytes: [UInt8], on end: Int) {
        guard network.ends[end].isOpen else { return }
        put(.bytes(bytes), on: end)
        loseSome(on: end)
    }

    /// As much of the streams of a server as may be on its way.
    mutating func sendStreams(of node: Int, _ server: DataServer) {
        guard let profile = data?.profile else { return }
        let time = clock(node)
        for connection in server.replicas {
            guard let feed = server.replication.feed(connection.number) else { continue }
            while network.lanes[connection.end].count < DataProfile.pieces {
                let most = 1 + random.below(profile.pieceBytes)
                let piece: [UInt8]? = feed.lend(server.replication.log) { bytes in
                    (0..<min(bytes.count, most)).map { bytes[$0] }
                }
                guard let piece, !piece.isEmpty else { break }
                feed.sent(piece.count, at: time)
                send(piece, on: connection.end)
            }
        }
        server.replication.keepNeeded()
    }

    // MARK: Arriving

    mutating func dataArrived(_ segment: Segment, on lane: Int) {
        let node = network.ends[lane ^ 1].node
        switch segment {
        case .syn: replicaKnocks(lane, at: node)
        case .synAck:
            guard network.ends[lane ^ 1].isOpen, let server = server(node) else { return }
            server.replication.linkOpened(at: clock(node))
        case .bytes(let bytes):
            guard network.ends[lane ^ 1].isOpen, let server = server(node) else {
                if network.ends[lane].isOpen { put(.fin, on: lane ^ 1) }
                return
            }
            if server.masterEnd == lane ^ 1 {
                server.replication.linkReceived(bytes.span, at: clock(node))
            } else {
                let answer = server.request(
                    bytes, at: lane ^ 1, now: clock(node), of: machines[node].id,
                    givesNoCopies: machines[node].awaitsFailover(at: nodes[node].instant(at: now)))
                if !answer.isEmpty { send(answer, on: lane ^ 1) }
            }
        case .fin:
            guard network.ends[lane ^ 1].isOpen else { return }
            network.close(lane ^ 1)
            guard let server = server(node) else { return }
            if server.masterEnd == lane ^ 1 {
                server.masterEnd = nil
                server.replication.linkClosed("the other end closed it", at: clock(node))
            } else {
                server.closed(lane ^ 1)
            }
        }
        settleServer(node)
        // There is room again for what comes next.
        let sender = network.ends[lane].node
        if nodes[sender].isUp, !nodes[sender].isPaused, let server = server(sender) {
            sendStreams(of: sender, server)
        }
    }

    private mutating func replicaKnocks(_ lane: Int, at node: Int) {
        guard network.ends[lane].isOpen else { return }
        guard nodes[node].isUp, let server = server(node) else { return put(.fin, on: lane ^ 1) }
        _ = network.accept(at: lane ^ 1)
        let peer = network.ends[lane].node
        server.accepted(
            lane ^ 1, from: ProcessName(node: peer, incarnation: nodes[peer].incarnation),
            at: nodes[peer].address.ip.text)
        put(.synAck, on: lane ^ 1)
    }
}
