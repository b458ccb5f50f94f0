// The operator of a virtual cluster: forms it with the commands that a person would give, and meets
// nodes again that came back with nothing. It looks at what nodes know and never into their rules.

import ClusterCore
import ClusterWire

/// What the operator remembers.
struct Operator: Sendable {
    var hasBegun = false
    /// Whether each replica is told whom to follow, until the cluster has formed.
    var replicates = true
    /// A node that is not met at first.
    var absent: Int?
    /// When each node was last met, in microseconds; nil: no need.
    var met: [Int64?] = []

    /// Microseconds between two looks.
    static let interval: Int64 = 50_000
}

extension World {
    mutating func operate() {
        if !operators.hasBegun { beginForming() }
        if operators.replicates { replicate() }
        meetNewcomers()
        queue.add(.operate, at: now + Operator.interval)
    }

    private mutating func command(_ command: AdminCommand, to node: Int) {
        trace.tell(now, "operator to n\(node): \(command)")
        step(node, .command(command, from: ClientID(0)))
    }

    /// Epochs and slots before anybody knows anybody, then the first node meets all.
    private mutating func beginForming() {
        operators.hasBegun = true
        operators.met = [Int64?](repeating: nil, count: nodes.count)
        for node in nodes.indices where climate.assignsEpochs {
            command(.setConfigEpoch(String(node + 1)), to: node)
        }
        for node in 0..<options.masters {
            let first = node * Layout.slotCount / options.masters
            let last = (node + 1) * Layout.slotCount / options.masters - 1
            command(.addSlotsRange([String(first), String(last)]), to: node)
        }
        for node in nodes.indices.dropFirst() where node != operators.absent {
            operators.met[node] = now
            meet(node, from: 0)
        }
    }

    mutating func meet(_ node: Int, from asker: Int) {
        let address = nodes[node].address
        command(
            .meet(ip: address.ip.text, port: "\(address.port)", busPort: "\(address.busPort)"),
            to: asker)
    }

    /// Replicas follow their masters as soon as they know them.
    private mutating func replicate() {
        for node in options.masters..<nodes.count {
            let master = (node - options.masters) % options.masters
            guard let state = nodes[node].machine?.state, state.nodes[.myself].isMaster,
                let id = nodes[master].machine?.state.myID, state.nodes.find(id) != nil
            else { continue }
            command(.replicate(id.description), to: node)
        }
    }

    /// Whoever is not known is met, and met again when that led to nothing.
    private mutating func meetNewcomers() {
        let patience = max(options.nodeTimeout, 1000) * 1000 + 500_000
        for node in nodes.indices {
            guard let met = operators.met[node], now - met > 0,
                let id = nodes[node].machine?.state.myID,
                let asker = asker(for: node)
            else { continue }
            if nodes[asker].machine?.state.nodes.find(id) != nil {
                operators.met[node] = nil
            } else if now - met > patience {
                operators.met[node] = now
                meet(node, from: asker)
            }
        }
    }

    /// Whether every replica that shall follow a master does.
    func isReplicated() -> Bool {
        !operators.replicates
            || nodes[options.masters...].allSatisfy {
                $0.machine.map { !$0.state.nodes[.myself].isMaster } ?? true
            }
    }

    /// A member of the cluster that can talk to a newcomer.
    private func asker(for newcomer: Int) -> Int? {
        nodes.indices.first { node in
            node != newcomer && nodes[node].isUp && !nodes[node].isPaused
                && (operators.met[node] == nil) && !network.isBlocked(from: node, to: newcomer)
                && !network.isBlocked(from: newcomer, to: node)
        }
    }

    /// A node came back with nothing: it is to be met.
    mutating func lostEverything(_ node: Int) {
        if operators.hasBegun { operators.met[node] = 1 }
    }
}
