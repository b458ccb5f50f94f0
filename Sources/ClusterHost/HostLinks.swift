// The life of links: connecting, accepting, watching and closing them, and which are closed when there are too
// many connections of unknown nodes.

import ClusterCore
import ClusterWire
import SystemIO

extension ClusterHost {
    private var keepAliveSeconds: Int32 {
        Int32(clamping: max(1, config.cluster.nodeTimeout / 1000 * 2))
    }

    private var hasRoomForLink: Bool { server?.hasRoomForLink ?? true }

    func connect(_ id: LinkID, to address: NodeAddress) {
        guard
            let target = SocketAddress(
                ip: address.ip.text, port: address.busPort.value)
        else { return postpone(.linkClosed(id)) }
        // The last descriptors are kept for files, even when gossip names a thousand made-up nodes to connect
        // to.
        guard hasRoomForLink else { return postpone(.linkClosed(id)) }
        do throws(SystemError) {
            let socket = try Socket.connect(to: target, keepAliveSeconds: keepAliveSeconds)
            let link = BusLink(
                id, token: links.takeToken(), socket: socket, isConnecting: true,
                at: .now)
            guard let descriptor = link.descriptor else { return postpone(.linkClosed(id)) }
            try loop.register(descriptor, token: link.token, interest: link.interest)
            links.insert(link)
        } catch {
            postpone(.linkClosed(id))
        }
    }

    /// Connections that wait, up to a number at a time.
    func acceptLinks(_ listener: Listener) {
        guard listener.isOpen else { return }
        for _ in 0..<Listener.acceptsAtOnce {
            do throws(SystemError) {
                guard
                    let socket = try listener.socket.accept(keepAliveSeconds: keepAliveSeconds)
                else { return }
                guard links.inboundCount < config.limits.inboundLinks, makeRoom(),
                    let local = socket.localAddress(), let peer = socket.peerAddress(),
                    let localIP = IPText(local.ip), let peerIP = IPText(peer.ip)
                else { continue }
                let link = BusLink(
                    .inbound(links.takeNumber()), token: links.takeToken(), socket: socket,
                    isConnecting: false, at: .now)
                links.insert(link)
                guard let descriptor = link.descriptor else { continue }
                try loop.register(descriptor, token: link.token, interest: .read)
                tellOpened(link)
                step(.linkOpened(link.id, local: localIP, peer: peerIP))
            } catch {
                // Out of descriptors: they wait in the backlog.
                return close(listener, because: error)
            }
        }
    }

    /// A new connection may be that of a member: when connections of unknown nodes leave too few descriptors,
    /// one of those is closed.
    /// - Returns: whether the new connection may stay.
    private func makeRoom() -> Bool {
        let fits = hasRoomForLink
        guard !fits || links.strangerCount >= config.limits.unknownConnections else { return true }
        note(.tooManyUnknownConnections)
        guard let oldest = links.oldestStranger else { return fits }
        lost(oldest)
        return true
    }

    private func close(_ listener: Listener, because error: SystemError) {
        note(.cannotAccept(error))
        do throws(SystemError) {
            try listener.close(on: loop)
        } catch {
            note(.cannotWatchListener(error))
        }
    }

    /// Tick: listeners that were left alone for long enough.
    func reopenListeners(at now: Int64) {
        links.listeners.reopen(at: now, on: loop) { note(.cannotWatchListener($0)) }
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
        if link.connectionError() != nil { return lost(link) }
        let local = link.localAddress().flatMap { IPText($0.ip) } ?? IPText()
        let peer = link.peerAddress().flatMap { IPText($0.ip) } ?? IPText()
        link.isConnecting = false
        watch(link, .read)
        tellOpened(link)
        step(.linkOpened(link.id, local: local, peer: peer))
    }

    private func tellOpened(_ link: BusLink) {
        guard let observer = probes.observer, let local = link.localAddress(),
            let peer = link.peerAddress()
        else { return }
        observer(.opened(link.id, local: local, peer: peer))
    }

    func watch(_ link: BusLink, _ interest: Interest) {
        guard link.interest != interest, let descriptor = link.descriptor else { return }
        link.interest = interest
        do throws(SystemError) {
            try loop.modify(descriptor, token: link.token, interest: interest)
        } catch {
            note(.cannotWatchLink(error))
        }
    }

    /// A connection ended without the rules' asking.
    func lost(_ link: BusLink) {
        guard link.isOpen else { return }
        if let observer = probes.observer { observer(.closed(link.id, byUs: false)) }
        links.remove(link)
        step(.linkClosed(link.id))
    }

    /// Now and then: closes connections whose owners are still unknown after `HostLimits.unknownTimeout`.
    package func checkLinks() {
        let now = clock.wake.monotonic
        for link in links.all
        where link.isInbound && now - link.openedAt > config.limits.unknownTimeout {
            if !isKnown(link) && !machine.isMeeting(on: link.id) { lost(link) }
        }
    }
}
