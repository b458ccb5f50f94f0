// Reading nodes.conf, ours and the reference's from 4.0 on. Every fault is named with its line and
// nothing is taken from a file that has one. Unknown auxiliary fields and variables are skipped and
// named: they come from newer versions. Follows bus protocol §8.4; §12 row 19.

import ClusterWire
package import Determinism

extension NodesFile {
    /// The state that a file holds.
    package static func parse(
        _ bytes: [UInt8], at now: Instant, random: inout SplitMix64
    ) throws(NodesFileError) -> ClusterState {
        try read(bytes, at: now, random: &random).state
    }

    /// The state that a file holds, and what in it is not taken as it is: the next save is without it.
    package static func read(
        _ bytes: [UInt8], at now: Instant, random: inout SplitMix64
    ) throws(NodesFileError) -> (state: ClusterState, remarks: [NodesFileRemark]) {
        var lines: [ParsedLine] = []
        var variables = Variables()
        var remarks: [NodesFileRemark] = []
        let isWhole = bytes.last == UInt8(ascii: "\n")
        let all = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in all.enumerated() {
            let line = raw.last == UInt8(ascii: "\r") ? raw.dropLast() : raw
            guard line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw NodesFileError(line: index + 1, reason: .notText)
            }
            let words = latin1(line).split(separator: " ").map(String.init)
            let isCut = !isWhole && index + 1 == all.count
            guard let first = words.first else { continue }
            do throws(NodesFileError.Reason) {
                if first.lowercased() == "vars" {
                    try variables.read(words, isCut: isCut)
                    if isCut { remarks.append(.noNewline(raisedVoteEpoch: variables.mayBeCut)) }
                } else {
                    // Slots may be missing, and nobody can say.
                    if isCut { throw .lastLineTorn }
                    lines.append(try ParsedLine(words, number: index + 1))
                }
            } catch {
                throw NodesFileError(line: index + 1, reason: error)
            }
        }
        try join(&lines, &remarks)
        let state = try build(lines, variables, at: now, random: &random)
        for line in lines where line.flags.contains(.replica) {
            guard let handle = state.nodes.find(line.id), let shard = line.shard,
                state.nodes[handle].shard != shard
            else { continue }
            remarks.append(.otherShard(line.id))
        }
        for name in (lines.flatMap(\.skipped) + variables.skipped).sorted()
        where remarks.last != .skipped(name) {
            remarks.append(.skipped(name))
        }
        if let me = lines.first(where: { $0.flags.contains(.myself) }), let text = me.unusable {
            remarks.append(.ownAddress(text, line: me.number))
        }
        return (state, remarks)
    }

    /// Several lines about one node become one, with the slots of all and the rest of the last.
    private static func join(
        _ lines: inout [ParsedLine], _ remarks: inout [NodesFileRemark]
    ) throws(NodesFileError) {
        // Lines about one node side by side, in the order of the file.
        let sorted = lines.indices.sorted {
            (lines[$0].id, $0) < (lines[$1].id, $1)
        }
        var isJoined = lines.map { _ in false }
        for (earlier, later) in zip(sorted, sorted.dropFirst())
        where lines[earlier].id == lines[later].id {
            let roles: NodeFlags = [.master, .replica]
            guard
                lines[earlier].flags.intersection(roles) == lines[later].flags.intersection(roles),
                lines[earlier].master == lines[later].master
            else {
                throw NodesFileError(
                    line: lines[later].number, reason: .contradiction(lines[later].id))
            }
            lines[later].add(lines[earlier])
            isJoined[earlier] = true
            remarks.append(.sameNode(lines[later].id, line: lines[later].number))
        }
        lines = lines.indices.filter { !isJoined[$0] }.map { lines[$0] }
    }

    private static func build(
        _ lines: [ParsedLine], _ variables: Variables, at now: Instant,
        random: inout SplitMix64
    ) throws(NodesFileError) -> ClusterState {
        let me = try ownLine(of: lines)
        var context = StepContext(now: now, config: ClusterConfig(), random: random)
        var state = ClusterState(
            myself: me.id, shard: me.shard ?? ShardID(NodeID(using: &context.random)),
            address: me.address)
        for line in lines {
            try add(line, isMe: line.number == me.number, &state, &context)
        }
        for line in lines where line.master.map({ state.nodes.find($0) == nil }) ?? false {
            guard let handle = state.nodes.find(line.id), handle != .myself else { continue }
            // Its own header will tell.
            state.setRole(.replica(of: nil), of: handle, &context)
        }
        state.nodes.countReplicas()
        for line in lines {
            guard let handle = state.nodes.find(line.id) else { continue }
            state.assign(claimable(line.slots, state), to: handle, &context)
            // Slots that stayed with a demoted master until somebody claims them: it does not.
            if !state.nodes[handle].isMaster {
                state.slots.notClaimed = state.slots.notClaimed.union(state.nodes[handle].slots)
            }
            // Who gets its first slot here got it in an earlier life.
            state.nodes[handle].peerFlags.remove(.migrateTo)
        }
        joinShards(lines, &state)
        for (id, place) in variables.seen {
            guard let handle = state.nodes.find(id), handle != .myself else { continue }
            state.nodes[handle].locate(at: state.nodes[handle].address, seenAt: place)
        }
        for move in me.migrating { state.slots.migrating[move.slot] = move.node }
        for move in me.importing { state.slots.importing[move.slot] = move.node }
        variables.apply(to: &state)
        for handle in state.nodes.handles {
            state.currentEpoch = max(state.currentEpoch, state.nodes[handle].configEpoch)
        }
        state.currentEpoch = max(state.currentEpoch, state.lastVoteEpoch)
        let isAlone =
            state.nodes.count == 1 && state.slots.assignedCount == 0 && state.currentEpoch == 0
        state.membership.load(hasNeverJoined: isAlone, isMaster: state.me.isMaster)
        random = context.random
        return state
    }

    /// The line about this node.
    private static func ownLine(of lines: [ParsedLine]) throws(NodesFileError) -> ParsedLine {
        let mine = lines.filter { $0.flags.contains(.myself) }
        guard let me = mine.first else { throw NodesFileError(line: 0, reason: .noMyself) }
        if mine.count > 1 { throw NodesFileError(line: mine[1].number, reason: .twoMyself) }
        guard !me.flags.isDisjoint(with: [.master, .replica]) else {
            throw NodesFileError(line: me.number, reason: .neitherMasterNorReplica)
        }
        if me.flags.contains(.replica) && me.master == nil {
            throw NodesFileError(line: me.number, reason: .replicaWithoutMaster)
        }
        return me
    }

    /// The first line that names a slot keeps it.
    private static func claimable(_ slots: SlotSet, _ state: ClusterState) -> SlotSet {
        var free = SlotSet()
        for slot in slots where state.slots.owner(of: slot) == nil { free.insert(slot) }
        return free
    }

    private static func add(
        _ line: ParsedLine, isMe: Bool, _ state: inout ClusterState, _ context: inout StepContext
    ) throws(NodesFileError) {
        func fail(_ reason: NodesFileError.Reason) -> NodesFileError {
            NodesFileError(line: line.number, reason: reason)
        }
        let handle: NodeHandle
        if isMe {
            handle = .myself
        } else {
            guard let added = state.add(line.id, at: line.address, as: .member, &context) else {
                throw fail(.tooManyNodes(limit: ClusterConfig.nodeLimit))
            }
            handle = added
        }
        if line.flags.contains(.replica) {
            guard !isMe || line.slots.isEmpty else { throw fail(.replicaWithSlots) }
            state.setRole(.replica(of: line.master), of: handle, &context)
        } else {
            state.nodes[handle].configEpoch = line.configEpoch
        }
        if line.flags.contains(.noAddress) || (!isMe && line.address.ip.isEmpty) {
            state.nodes[handle].hasAddress = false
        }
        if line.flags.contains(.noFailover) { state.nodes[handle].peerFlags.insert(.noFailover) }
        if line.flags.contains(.fail) && !isMe {
            state.nodes[handle].condition = .fail(since: context.now.monotonic)
        }
        state.nodes[handle].name(hostname: line.hostname, nodeName: line.nodeName)
        state.nodes[handle].clients = line.clients
        if let shard = line.shard { state.nodes[handle].shard = shard }
    }

    /// A replica is in its master's shard, whatever the file says; masters with replicas may get
    /// more of them.
    private static func joinShards(_ lines: [ParsedLine], _ state: inout ClusterState) {
        for line in lines where line.flags.contains(.replica) {
            guard let handle = state.nodes.find(line.id), let id = line.master,
                let master = state.nodes.find(id)
            else { continue }
            let top = state.topmostMaster(of: master)
            state.nodes[handle].shard = state.nodes[top].shard
            state.nodes[master].peerFlags.insert(.migrateTo)
        }
    }
}

