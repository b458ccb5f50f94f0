// What a server asks of its host: CLUSTER commands, changed settings, whether a command on a slot is served
// here, and reports about the connections.

public import ClusterCore
public import ClusterWire
package import SystemIO

/// What became of a command that was submitted.
public enum Submission: Equatable, Sendable {
    /// This is the reply.
    case answered(AdminReply)
    /// The change is being saved: `ClusterServer.answer` is called with the reply when this save is written, or
    /// with an error when it failed.
    case awaitsSave(Generation)
}

extension ClusterHost {
    // MARK: - Commands

    /// Runs a CLUSTER command.
    ///
    /// - Parameters:
    ///   - command: the command, from `AdminCommand.parse`.
    ///   - client: passed to `ClusterServer.answer` when the reply has to wait. A server that submits one
    ///     command at a time may leave it out.
    ///   - family: how the client is connected: nodes may announce one address for each kind.
    public func submit(
        _ command: AdminCommand, from client: ClientID = ClientID(0),
        over family: AddressFamily = .ipv4
    ) -> Submission {
        let (reply, generation) = ask(command, from: client, over: family)
        guard let generation else { return .answered(reply) }
        var isUndone = false
        if case .failover = command { isUndone = true }
        saves.answers.add(reply, to: client, until: generation, isUndone: isUndone)
        return .awaitsSave(generation)
    }

    /// Runs a CLUSTER command for a server that keeps its replies in order itself: when a save is returned, the
    /// server must hold the reply until `ClusterServer.saveIsInPlace` names this save or a later one.
    ///
    /// - Parameters:
    ///   - command: the command, from `AdminCommand.parse`.
    ///   - client: not used by the host.
    ///   - family: how the client is connected: nodes may announce one address for each kind.
    public func ask(
        _ command: AdminCommand, from client: ClientID, over family: AddressFamily = .ipv4
    ) -> (reply: AdminReply, after: Generation?) {
        // These are about sockets, of which the rules know nothing.
        if command == .links { return (linksReport(), nil) }
        if command == .info {
            return (.text(InfoReport.text(machine.state, links.figures)), nil)
        }
        // The rules answer as over IPv4, which is the same unless nodes announce addresses for clients.
        if family == .ipv6,
            let reply = ReadCommands.nodes(
                command, for: family, machine.state, config.cluster, Instant.now)
        {
            return (reply, nil)
        }
        step(.command(command, from: client))
        defer { saves.answer = nil }
        guard let (reply, generation) = saves.answer else {
            return (.error("ERR the command was not answered"), nil)
        }
        return (reply, generation.flatMap { saves.expect($0) ? $0 : nil })
    }

    /// Publishes to other nodes, over the links that stand: to all of the cluster, or with `shard` to those of
    /// this node's shard. Nothing is sent again. Whoever subscribes at this node is told by the server itself.
    ///
    /// - Parameters:
    ///   - channel: the name of the channel, any bytes.
    ///   - message: any bytes.
    ///   - shard: whether it is a publication of SPUBLISH: then the channel's slot must be served by this shard.
    /// - Returns: false when it is longer than ``longestPublication``: then nothing was sent.
    public func publish(channel: [UInt8], message: [UInt8], shard: Bool = false) -> Bool {
        guard channel.count <= longestPublication,
            message.count <= longestPublication - channel.count
        else { return false }
        step(.publish(Publication(channel: channel, message: message), toShard: shard))
        return true
    }

    /// Bytes that the channel and the message of a publication may have together, at most: what may wait on one
    /// link, and what other nodes take as one message.
    public var longestPublication: Int {
        let frame = min(config.limits.linkSendBytes, FrameLimit.peer.kept)
        return max(0, frame - Layout.headerSize - Layout.publishHeaderSize)
    }

    /// Changes settings of the rules.
    /// - Returns: the save to wait for, if one of the changed settings is kept in nodes.conf.
    public func configure(_ cluster: ClusterConfig) -> Generation? {
        config.cluster = cluster
        let newest = saves.newest
        step(.configure(cluster))
        return saves.newest > newest && saves.expect(saves.newest) ? saves.newest : nil
    }

    /// Changes the limits of memory and connections.
    public func setLimits(_ limits: HostLimits) { config.limits = limits }

    /// CONFIG RESETSTAT: all counters start at 0 again.
    package func resetStatistics() {
        links.figures = BusFigures()
        step(.resetStatistics)
    }

    /// Whether writes of clients are paused for a manual failover.
    public var areWritesPaused: Bool { clock.writesPausedUntil != nil }

    /// Monotonic milliseconds at which such a pause ends; nil while there is none.
    package var endOfPause: Int64? { clock.writesPausedUntil }

    /// Lets writes go on, if the time of a pause is over: `settle` does it as well.
    package func endPause() {
        guard clock.writesPausedUntil != nil,
            clock.takeEndOfPause(at: SystemClock.monotonicMilliseconds())
        else { return }
        server?.setWritesPaused(false)
    }

    // MARK: - Views

    /// A snapshot of the node's view of the cluster.
    public var view: ClusterView { machine.view }

    /// The id of this node.
    public var myID: NodeID { machine.id }
    /// Whether this node is a master or a replica, and of which master.
    public var role: Role { machine.role }

    /// Whether a command on a slot is served here, and else where the client is redirected.
    public func route(_ query: SlotQuery) -> SlotRoute { machine.route(query) }

    /// Whether a slot is moving from here or to here, so that its keys may be at either end: then
    /// `SlotQuery.present` and `missing` count.
    public func isMigratingOrImporting(_ slot: Slot) -> Bool {
        machine.isMigratingOrImporting(slot)
    }

    /// The address that a node announces; nil when the node is not known.
    public func address(of id: NodeID) -> NodeAddress? { machine.address(of: id) }

    /// Sockets of the bus that are open: links, and those of them whose owner is known by name.
    package var linkCount: Int { links.count }
    package var knownLinkCount: Int { links.knownCount }
    package var listenerAddresses: [SocketAddress] { links.listeners.map(\.address) }
    /// Bytes that wait to be written to other nodes.
    package var queuedBytes: Int { links.queuedBytes }

    /// CLUSTER LINKS: the connections, each with the node it belongs to.
    private func linksReport() -> AdminReply {
        let state = machine.state
        var list: [AdminReply] = []
        for handle in state.nodes.handles {
            let known = state.nodes[handle]
            for (direction, id) in [("to", known.outbound.id), ("from", known.inbound)] {
                guard let id, let link = links[id: id] else { continue }
                let queued = AdminReply.integer(Int64(link.queuedBytes))
                list.append(
                    .map([
                        ("direction", .bulk(direction)), ("node", .bulk(known.id.description)),
                        ("create-time", .integer(link.createdAt)),
                        ("events", .bulk(link.waitsForRoom ? "rw" : "r")),
                        ("send-buffer-allocated", queued), ("send-buffer-used", queued),
                    ]))
            }
        }
        return .list(list)
    }

    /// Ends connections with a node: ours to it, its to us, or both.
    /// - Returns: false when the node is not known.
    package func killLinks(of id: NodeID, ours: Bool, theirs: Bool) -> Bool {
        guard let handle = machine.state.nodes.find(id) else { return false }
        let node = machine.state.nodes[handle]
        for link in [ours ? node.outbound.id : nil, theirs ? node.inbound : nil] {
            if let link, let link = links[id: link] { lost(link) }
        }
        return true
    }
}
