// Servers with keys in the world: their start and end, what the rules are told of them and ask of them, and what
// replication wants done with connections. What travels between them is in WorldStreams.

import ClusterCore
import ClusterWire
import DataPlane
import Determinism

extension World {
    func server(_ node: Int) -> DataServer? { data?.servers[node] }

    /// The monotonic clock of a node's process.
    func clock(_ node: Int) -> Int64 { nodes[node].instant(at: now).monotonic }

    // MARK: Life

    /// The process has started: it holds no keys.
    mutating func startServer(_ node: Int) {
        guard let profile = data?.profile else { return }
        let server = DataServer(
            profile.settings, seed: random.next(), planted: options.planted)
        data?.servers[node] = server
        if let master = machines[node].masterAddress {
            let id = machines[node].state.me.master
            server.follow(master, named: id, from: 0, at: clock(node))
        }
    }

    // MARK: The rules

    /// Before each step: no rule works with old keys or offsets.
    mutating func tellStore(of node: Int, at instant: Instant) {
        guard let report = server(node)?.report(at: instant.monotonic) else { return }
        take(node, .store(report), at: instant)
    }

    mutating func tickServer(_ node: Int) {
        guard let server = server(node) else { return }
        let instant = nodes[node].instant(at: now)
        server.store.now = instant.wall
        server.endPause(at: instant.monotonic)
        server.replication.tick(at: instant.monotonic)
        settleServer(node)
        showServer(node, server, at: instant.monotonic)
    }

    /// What checkers of offsets look at.
    private mutating func showServer(_ node: Int, _ server: DataServer, at now: Int64) {
        nodes[node].data.offset = UInt64(server.replication.log.offset)
        guard let age = server.replication.copyAge(at: now) else {
            nodes[node].data.source = nil
            return
        }
        nodes[node].data.source = machines[node].state.me.master.flatMap { self.node(named: $0) }
        nodes[node].data.heardAt = self.now - age * 1000
    }

    mutating func follow(_ master: NodeAddress?, _ node: Int) {
        guard let server = server(node) else { return }
        let me = machines[node].state.me
        server.follow(master, named: me.master, from: me.offset, at: clock(node))
        if master == nil { tell(.data(.promoted(node))) }
    }

    // MARK: What replication wants

    /// After whatever happened at a server: all that it wants done, and all that can be sent.
    mutating func settleServer(_ node: Int) {
        guard let server = server(node), violation == nil else { return }
        answerWaiting(node, server)
        server.replication.settle()
        while server.replication.hasActions {
            for action in server.replication.takeActions() { perform(action, node, server) }
        }
        sendStreams(of: node, server)
    }

    private mutating func perform(
        _ action: ReplicationAction, _ node: Int, _ server: DataServer
    ) {
        switch action {
        case .connect(let master): connect(to: master, node, server)
        case .send(let bytes):
            if let end = server.masterEnd { send(bytes, on: end) }
        case .disconnect:
            if let end = server.masterEnd { closeEnd(end) }
            server.masterEnd = nil
        case .close(let number):
            if let end = server.close(number) { closeEnd(end) }
        case .takeOver: break  // no server of a world shuts down in an orderly way
        case .note(.replica(let note)): heard(note, node, server)
        case .note(.master(let note)): heard(note, node, server)
        }
    }

    private mutating func heard(
        _ note: ReplicationNote.OfReplica, _ node: Int, _ server: DataServer
    ) {
        trace.recordDetail(now, "n\(node) replication: \(note)")
        switch note {
        case .copyBegan: server.heldWhileCopying = data.map { server.digest($0.keys) }
        case .copied:
            data?.copiesTaken[node] += 1
            guard let end = server.masterEnd else { return }
            let source = network.ends[end ^ 1].node
            // It may have come back at an address that was its master's.
            if machines[source].id != machines[node].state.me.master {
                data?.figures.strangeCopies += 1
            }
            let expected = self.server(source)?.replicas.first { $0.end == end ^ 1 }?.copied
            tell(.data(.copied(node, from: source, expected)))
        case .stopped(let error):
            fail(Violation(.sameKeys, "n\(node) stops following its master: \(error)"))
        case .connecting, .continued, .dropped, .linkFailed, .linkClosed, .putOff: break
        }
    }

    private mutating func heard(
        _ note: ReplicationNote.OfMaster, _ node: Int, _ server: DataServer
    ) {
        trace.recordDetail(now, "n\(node) replication: \(note)")
        switch note {
        case .replicaCopies:
            data?.figures.copies += 1
            let digest = data.map { server.digest($0.keys) }
            for place in server.replicas.indices where server.replicas[place].copied == nil {
                let feed = server.replication.feed(server.replicas[place].number)
                if feed?.state == .copying { server.replicas[place].copied = digest }
            }
        case .replicaContinues: data?.figures.continuations += 1
        case .replicaWaits, .replicaSilent, .replicaBehind, .replicaGone: break
        }
    }
}
