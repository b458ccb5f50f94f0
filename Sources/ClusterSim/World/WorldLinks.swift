// Links of the virtual world: what connecting, sending and closing come to, and what arrives when.
// Bytes cross them, so the codec is exercised too. A lost packet comes later; now and then a link breaks.

import ClusterCore
import ClusterWire
import Determinism

extension World {
    /// Microseconds after which the transport sends again what was lost.
    private static let resend: ClosedRange<Int64> = 200_000...400_000
    /// Microseconds that it waits at most between two attempts.
    private static let longestBackoff: Int64 = 30_000_000
    /// One loss in so many breaks the connection.
    private static let lossesPerBreak = 20
    /// One message in so many comes in two pieces.
    private static let messagesPerCut = 64

    // MARK: Effects

    mutating func connect(_ link: LinkID, from node: Int, to address: NodeAddress) {
        if address.ip == Forgery.ip, let forgery = stranger.impersonated {
            let end = network.connect(link, from: node, to: forgery.name)
            network.giveToStranger(end + 1)
            return put(.syn, on: end)
        }
        let target = addresses.node(at: address)
        // Somebody else's address: nobody listens there.
        let end = network.connect(link, from: node, to: target ?? node)
        put(target == nil ? .fin : .syn, on: target == nil ? end + 1 : end)
    }

    mutating func close(_ link: LinkID, of node: Int) {
        guard let end = network.end(of: link, at: node) else { return }
        closeEnd(end)
    }

    /// The process at this end closes it, after all that it sent.
    mutating func closeEnd(_ end: Int) {
        network.close(end)
        put(.fin, on: end)
    }

    mutating func send(_ message: Message, on link: LinkID, from node: Int) {
        guard let end = network.end(of: link, at: node) else {
            return trace.record(now, "n\(node) speaks on a link that it does not have")
        }
        let target = network.ends[end ^ 1].node
        say(message, from: node, to: target)
        guard let bytes = message.encode() else { return }
        metrics.sent(bytes.count, at: now)
        metrics.says(message)
        if random.below(Self.messagesPerCut) == 0 {
            let cut = 1 + random.below(bytes.count - 1)
            put(.bytes(Array(bytes[..<cut])), on: end)
            put(.bytes(Array(bytes[cut...])), on: end)
        } else {
            put(.bytes(bytes), on: end)
        }
        loseSome(on: end)
    }

    /// A packet of what was sent last may be lost.
    mutating func loseSome(on end: Int) {
        guard environment.lossPerMillion > 0, random.below(1_000_000) < environment.lossPerMillion
        else {
            return
        }
        if random.below(Self.lossesPerBreak) == 0 {
            breakConnection(end)
        } else {
            network.delay(end, until: now + draw(Self.resend))
            schedule(end)
        }
    }

    private mutating func say(_ message: Message, from node: Int, to target: Int) {
        // A PING that asks who is there comes in nobody's name.
        guard case .full(let header, let body) = message, header.sender == machines[node].id else {
            return
        }
        nodes[node].saidSlots = header.slots
        trace.mix(UInt64(body.type.rawValue) << 32 | UInt64(target) << 16 | UInt64(node))
        trace.mix(header.currentEpoch.value << 32 | header.configEpoch.value)
        let isHeartbeat = body.heartbeat != nil
        if isHeartbeat {
            trace.recordDetail(now, "n\(node) -> n\(target) \(body.type.name ?? "?")")
        } else {
            trace.record(
                now,
                "n\(node) -> n\(target) \(body.type.name ?? "?") epoch \(header.currentEpoch)")
        }
        tell(.said(header, body, by: node, to: target))
    }

    // MARK: Ways

    /// Puts a segment on a lane; it arrives after a while and after all before it.
    mutating func put(_ segment: Segment, on lane: Int) {
        let from = network.ends[lane].node
        let to = network.ends[lane ^ 1].node
        let arrival = now + draw(environment.delay) + nodes[from].slowness + nodes[to].slowness
        arrange(lane, at: network.append(segment, on: lane, at: arrival))
    }

    private mutating func arrange(_ lane: Int, at time: Int64) {
        schedule.add(.arrival, at: time, index: lane)
        network.eventAdded(lane)
    }

    /// Arranges the arrival of all that waits on a lane.
    private mutating func schedule(_ lane: Int) {
        for arrival in network.arrivals(on: lane) { arrange(lane, at: arrival) }
    }

    /// Both ends hear of it, each when it does; what was on its way is gone.
    mutating func breakConnection(_ end: Int) {
        for lane in [end, end ^ 1] {
            network.removeAll(on: lane)
            put(.fin, on: lane)
            if random.below(4) == 0 {
                network.delay(lane, until: now + draw(Self.resend))
                schedule(lane)
            }
        }
    }

    /// Ways were opened again: what was held goes on, when the transport tries again. It waits
    /// twice as long after each attempt, so it may be late by as much as the way was closed.
    mutating func releaseHeld() {
        let nodes = nodes
        for (lane, since) in network.release(where: { !nodes[$0].isUnplugged }) {
            let wait = draw(0...min(now - since, Self.longestBackoff))
            network.delay(lane, until: now + draw(environment.delay) + wait)
            schedule(lane)
        }
    }

