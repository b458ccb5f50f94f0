// One exhaustive switch over what the rules ask for, and the bus connections that it needs: making
// them, taking them, reading, writing and ending them.

import ClusterCore
import ClusterWire
import SystemIO

extension Node {
    private func enqueue(_ frame: [UInt8], on id: LinkID) {
        guard let link = links[id: id] else { return }
        link.enqueue(frame)
        busFigures.sentBytes &+= UInt64(frame.count)
        recording?.sent(frame, on: id)
        links.markDirty(link)
    }

    /// Does one effect. Nothing here decides anything.
    func perform(_ effect: Effect) {
        switch effect {
        case .persist(let generation, let sync):
            wantedSave = (generation, sync || wantedSave?.sync == true)
            newestSave = generation
        case .connect(let link, let address): connect(link, to: address)
        case .close(let link):
            guard let link = links[id: link] else { return }
            if !link.isConnecting { _ = link.flush() }
            recording?.closed(link.id, isOwn: true)
            links.remove(link)
        case .send(let message, let link):
            guard let frame = message.encode() else { return }
            enqueue(frame, on: link)
            if log.level == .debug { tellPing(message, on: link) }
        case .broadcast(let message, let links):
            guard let frame = message.encode() else { return }
            for link in links { enqueue(frame, on: link) }
        case .timer(let time): timerAt = timerAt == 0 ? time : min(timerAt, time)
        case .pauseWrites(let until):
            writesHeldUntil = until
            store.holdChanges(until != 0)
        case .replicate(let master):
            store.follow(master, from: machine.state.me.offset)
            disturbClients()
        case .dropKeys(let slots):
            store.dropKeys(in: slots)
            disturbClients()
        case .reply(let reply, let client, let generation):
            clients.reply(reply, to: client, after: generation)
        case .note(let note): say(note)
        }
    }

    private func say(_ note: Note) {
        if case .ignored(let what, let id) = note {
            let (kind, text) = NoteText.refusal(what, from: id)
            log.refuse(kind, text)
        } else if let (level, text) = NoteText(state: machine.state).line(note) {
            log.say(level, text)
        }
    }

    /// A line for each PING, for whoever looks for what is said and to whom.
    private func tellPing(_ message: Message, on link: LinkID) {
        guard case .full(_, .ping) = message, let node = machine.state.target(of: link) else {
            return
        }
        let state = machine.state
        let since = max(0, now.monotonic - state.nodes[node].heardAt)
        log.say(
            .debug,
            "Sending ping packet to node \(NoteText(state: state).full(state.nodes[node].id)) "
                + "last heard \(since) ms ago")
    }

    // MARK: - What clients' commands ask

    var areWritesHeld: Bool { writesHeldUntil != 0 }

    var isOutOfMemory: Bool {
        store.isFull || options.maxMemory > 0 && store.heldBytes >= options.maxMemory
    }

    /// Transactions whose watched keys changed will not run.
    func disturbClients() {
        let disturbed = store.disturbed
        store.disturbed = []
        for id in disturbed { clients[id: id]?.isDisturbed = true }
    }

    // MARK: - Links of the bus

    private var keepAliveSeconds: Int32 {
        Int32(clamping: max(1, options.cluster.nodeTimeout / 1000 * 2))
    }

    private func connect(_ id: LinkID, to address: NodeAddress) {
        guard
            let target = SocketAddress(
                ip: address.ip.text, port: address.busPort.value)
        else { return postpone(.linkClosed(id)) }
        // The last descriptors are for files, also when a thousand nodes that nobody has are tried.
        guard hasRoomForLink else { return postpone(.linkClosed(id)) }
        do throws(SystemError) {
            let socket = try Socket.connect(to: target, keepAliveSeconds: keepAliveSeconds)
            let link = BusLink(
                id, token: takeToken(), socket: socket, isConnecting: true, at: now.wall)
            guard let descriptor = link.descriptor else { return postpone(.linkClosed(id)) }
            try poller.register(descriptor, token: link.token, interest: [.read, .write])
            links.insert(link)
        } catch {
            postpone(.linkClosed(id))
        }
    }

    /// Connections that wait, up to a number at a time.
    func acceptLinks(_ listener: Listener) {
        guard listener.closedUntil == 0 else { return }
        for _ in 0..<1000 {
            do throws(SystemError) {
                guard
                    let socket = try listener.socket.accept(keepAliveSeconds: keepAliveSeconds)
                else { return }
                guard links.inboundCount < BusLinks.inboundLimit, makeRoom(),
                    let local = socket.localAddress(), let peer = socket.peerAddress(),
                    let localIP = IPText(local.ip), let peerIP = IPText(peer.ip)
                else { continue }
                let link = BusLink(
                    .inbound(links.takeNumber()), token: takeToken(), socket: socket,
                    isConnecting: false, at: now.wall)
                links.insert(link)
                guard let descriptor = link.descriptor else { continue }
                try poller.register(descriptor, token: link.token, interest: .read)
                recording?.opened(link)
                step(.linkOpened(link.id, local: localIP, peer: peerIP))
            } catch {
                // Out of descriptors: they wait in the backlog.
                return close(listener, because: error)
            }
        }
    }

    /// Whoever connects may be a node of ours: where connections that nobody knows leave too little
    /// room, one of those ends.
    /// - Returns: whether one more may stay.
    private func makeRoom() -> Bool {
        let fits = hasRoomForLink
        guard !fits || links.strangerCount >= descriptors.mostStrangers else { return true }
        log.refuse(
            "bus connections", "Too many connections of unknown nodes: the oldest make room")
        guard let oldest = links.oldestStranger else { return fits }
        lost(oldest)
        return true
    }

