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
    /// When each node was last met, in microseconds.
    var met: [Int64] = []
    /// Who has become known to another member, and has not come back with nothing since.
    var isMember: [Bool] = []
    /// Nodes that a member may not know, or that may not know it: the others are not looked at.
    var isUnsure: [Bool] = []
    /// The node of which the operator asks next whether anybody still knows it.
    var nextAsked = 0
    /// Slots on their way.
    var reshards: [Reshard] = []
    /// What the newest command was answered.
    var lastReply: AdminReply?

    /// Replicas told whom to follow at one look.
    static let commandsPerLook = 25
    /// Microseconds between two looks.
    static let interval: Int64 = 50_000
    /// The same once the cluster has formed.
    static let idleInterval: Int64 = 500_000
}

extension World {
    mutating func operate() {
        if !operators.hasBegun { beginForming() }
        if operators.replicates { replicate() }
        askForLost()
        meetNewcomers()
        if !operators.reshards.isEmpty { advanceReshards() }
        let interval = operators.replicates ? Operator.interval : Operator.idleInterval
        schedule.add(.operate, at: now + interval)
    }

    mutating func command(_ command: AdminCommand, to node: Int) {
        trace.record(now, "operator to n\(node): \(command)")
        step(node, .command(command, from: ClientID(0)))
    }

    /// Epochs and slots before anybody knows anybody, then the first node meets all.
    private mutating func beginForming() {
        operators.hasBegun = true
        operators.met = [Int64](repeating: now, count: nodes.count)
        operators.isMember = nodes.indices.map { $0 == 0 }
        operators.isUnsure = nodes.indices.map { $0 != 0 }
        for node in nodes.indices where environment.assignsEpochs {
            command(.setConfigEpoch(Argument(node + 1)), to: node)
        }
        for node in 0..<options.masters {
            let first = node * Layout.slotCount / options.masters
            let last = (node + 1) * Layout.slotCount / options.masters - 1
            command(.addSlotsRange(from: first, to: last), to: node)
        }
        for node in nodes.indices.dropFirst() where node != operators.absent {
            meet(node, from: 0)
        }
    }

    mutating func meet(_ node: Int, from asker: Int) {
        operators.met[node] = now
        let address = nodes[node].address
        command(
            .meet(
                ip: address.ip.text, port: Argument(Int(address.port.value)),
                busPort: Argument(Int(address.busPort.value))),
            to: asker)
    }

    /// Replicas follow their masters as soon as they know them; so many at a time as a person's
    /// script would tell, since each tells everybody.
    private mutating func replicate() {
        var told = 0
        for node in options.masters..<nodes.count where told < Operator.commandsPerLook {
            let master = (node - options.masters) % options.masters
            let id = machines[master].id
            guard machines[node].state.nodes[.myself].isMaster,
                machines[node].state.nodes.find(id) != nil
            else { continue }
            command(.replicate(Argument(id)), to: node)
            told += 1
        }
    }

    /// Whoever is not known is met, and met again when that led to nothing.
    private mutating func meetNewcomers() {
        let patience = max(options.nodeTimeout, 1000) * 1000 + 500_000
        for node in nodes.indices where operators.isUnsure[node] && node != operators.absent {
            guard nodes[node].isUp, let asker = asker(for: node) else { continue }
            if knows(asker, node) && knows(node, asker) && canFind(asker, node) {
                operators.isMember[node] = true
                operators.isUnsure[node] = false
            } else if now - operators.met[node] > patience {
                meet(node, from: asker)
            }
        }
    }

    /// A member whom no living member knows any more, since those that did died or lost their disks
    /// before they told; or one that no chain of members who know each other's addresses leads to, since
    /// it and they came back elsewhere: no rule brings it back, it has to be met again. One node is asked
    /// for at a look.
    private mutating func askForLost() {
        let node = operators.nextAsked % nodes.count
        operators.nextAsked = node + 1
        guard operators.isMember[node], !operators.isUnsure[node], nodes[node].isUp else { return }
        // Who is cut off from it for good tells those beside it nothing.
        let others = nodes.indices.filter {
            $0 != node && nodes[$0].isUp && operators.isMember[$0] && network.canTalk($0, node)
        }
        guard !others.isEmpty,
            !others.contains(where: { knows($0, node) }) || isCutOff(node, from: others)
        else { return }
        operators.isMember[node] = false
        operators.isUnsure[node] = true
    }

    private func knows(_ one: Int, _ other: Int) -> Bool {
        machines[one].knows(machines[other].id)
    }

    /// Whether one of the two knows where the other is.
    private func canFind(_ one: Int, _ other: Int) -> Bool {
        machines[one].place(of: machines[other].id) == nodes[other].address
            || machines[other].place(of: machines[one].id) == nodes[one].address
    }

    /// Whether no chain of nodes, of which each can find the next, leads from a node to all others.
    private func isCutOff(_ node: Int, from others: [Int]) -> Bool {
        guard nodes.count <= World.fewNodes else { return false }
        var missing = others
        var reached = [node]
        while let next = reached.popLast() {
            let found = missing.filter { canFind(next, $0) }
            missing.removeAll { found.contains($0) }
            reached += found
        }
        return !missing.isEmpty
    }

    /// Whether every replica that shall follow a master does.
    func isReplicated() -> Bool {
        !operators.replicates
            || machines[options.masters...].allSatisfy { !$0.state.nodes[.myself].isMaster }
    }

    /// A member of the cluster that can talk to a newcomer.
    private func asker(for newcomer: Int) -> Int? {
        nodes.indices.first { node in
            node != newcomer && nodes[node].isUp && !nodes[node].isPaused
                && operators.isMember[node] && network.canTalk(node, newcomer)
        }
    }

    /// A node started again: it may know less than it did.
    mutating func returned(_ node: Int, isNew: Bool) {
        guard operators.hasBegun else { return }
        operators.isUnsure[node] = true
        guard isNew else { return }
        operators.isMember[node] = false
        operators.met[node] = 0
    }
}
