// Clients of the virtual servers: each request goes to the node that the client takes for the owner of its slot,
// is routed there as the node routes it, and goes on where a redirection says. A client is beside a node: it
// reaches what that node reaches.

import ClusterCore
import ClusterWire
import DataPlane
import Determinism

extension World {
    /// Microseconds for which a client waits for an answer, and for a replica to have its write.
    private static let patience: Int64 = 3_000_000
    private static let waitTime: Int64 = 1_000_000
    private static let mostRedirections = 5
    /// Microseconds between two looks whether writes go on.
    private static let heldPause: Int64 = 20_000

    mutating func beginClients() {
        guard data != nil else { return }
        data?.areClientsActive = true
        schedule.add(.ask, at: now + 1000)
    }

    /// Some client asks something.
    mutating func ask() {
        guard let profile = data?.profile, let keys = data?.keys.count,
            let count = data?.operations.count, data?.areClientsActive == true
        else { return }
        let kinds: [ClientOperation.Kind] = [.write, .awaitedWrite, .awaitedWrite, .read]
        let operation = ClientOperation(
            kind: kinds[random.below(kinds.count)], key: random.below(keys), number: count + 1,
            home: random.below(nodes.count), at: now)
        data?.operations.append(operation)
        let guess = data?.owners[operation.home * keys + operation.key] ?? -1
        request(count, at: guess < 0 ? random.below(nodes.count) : guess)
        schedule.add(.ask, at: now + draw(1000...2 * profile.requestSpacing))
    }

    private mutating func request(_ number: Int, at node: Int) {
        let delay = draw(environment.delay) + nodes[node].slowness
        schedule.add(.request, at: now + delay, node: node, index: number)
    }

    /// A request reaches a node.
    mutating func requested(_ number: Int, at node: Int) {
        guard let operation = data?.operations[number], let key = data?.keys[operation.key] else {
            return
        }
        guard now - operation.at < Self.patience, nodes[node].isUp, let server = server(node),
            operation.home == node || network.canTalk(operation.home, node)
        else { return learn(nil, operation) }
        let state = machines[node].state
        var query = SlotQuery(key.slot)
        query.writes = operation.kind != .read
        query.allowsReplica = operation.kind == .read
        query.holdsCopy = server.replication.holdsCopy
        if state.isMigratingOrImporting(key.slot) {
            let isThere = server.store.holds(key.name.span)
            (query.present, query.missing) = (isThere ? 1 : 0, isThere ? 0 : 1)
        }
        switch state.route(query) {
        case .serve:
            learn(node, operation)
            serve(number, operation, key, at: node, server)
        case .moved(let id):
            guard operation.redirections < Self.mostRedirections, let next = self.node(named: id)
            else { return learn(nil, operation) }
            data?.operations[number].redirections += 1
            learn(next, operation)
            request(number, at: next)
        case .ask, .tryAgain, .down: learn(nil, operation)
        }
    }

    /// Whom the client asks first the next time.
    private mutating func learn(_ node: Int?, _ operation: ClientOperation) {
        let keys = data?.keys.count ?? 0
        data?.owners[operation.home * keys + operation.key] = node ?? -1
        if node == nil { data?.figures.refused += 1 }
    }

    private mutating func serve(
        _ number: Int, _ operation: ClientOperation, _ key: DataKey, at node: Int,
        _ server: DataServer
    ) {
        guard operation.kind != .read else {
            data?.figures.reads += 1
            return tell(.data(.read(node)))
        }
        guard !server.store.isHeld else {
            schedule.add(.request, at: now + Self.heldPause, node: node, index: number)
            return
        }
        let offset = server.write(key, operation.number)
        data?.figures.writes += 1
        if operation.kind == .awaitedWrite {
            server.replication.askForConfirmation()
            server.waiting.append(
                AwaitedWrite(operation: number, offset: offset, deadline: now + Self.waitTime))
        }
        settleServer(node)
    }

    /// Tells clients that wait for a replica, if there is something to tell.
    mutating func answerWaiting(_ node: Int, _ server: DataServer) {
        guard let data, !server.waiting.isEmpty else { return }
        var rest: [AwaitedWrite] = []
        var confirmed: [ConfirmedWrite] = []
        for awaited in server.waiting {
            let operation = data.operations[awaited.operation]
            var query = SlotQuery(data.keys[operation.key].slot)
            query.writes = true
            guard now < awaited.deadline, machines[node].state.route(query) == .serve else {
                self.data?.figures.unconfirmed += 1
                continue
            }
            guard server.replication.confirmations(of: awaited.offset) >= 1 else {
                rest.append(awaited)
                continue
            }
            confirmed.append(
                ConfirmedWrite(
                    key: operation.key, number: operation.number, at: now,
                    master: ProcessName(node: node, incarnation: nodes[node].incarnation),
                    replicas: server.holders(of: awaited.offset)))
        }
        server.waiting = rest
        self.data?.figures.confirmed += confirmed.count
        for write in confirmed { tell(.data(.confirmed(write))) }
    }
}
