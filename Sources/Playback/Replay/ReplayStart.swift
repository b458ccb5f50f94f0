// How one node stood at the start of a capture, as far as the first messages tell, written as the file
// from which a node starts: so the machine takes it as it takes any other. A node that the capture
// shows being met begins alone.

import ClusterCore
import ClusterWire
import Determinism

extension IndexedCapture {
    /// The state in which the first messages find a node.
    func start(
        of id: NodeID, at now: Instant, random: inout SplitMix64
    ) throws(Refusal) -> ClusterState {
        guard let me = observed.find(id), let header = observed.nodes[me].first?.header else {
            throw .neverSpeaks(id)
        }
        // A request for votes is said in an epoch that was raised for it.
        let isRequest = firstTypes[id] == .voteRequest
        let epoch = isRequest ? max(1, header.currentEpoch.value) - 1 : header.currentEpoch.value
        var lines = [line(me, isMe: true, within: epoch)]
        if isMember(id) {
            let others = observed.nodes.indices.filter { place in
                place != me && observed.areTogether(place, me)
                    && observed.nodes[place].host != nil && isMember(observed.nodes[place].id)
            }
            // Who claims a slot at the greatest epoch has it: the first line keeps it.
            for place in others.sorted(by: { firstEpoch($0) > firstEpoch($1) }) {
                lines.append(line(place, isMe: false, within: epoch))
            }
        }
        lines.append("vars currentEpoch \(epoch) lastVoteEpoch 0")
        let text = lines.joined(separator: "\n") + "\n"
        do throws(NodesFileError) {
            return try NodesFile.parse(Array(text.utf8), at: now, random: &random)
        } catch {
            throw .noState("line \(error.line) of the file made of it: \(error.reasonText)")
        }
    }

    private func firstEpoch(_ place: ObservedCluster.Index) -> Epoch {
        let node = observed.nodes[place]
        return node.first?.selfReport.configEpoch ?? node.hearsay.first?.epoch ?? 0
    }

    /// The line of a node; what it claims at an epoch that the starting node does not know is news that
    /// is still to come.
    private func line(_ place: ObservedCluster.Index, isMe: Bool, within known: UInt64) -> String {
        let node = observed.nodes[place]
        let first = node.first?.selfReport
        let isReplica = first?.isReplica ?? node.flags.contains(.replica)
        var master = first.map { $0.replicaOf } ?? .zero
        if observed.find(master).map({ observed.nodes[$0].host == nil }) ?? true { master = .zero }
        // A replica of nobody that is known cannot start: it is a master without slots to the others.
        let playsReplica = isReplica && !master.isZero
        var flags = isMe ? ["myself"] : []
        flags.append(playsReplica ? "slave" : "master")
        if !isMe && hasFailedAtStart(node.id) { flags.append("fail") }
        var slots =
            playsReplica
            ? SlotSet() : first?.slots ?? node.hearsay.first?.slots ?? SlotSet()
        var epoch = firstEpoch(place)
        if !isMe && epoch.value > known { (slots, epoch) = (SlotSet(), 0) }
        let address = "\(node.host ?? ""):\(node.port)@\(node.busPort)"
        return "\(node.id) \(address) \(flags.joined(separator: ",")) "
            + "\(playsReplica ? master.description : "-") 0 0 \(epoch) connected"
            + (slots.isEmpty ? "" : " \(slots)")
    }
}
