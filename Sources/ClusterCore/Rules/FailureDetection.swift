// PFAIL by timeout, FAIL by quorum, and when either is taken back. Only masters with slots count,
// as reporters and in the quorum alike: the reference of Redis counts reports of empty masters and
// can so agree without a majority. A new PFAIL is sent to masters with slots at once. A FAIL message is
// accepted only with evidence of our own. Follows bus protocol §5.1 to §5.4; differs as DECISIONS D7 and D41
// say.

import ClusterWire

enum FailureDetection {
    /// Tick: marks each node PFAIL whose answer is a node timeout late, with no other traffic from it; also one
    /// whose address was lost, since a master that came back without its file would never be replaced.
    static func suspect(
        among due: [NodeHandle], _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let now = context.now.monotonic
        for handle in due where state.nodes.contains(handle) {
            guard now >= state.nodes[handle].nextSuspicion(context.config.nodeTimeout) else {
                continue
            }
            state.markPFail(handle, &context)
            judge(handle, &state, &context)
        }
    }

    /// EndOfStep: a master that votes tells the other voters, and the replicas of the suspects, of what
    /// it suspects since this step; a replica of a suspect tells its siblings its offset.
    static func tellSuspicions(_ state: inout ClusterState, _ context: inout StepContext) {
        let suspects = state.nodes.counts.suspects
        guard !suspects.isEmpty else { return }
        if state.me.isVotingMaster {
            let recipients = state.connectedPeers().filter { handle in
                guard !state.nodes[handle].condition.isFailed else { return false }
                return state.nodes[handle].isVotingMaster
                    || state.nodes[handle].master.flatMap { state.nodes.find($0) }
                        .map { state.nodes.isPFail($0) } ?? false
            }
            for handle in choose(recipients, state, &context) {
                Sending.ping(handle, &state, &context)
            }
        } else if let master = state.myMaster, suspects.contains(master) {
            for sibling in state.replicas(of: state.nodes[master].id) where sibling != .myself {
                Sending.pong(sibling, &state, &context)
            }
        }
    }

    /// To which of many masters a new PFAIL is sent: always to the first few, to others at random. Where nearly
    /// half of a large cluster is down, nearly all masters that are left are needed for a quorum, and some
    /// node must receive the failure report of each of them.
    private static func choose(
        _ recipients: [NodeHandle], _ state: ClusterState, _ context: inout StepContext
    ) -> [NodeHandle] {
        guard recipients.count > ClusterConfig.newsFanout else { return recipients }
        let first = recipients.filter {
            state.nodes[$0].isVotingMaster && state.nodes[$0].condition.isHealthy
        }.prefix(ClusterConfig.suspicionCollectors)
        let others = recipients.filter { !first.contains($0) }
        return first
            + context.sample(ClusterConfig.newsFanout - first.count, of: others)
    }

    /// A failure report of a master with slots: it is counted, and if it is the first one of that master the
    /// node is pinged at once. (Two nodes that suspect each other report each other in every answer: pinging
    /// them for each report would never end.)
    static func report(
        _ handle: NodeHandle, by reporter: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard handle != reporter else { return }
        let now = context.now.monotonic
        let isNew = state.nodes.noteReport(of: handle, by: reporter, at: now)
        if isNew {
            context.note(.failureReported(state.nodes[handle].id, by: state.nodes[reporter].id))
            ask(handle, &state, &context)
        }
        judge(handle, &state, &context)
        if state.failures.open.contains(handle) { decide(handle, &state, &context) }
    }

    /// Pings a healthy node, unless a ping to it waits already.
    static func ask(_ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext)
    {
        guard state.nodes[handle].condition.isHealthy, state.nodes[handle].pingSent.isNever,
            !state.nodes[handle].isHandshake
        else { return }
        Sending.ping(handle, amount: .least, &state, &context)
    }

