// Bytes in and out: what was read from a link is cut into frames, within the limits of a known or an unknown
// node, decoded and given to the rules; what they sent is written at the end of a wake-up.

import ClusterCore
import ClusterWire
import SystemIO

extension ClusterHost {
    func read(_ link: BusLink) {
        let outcome = link.read(into: &loop.readBuffer)
        takeFrames(link)
        switch outcome {
        case .bytes: break
        case .waits(let interest): watch(link, link.interest.union(interest))
        case .closed: lost(link)
        }
        charge(link)
    }

    /// Whether the node at the other end is known by name. It stays so as long as the link lives, and is
    /// not asked again: each question to the machine copies what it believes (some 150 ns).
    func isKnown(_ link: BusLink) -> Bool {
        if !link.marks.isKnown && machine.isKnownPeer(on: link.id) { links.know(link) }
        return link.marks.isKnown
    }

    /// The bytes buffered for unknown nodes are limited in total: beyond, the link with most is closed.
    private func charge(_ link: BusLink) {
        let held = link.heldBytes
        // Mostly nothing is buffered, and the machine need not be asked whether the node is known.
        guard held > 0 || link.marks.charge > 0, link.isInbound, link.isOpen else { return }
        links.charge(link, isKnown(link) ? 0 : held)
        while links.unknownBytes > config.limits.unknownBytes,
            let heaviest = links.heaviestStranger
        {
            note(.unknownConnectionsHoldTooMuch)
            lost(heaviest)
        }
    }

    /// Every complete frame of a link, as long as the link lives.
    private func takeFrames(_ link: BusLink) {
        while link.isOpen {
            do throws(WireError) {
                let limit: FrameLimit = isKnown(link) ? .peer : .stranger
                guard let piece = try link.splitter.next(limit: limit) else { return }
                switch piece {
                case .passed(let type, let length):
                    step(.oversized(type, length: length, on: link.id))
                case .frame(let frame): take(frame, link)
                }
            } catch {
                step(.refused(error, nil, on: link.id))
                return lost(link)
            }
        }
    }

    private func take(_ frame: [UInt8], _ link: BusLink) {
        if let observer = probes.observer { observer(.received(frame, on: link.id)) }
        links.figures.receivedBytes &+= UInt64(frame.count)
        let type = Message.type(of: frame)
        if type?.isPublication == true {
            links.figures.publishedBytes.received &+= UInt64(frame.count)
        }
        if probes.filter != .nothing, let type, probes.filter.drops(type) {
            step(.filtered(type, from: Message.sender(of: frame)))
            if probes.closesFilteredLinks { lost(link) }
            return
        }
        do throws(WireError) {
            // The one question for each frame. It costs such a copy, of some microseconds that a
            // heartbeat takes, and lets decoding share the slots that it finds unchanged.
            let known = machine.state.slotsExpected(on: link.id)
            step(.message(try Message.decode(frame, expecting: known), on: link.id))
        } catch {
            step(.refused(error, type, on: link.id))
            if error.closesLink { lost(link) }
        }
    }

    func flushLinks() {
        for link in links.takeDirty() where link.isOpen && !link.isConnecting {
            // What was queued since the last wake-up counts, whether it can be written or not.
            guard link.queuedBytes <= config.limits.linkSendBytes else {
                links.figures.linksOverLimit &+= 1
                note(
                    .linkOverLimit(
                        queued: link.queuedBytes, limit: config.limits.linkSendBytes))
                lost(link)
                continue
            }
            switch link.flush() {
            case .bytes: watch(link, .read)
            case .waits(let interest): watch(link, whileWaiting(for: interest, link))
            case .closed: lost(link)
            }
            charge(link)
        }
    }

    /// From an inbound connection nothing is read while answers on it wait to be written, so that a peer that
    /// does not read them can queue the answers to one read at most. Our own connections are always read, so
    /// that two nodes cannot wait for each other.
    private func whileWaiting(for interest: Interest, _ link: BusLink) -> Interest {
        link.isInbound ? interest : interest.union(.read)
    }
}