    func handleLink(_ link: BusLink, _ event: PollEvent) {
        if link.isConnecting {
            guard event.isWritable || event.isBroken else { return }
            return finishConnect(link)
        }
        if event.isReadable { read(link) }
        if event.isWritable && link.isOpen { links.markDirty(link) }
        if event.isBroken && !event.isReadable { lost(link) }
    }

    private func finishConnect(_ link: BusLink) {
        if link.socket?.connectionError() != nil { return lost(link) }
        let local = link.socket?.localAddress().flatMap { IPText($0.ip) } ?? IPText()
        let peer = link.socket?.peerAddress().flatMap { IPText($0.ip) } ?? IPText()
        link.isConnecting = false
        setInterest(link, write: false)
        recording?.opened(link)
        step(.linkOpened(link.id, local: local, peer: peer))
    }

    /// Who made a connection and does not read the answers on it is not read from either: what
    /// waits for it is bounded by one read. Our own connections are always read from, so that two
    /// nodes cannot wait for each other.
    private func setInterest(_ link: BusLink, write: Bool) {
        guard link.wantsWrite != write, let descriptor = link.descriptor else { return }
        link.wantsWrite = write
        var interest: Interest = write ? [.read, .write] : .read
        if write, case .inbound = link.id { interest = .write }
        do throws(SystemError) {
            try poller.modify(descriptor, token: link.token, interest: interest)
        } catch {
            log.refuse("poll", "Cannot watch a link: \(error)")
        }
    }

    /// A connection ended without the rules' asking.
    private func lost(_ link: BusLink) {
        guard link.isOpen else { return }
        recording?.closed(link.id, isOwn: false)
        links.remove(link)
        step(.linkClosed(link.id))
    }

    private func read(_ link: BusLink) {
        var buffer = readBuffer
        readBuffer = []
        let outcome = link.read(into: &buffer)
        readBuffer = buffer
        takeFrames(link)
        if case .closed = outcome { lost(link) }
        charge(link)
    }

    /// Whether the node at the other end is known. It stays so as long as the link lives: to ask
    /// again for each message would copy the machine each time.
    private func isKnown(_ link: BusLink) -> Bool {
        if !link.isKnown && machine.isKnownPeer(on: link.id) { links.know(link) }
        return link.isKnown
    }

    /// What unknown nodes make us hold is limited in all: past that, who holds most is closed.
    private func charge(_ link: BusLink) {
        let held = link.heldBytes
        // Mostly nothing is held, and nobody has to be asked about.
        guard held > 0 || link.charge > 0, case .inbound = link.id, link.isOpen else { return }
        links.charge(link, isKnown(link) ? 0 : held)
        while let heaviest = links.heaviestStranger {
            log.refuse(
                "closed a link of an unknown node: too much is held",
                "Closed a link of an unknown node: too much is held")
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
                    step(.passedBy(type, length: length, on: link.id))
                case .frame(let frame): take(frame, link)
                }
            } catch {
                step(.refused(error, nil, on: link.id))
                return lost(link)
            }
        }
    }

    private func take(_ frame: [UInt8], _ link: BusLink) {
        recording?.received(frame, on: link.id)
        busFigures.receivedBytes &+= UInt64(frame.count)
        if debug.droppedType != -1, let type = Message.type(of: frame),
            debug.droppedType == -2 || debug.droppedType == Int(type.rawValue)
        {
            step(.filtered(type, from: Message.sender(of: frame)))
            if debug.closesLinkOfDropped { lost(link) }
            return
        }
        do throws(WireError) {
            let known = machine.state.slotsExpected(on: link.id)
            step(.message(try Message.decode(frame, expecting: known), on: link.id))
        } catch {
            step(.refused(error, Message.type(of: frame), on: link.id))
            if error.closesLink { lost(link) }
        }
    }

    func flushLinks() {
        for link in links.takeDirty() where link.isOpen {
            guard !link.isConnecting else { continue }
            // What was queued since the last wake-up counts, whether it can be written or not.
            guard link.queuedBytes <= options.linkSendLimit else {
                endOverLimit(link)
                continue
            }
            switch link.flush() {
            case .moved: setInterest(link, write: false)
            case .wouldBlock:
                setInterest(link, write: true)
            case .closed: lost(link)
            }
            charge(link)
        }
    }

    private func endOverLimit(_ link: BusLink) {
        busFigures.linksOverLimit &+= 1
        log.refuse(
            "closed a link over cluster-link-sendbuf-limit",
            "Closed a link: \(link.queuedBytes) bytes wait on it, cluster-link-sendbuf-limit is "
                + "\(options.linkSendLimit)")
        lost(link)
    }

    /// Ends connections with a node for DEBUG: ours to it, its to us, or both.
    /// - Returns: false when the node is not known.
    func killLinks(of id: NodeID, ours: Bool, theirs: Bool) -> Bool {
        guard let handle = machine.state.nodes.find(id) else { return false }
        let node = machine.state.nodes[handle]
        for link in [ours ? node.outbound.id : nil, theirs ? node.inbound : nil] {
            if let link, let link = links[id: link] { lost(link) }
        }
        return true
    }

    /// Milliseconds after which a connection whose owner never said who it is is closed.
    private static let strangerPatience: Int64 = 30_000

    /// Now and then: connections whose owners never said who they are.
    func checkLinks() {
        let wall = wake.wall
        for link in links.all {
            guard case .inbound = link.id, wall - link.createdAt > Self.strangerPatience else {
                continue
            }
            if !isKnown(link) && !machine.isMeeting(on: link.id) {
                lost(link)
            }
        }
    }
}