/// The vars line.
private struct Variables {
    var currentEpoch: Epoch = 0
    var lastVoteEpoch: Epoch = 0
    var forgotten: [Blacklist.Entry] = []
    /// Where nodes are that announce names.
    var seen: [(id: NodeID, place: IPText)] = []
    var skipped: [String] = []
    /// The last number may be longer than what is there of it.
    var mayBeCut = false

    mutating func read(_ words: [String], isCut: Bool) throws(NodesFileError.Reason) {
        // Behind the number of the last vote anything may be missing; of what is before it nothing is,
        // if that is there.
        let last = words.dropFirst().last { $0.lowercased() == "lastvoteepoch" }
        if isCut && (words.count % 2 == 0 || last == nil) { throw .lastLineTorn }
        mayBeCut = isCut && words[words.count - 2].lowercased() == "lastvoteepoch"
        guard words.count % 2 == 1 else { throw .badVars("a name without a value") }
        for index in stride(from: 1, to: words.count, by: 2) {
            let value = words[index + 1]
            switch words[index].lowercased() {
            case "currentepoch": currentEpoch = try NodesFile.epoch(value)
            case "lastvoteepoch": lastVoteEpoch = try NodesFile.epoch(value)
            case NodesFile.forgottenName:
                for item in value.split(separator: ",") { forgotten.append(try entry(item)) }
            case NodesFile.seenName:
                for item in value.split(separator: ",") { seen.append(try place(item)) }
            default: skipped.append(words[index])
            }
        }
    }