    /// A master with slots has the node as healthy: its failure report is withdrawn.
    static func retract(
        _ handle: NodeHandle, by reporter: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        let oldest = context.now.monotonic - context.config.reportValidity
        if state.nodes[handle].isReported(by: reporter) {
            context.note(
                .failureReportWithdrawn(state.nodes[handle].id, by: state.nodes[reporter].id))
        }
        state.nodes[handle].dropReports { $0.reporter == reporter || $0.at < oldest }
    }

    /// Marks a node FAIL, and broadcasts that, if the masters that report it are a quorum.
    ///
    /// - Source: bus protocol §5.2, §12 row 31.
    static func judge(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.nodes[handle].condition.isPFail else { return }
        let needed = context.has(.failWithoutQuorum) ? 1 : state.quorum
        // Mostly there are fewer reports than a quorum, and none need be looked at.
        guard state.nodes[handle].reports.count + 1 >= needed else { return }
        let agreeing = agreeing(on: handle, &state, context)
        guard agreeing.count >= needed else { return }
        let id = state.nodes[handle].id
        state.markFail(handle, &context)
        context.note(.markedFail(id, agreeing: agreeing))
        if tellsEverybody(of: agreeing, state) {
            Sending.broadcast(.fail(id), &state, &context)
        } else {
            state.failures.leaveToOthers(id)
        }
    }

    /// Whether this node broadcasts FAIL at once: of the masters that agree, the first few do. When many
    /// masters fail and all others find it out at the same moment, each would broadcast each failure; a
    /// thousand nodes would send a thousand million messages.
    private static func tellsEverybody(of agreeing: [NodeID], _ state: ClusterState) -> Bool {
        guard state.me.isVotingMaster else { return agreeing.count <= ClusterConfig.failTellers }
        return agreeing.count { $0 < state.myID } < ClusterConfig.failTellers
    }

    /// Tick: broadcasts the failures that this node has found and no other has broadcast since.
    static func tellFailures(_ state: inout ClusterState, _ context: inout StepContext) {
        for id in state.failures.takeUntold() {
            guard let handle = state.nodes.find(id), state.nodes[handle].condition.isFailed else {
                continue
            }
            Sending.broadcast(.fail(id), &state, &context)
        }
    }

    /// Whether failure reports of a node count: it must be a master with slots.
    static func mayReport(_ node: NodeHandle, _ state: ClusterState, _ context: StepContext) -> Bool
    {
        state.nodes[node].isVotingMaster
            || context.has(.emptyReporter) && state.nodes[node].isMaster
    }

    /// A FAIL message of a known node. With evidence of our own the node is marked FAIL; otherwise it is
    /// pinged, and its answer or its silence decides. One message must not fail over a healthy master.
    ///
    /// - Source: bus protocol §4.15; DECISIONS D41.
    static func received(
        _ id: NodeID, from speaker: NodeHandle, _ state: inout ClusterState,
        _ context: inout StepContext
    ) {
        guard let handle = state.nodes.findMember(id), handle != .myself, handle != speaker
        else { return }
        state.failures.wasTold(of: id)
        guard !state.nodes[handle].condition.isFailed else { return }
        let teller = state.nodes[speaker].id
        let isNews = state.failures.open.open(handle, from: teller, at: context.now.monotonic)
        // From a master with slots it counts as a failure report, too.
        if mayReport(speaker, state, context),
            state.nodes.noteReport(of: handle, by: speaker, at: context.now.monotonic)
        {
            context.note(.failureReported(id, by: teller))
        }
        decide(handle, &state, &context)
        guard isNews && state.failures.open.contains(handle) else { return }
        context.note(.failQuestioned(id, from: teller))
        ask(handle, &state, &context)
    }

    /// Tick: decides the FAIL messages that wait for evidence. One about a node for which there is none after a
    /// node timeout is dropped.
    static func decideOpen(_ state: inout ClusterState, _ context: inout StepContext) {
        for entry in state.failures.open.entries {
            decide(entry.node, &state, &context)
            if state.failures.open.contains(entry.node),
                context.now.monotonic - entry.heardAt > context.config.nodeTimeout
            {
                deny(entry.node, &state, &context)
            }
        }
    }

