// Commands of an operator as the words of a node imply them: a MEET is sent because somebody asked for
// it, a promotion without a vote is a takeover. Each is given to the machine just before the first
// message that shows its effect.

import Capture
import ClusterCore
import ClusterWire

/// What a node was told to do, found out from what it said.
struct InferredCommands {
    private var last: SelfReport?
    private var met: Set<String> = []
    private var startedAt: Int64?
    private var requestedAt: Int64?
    private var forgotten: Set<NodeID> = []
    /// When masters last claimed an epoch.
    private var epochsHeard: [UInt64: Int64] = [:]

    /// A command is believed to belong to a request for so long, in nanoseconds.
    private static let patience: Int64 = 10_000_000_000

    /// A collision is resolved within so long, in nanoseconds.
    private static let collision: Int64 = 500_000_000

    mutating func heard(_ header: Header, at time: Int64) {
        if header.saysMaster && epochsHeard.count < 10_000 {
            epochsHeard[header.configEpoch.value] = time
        }
    }

    /// The commands that a message of the node implies, and that the machine does not already obey.
    mutating func implied(
        by header: Header, _ body: Body, to destination: CaptureAddress, _ state: ClusterState,
        _ view: CaptureView, at time: Int64
    ) -> [AdminCommand] {
        var commands: [AdminCommand] = []
        switch body {
        case .meet:
            if met.insert(destination.description).inserted {
                if let node = view.listener(at: destination) {
                    commands.append(
                        .meet(
                            ip: destination.host,
                            port: Argument(reading: node.port.description),
                            busPort: Argument(reading: node.busPort.description)))
                }
            }
        case .manualFailoverStart:
            if startedAt.map({ time - $0 > Self.patience }) ?? true {
                commands.append(.failover(Argument(.asked)))
            }
            startedAt = time
        case .voteRequest:
            let isNew = requestedAt.map { time - $0 > Self.patience } ?? true
            let isAsked = startedAt.map { time - $0 < Self.patience } ?? false
            if isNew && !isAsked && header.messageFlags.contains(.forceAck) {
                commands.append(.failover(Argument(.forced)))
            }
            requestedAt = time
        case .ping, .pong, .fail, .publish, .publishShard, .vote, .update, .module, .unknown:
            break
        }
        commands += ofStatement(SelfReport(header), state, at: time)
        commands += toForget(body, state)
        return commands
    }

    /// From what the node is now and was before.
    private mutating func ofStatement(
        _ selfReport: SelfReport, _ state: ClusterState, at time: Int64
    ) -> [AdminCommand] {
        defer { last = selfReport }
        guard let last, last != selfReport else { return [] }
        let mine = state.me
        switch (last.isReplica, selfReport.isReplica) {
        case (false, true):
            // A master that lost its slots to another follows it by the rules.
            guard last.slots.isEmpty, mine.isMaster, !selfReport.replicaOf.isZero else { return [] }
            return [.replicate(Argument(selfReport.replicaOf))]
        case (true, false):
            let asked = [startedAt, requestedAt].contains {
                $0.map { time - $0 < Self.patience } ?? false
            }
            return asked || mine.isMaster || selfReport.slots.isEmpty
                ? [] : [.failover(Argument(.takeover))]
        case (true, true):
            guard selfReport.replicaOf != mine.master, !selfReport.replicaOf.isZero else {
                return []
            }
            return []
        case (false, false): return ofMaster(selfReport, last, state, at: time)
        }
    }

    private func ofMaster(
        _ selfReport: SelfReport, _ last: SelfReport, _ state: ClusterState, at time: Int64
    ) -> [AdminCommand] {
        var commands: [AdminCommand] = []
        let gained = selfReport.slots.subtracting(state.me.slots)
        for slot in selfReport.slots.subtracting(last.slots).intersection(gained) {
            if let owner = state.slots.owner(of: slot) {
                let source = Argument(state.nodes[owner].id)
                commands.append(.setSlot(Argument(slot), .importing(from: source)))
                commands.append(.setSlot(Argument(slot), .node(Argument(state.myID))))
            } else {
                commands.append(.addSlots([Argument(slot)]))
            }
        }
        let isRaised =
            selfReport.configEpoch > last.configEpoch
            && selfReport.configEpoch > state.me.configEpoch
        // Its own doing when it met a master with the same epoch.
        let heard = epochsHeard[last.configEpoch.value]
        let collided = heard.map { time - $0 < Self.collision } ?? false
        if isRaised && commands.isEmpty && !collided {
            commands.append(.bumpEpoch)
        }
        return commands
    }

    private mutating func toForget(_ body: Body, _ state: ClusterState) -> [AdminCommand] {
        var commands: [AdminCommand] = []
        for item in body.heartbeat?.extensions ?? [] {
            guard case .forgottenNode(let id, _) = item.value, forgotten.insert(id).inserted,
                state.nodes.find(id) != nil
            else { continue }
            commands.append(.forget(Argument(id)))
        }
        return commands
    }
}