    private func entry(_ item: Substring) throws(NodesFileError.Reason) -> Blacklist.Entry {
        let told = item.last != "?"
        let parts = (told ? item : item.dropLast()).split(separator: "@")
        guard parts.count == 2, let id = NodeID(parts[0]), let seconds = Int64(parts[1]),
            seconds >= 0, seconds < Int64.max / 1000
        else { throw .badVars("'\(item)' is not a forgotten node") }
        return Blacklist.Entry(id: id, expires: seconds * 1000, told: told)
    }

    private func place(_ item: Substring) throws(NodesFileError.Reason) -> (NodeID, IPText) {
        let parts = item.split(separator: "@")
        guard parts.count == 2, let id = NodeID(parts[0]),
            let ip = IPText(parts[1]).flatMap(IPLiteral.normalised)
        else { throw .badVars("'\(item)' is not where a node is") }
        return (id, ip)
    }

    func apply(to state: inout ClusterState) {
        state.currentEpoch = currentEpoch
        // A vote that may have been given in a later epoch than is written is not given again.
        state.votes = VoteMemory(
            lastEpoch: mayBeCut ? max(currentEpoch, lastVoteEpoch) : lastVoteEpoch)
        for entry in forgotten {
            if entry.told {
                state.forgotten.forget(entry.id, until: entry.expires)
            } else {
                _ = state.forgotten.hear(entry.id, until: entry.expires, told: false)
            }
        }
    }
}

extension NodesFile {
    static func number(_ text: String) throws(NodesFileError.Reason) -> UInt64 {
        guard let value = UInt64(text) else { throw .badNumber(text) }
        return value
    }

    /// An epoch after which others can follow.
    static func epoch(_ text: String) throws(NodesFileError.Reason) -> Epoch {
        let value = Epoch(try number(text))
        guard value <= ClusterConfig.greatestEpoch else { throw .badNumber(text) }
        return value
    }
}