    /// Marks a node FAIL about which a FAIL message waits, if there is evidence by now.
    private static func decide(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let isSilent =
            context.now.monotonic >= state.nodes[handle].evidenceAt(context.config.nodeTimeout)
        guard isSilent || agreeing(on: handle, &state, context).count >= state.quorum,
            let entry = state.failures.open.close(handle)
        else { return }
        state.markFail(handle, &context)
        context.note(.failReceived(state.nodes[handle].id, from: entry.from))
        tellReplicas(of: handle, &state, &context)
    }

    /// The replicas of a master must not miss its FAIL because a single connection broke: the first few masters
    /// with slots send it to them, even if another node has broadcast it.
    private static func tellReplicas(
        of handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let id = state.nodes[handle].id
        guard state.me.isVotingMaster, state.nodes[handle].replicaCount > 0,
            state.nodes.votersBeforeMyself(upTo: ClusterConfig.failTellers)
                < ClusterConfig.failTellers
        else { return }
        for replica in state.replicas(of: id) {
            Sending.send(.fail(id), to: replica, &state, &context)
        }
    }

    private static func deny(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        guard state.failures.open.close(handle) != nil else { return }
        context.note(.failRefuted(state.nodes[handle].id))
    }

    /// The masters with slots whose reports about a node are not too old, and this node if it has it as PFAIL.
    private static func agreeing(
        on handle: NodeHandle, _ state: inout ClusterState, _ context: StepContext
    ) -> [NodeID] {
        let oldest = context.now.monotonic - context.config.reportValidity
        if !context.has(.staleReport) { state.nodes[handle].dropReports { $0.at < oldest } }
        var agreeing = state.nodes[handle].reports.map(\.reporter)
            .filter { mayReport($0, state, context) }.map { state.nodes[$0].id }
        if state.me.isVotingMaster && state.nodes[handle].isUnhealthy {
            agreeing.append(state.myID)
        }
        return agreeing
    }

    /// A PONG on our own link: the node lives. A master whose slots nobody took over stays failed
    /// for a while, so that an election that is under way can end.
    ///
    /// - Source: bus protocol §5.4.
    static func answered(
        _ handle: NodeHandle, _ state: inout ClusterState, _ context: inout StepContext
    ) {
        let id = state.nodes[handle].id
        if state.failures.open.contains(handle) { deny(handle, &state, &context) }
        switch state.nodes[handle].condition {
        case .healthy: return
        case .pfail:
            state.markHealthy(handle, &context)
            context.note(.clearedPFail(id))
        case .fail(let since):
            if context.has(.lastingFail) { return }
            let reason: Note.ClearReason
            if !state.nodes[handle].isMaster {
                reason = .replicaReachable
            } else if state.nodes[handle].slotCount == 0 {
                reason = .masterWithoutSlots
            } else if context.now.monotonic - since > context.config.failUndo {
                reason = .nobodyTookOver
            } else {
                return
            }
            state.markHealthy(handle, &context)
            context.note(.clearedFail(id, reason: reason))
        }
    }
}

extension KnownNode {
    /// When the node becomes PFAIL if nothing comes from it.
    @inline(__always)
    func nextSuspicion(_ nodeTimeout: Int64) -> Int64 {
        guard !pingSent.isNever, condition.isHealthy, !isHandshake, !isKnownFromGossip else {
            return .max
        }
        return max(pingSent, dataReceived) + nodeTimeout + 1
    }

    /// When the node's silence is evidence enough for a FAIL message: a ping of ours has waited for half a node
    /// timeout, or our connection has been refused or lost for an eighth of one.
    func evidenceAt(_ nodeTimeout: Int64) -> Int64 {
        let unanswered = pingSent.isNever ? .max : max(pingSent, dataReceived) + nodeTimeout / 2
        guard !unreachableSince.isNever else { return unanswered }
        return min(unanswered, max(unreachableSince, dataReceived) + nodeTimeout / 8)
    }
}