    /// Whether what is on a lane cannot get through, and nobody says so.
    private func isShut(_ lane: Int) -> Bool {
        let to = network.ends[lane ^ 1].node
        return network.isBlocked(from: network.ends[lane].node, to: to) || nodes[to].isUnplugged
    }

    // MARK: Arrivals

    mutating func arrive(_ event: Event) {
        let lane = Int(event.index)
        if nodes[network.ends[lane ^ 1].node].isPaused && !network.ends[lane ^ 1].isForged {
            return nodes[network.ends[lane ^ 1].node].deferred.append(event)
        }
        network.eventTaken(lane)
        defer { network.release(lane) }
        guard !network.lanes[lane].isHeld, let item = network.first(on: lane),
            item.arrival <= now
        else { return }
        if isShut(lane) { return network.hold(lane, since: now) }
        network.removeFirst(on: lane)
        if network.ends[lane ^ 1].isForged { return strangerHears(item.segment, on: lane) }
        if network.ends[lane].carriesData { return dataArrived(item.segment, on: lane) }
        switch item.segment {
        case .syn: synArrived(lane)
        case .synAck: synAckArrived(lane)
        case .bytes(let bytes): received(bytes, on: lane)
        case .fin: finArrived(lane)
        }
    }

    /// Somebody connects: the process takes it, the machine refuses it, or nobody is there.
    private mutating func synArrived(_ lane: Int) {
        let node = network.ends[lane ^ 1].node
        guard network.ends[lane].isOpen else { return }
        guard nodes[node].isUp else { return put(.fin, on: lane ^ 1) }
        let link = network.accept(at: lane ^ 1)
        put(.synAck, on: lane ^ 1)
        let peer = ip(at: lane)
        step(node, .linkOpened(link, local: nodes[node].address.ip, peer: peer))
    }

    private mutating func synAckArrived(_ lane: Int) {
        let end = network.ends[lane ^ 1]
        guard end.isOpen else { return }
        let peer = ip(at: lane)
        step(end.node, .linkOpened(end.link, local: nodes[end.node].address.ip, peer: peer))
    }

    /// From where the process at an end speaks.
    private func ip(at end: Int) -> IPText {
        let known = network.ends[end]
        return known.isForged && !known.isNear ? Forgery.ip : nodes[known.node].address.ip
    }

    private mutating func received(_ bytes: [UInt8], on lane: Int) {
        let end = network.ends[lane ^ 1]
        guard end.isOpen else {
            // The machine knows of no such connection, and says so.
            if network.ends[lane].isOpen { put(.fin, on: lane ^ 1) }
            return
        }
        network.lanes[lane].splitter.push(bytes)
        while network.ends[lane ^ 1].isOpen, violation == nil {
            // Who is known matters only where somebody else than a node may have spoken.
            let isKnown =
                !network.lanes[lane].hasGarbage || machines[end.node].isKnownPeer(on: end.link)
            let limit: FrameLimit = isKnown ? .peer : .stranger
            do throws(WireError) {
                guard let piece = try network.lanes[lane].splitter.next(limit: limit) else {
                    return
                }
                switch piece {
                case .frame(let frame): read(frame, on: lane)
                case .passed(let type, let length):
                    step(end.node, .oversized(type, length: length, on: end.link))
                }
            } catch {
                refused(error, nil, on: lane)
                lost(lane ^ 1)
            }
        }
    }

    private mutating func read(_ frame: [UInt8], on lane: Int) {
        let end = network.ends[lane ^ 1]
        let speaker = network.ends[lane].node
        do throws(WireError) {
            let message = try Message.decode(frame, expecting: nodes[speaker].saidSlots)
            if network.ends[lane].isForged, case .full(let header, _) = message {
                stepForged(end.node, message, header, on: end.link)
            } else {
                step(end.node, .message(message, on: end.link))
            }
        } catch {
            refused(error, Message.type(of: frame), on: lane)
            if error.closesLink { lost(lane ^ 1) }
        }
    }

    /// Something was read that is no message. What a node said itself can always be read.
    private mutating func refused(_ error: WireError, _ type: MessageType?, on lane: Int) {
        let end = network.ends[lane ^ 1]
        guard network.lanes[lane].hasGarbage else {
            return fail(
                Violation(.readableMessage, "n\(end.node) cannot read a message: \(error)"))
        }
        step(end.node, .refused(error, type, on: end.link))
    }

    /// The process at this end gives a connection up, as the shell does with one that is garbled.
    private mutating func lost(_ end: Int) {
        guard network.ends[end].isOpen else { return }
        closeEnd(end)
        step(network.ends[end].node, .linkClosed(network.ends[end].link))
    }

    private mutating func finArrived(_ lane: Int) {
        let end = network.ends[lane ^ 1]
        guard end.isOpen else { return }
        network.close(lane ^ 1)
        step(end.node, .linkClosed(end.link))
    }
}
