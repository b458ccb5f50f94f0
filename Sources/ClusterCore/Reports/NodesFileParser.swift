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
        let mine = lines.filter { $0.flags.contains(.myself) }
        guard let me = mine.first else { throw NodesFileError(line: 0, reason: .noMyself) }
        if mine.count > 1 { throw NodesFileError(line: mine[1].number, reason: .twoMyself) }
        guard !me.flags.isDisjoint(with: [.master, .replica]) else {
            throw NodesFileError(line: me.number, reason: .neitherMasterNorReplica)
        }
        if me.flags.contains(.replica) && me.master == nil {
            throw NodesFileError(line: me.number, reason: .replicaWithoutMaster)
        }
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
            case "currentepoch": currentEpoch = try epoch(value)
            case "lastvoteepoch": lastVoteEpoch = try epoch(value)
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

private func number(_ text: String) throws(NodesFileError.Reason) -> UInt64 {
    guard let value = UInt64(text) else { throw .badNumber(text) }
    return value
}

/// An epoch after which others can follow.
private func epoch(_ text: String) throws(NodesFileError.Reason) -> Epoch {
    let value = Epoch(try number(text))
    guard value <= ClusterConfig.greatestEpoch else { throw .badNumber(text) }
    return value
}

/// One line about a node.
private struct ParsedLine {
    let number: Int
    let id: NodeID
    var address = NodeAddress.none
    var hostname = ""
    var nodeName = ""
    var shard: ShardID?
    var flags: NodeFlags = []
    var master: NodeID?
    var configEpoch: Epoch = 0
    var slots = SlotSet()
    var migrating: [(slot: Slot, node: NodeID)] = []
    var importing: [(slot: Slot, node: NodeID)] = []
    /// Names of auxiliary fields that are not kept.
    var skipped: [String] = []
    /// What stands in the place of this node's own address and is none.
    var unusable: String?

    /// Takes what an earlier line about the same node has beyond this one.
    mutating func add(_ earlier: ParsedLine) {
        slots = slots.union(earlier.slots)
        flags.formUnion(earlier.flags)
        migrating = earlier.migrating + migrating
        importing = earlier.importing + importing
        configEpoch = max(configEpoch, earlier.configEpoch)
        skipped += earlier.skipped
    }

    init(_ words: [String], number line: Int) throws(NodesFileError.Reason) {
        number = line
        guard words.count >= 8 else { throw .tooFewFields(words.count) }
        guard let id = NodeID(words[0]) else { throw .badNodeID(words[0]) }
        self.id = id
        for word in words[2].split(separator: ",") { flags.insert(try flag(word)) }
        try readAddress(words[1])
        if words[3] != "-" {
            guard let master = NodeID(words[3]), master != id else {
                throw .badMasterID(words[3])
            }
            self.master = master
        }
        for field in words[4...5] { _ = try ClusterCore.number(field) }
        configEpoch = try epoch(words[6])
        for word in words[8...] {
            if word.hasPrefix("[") { try readOpenSlot(word) } else { try readSlots(word) }
        }
    }

    private func flag(_ word: Substring) throws(NodesFileError.Reason) -> NodeFlags {
        if word == Word.noFlags { return [] }
        if word == "primary" { return .master }
        if word == "replica" { return .replica }
        guard let flag = Word.flags.first(where: { $0.1 == word }) else {
            throw .unknownFlag(String(word))
        }
        return flag.0
    }

    private mutating func readAddress(_ field: String) throws(NodesFileError.Reason) {
        let items = field.split(separator: ",", omittingEmptySubsequences: false)
        guard let colon = items[0].lastIndex(of: ":") else { throw .badAddress(field) }
        let ports = items[0][items[0].index(after: colon)...].split(
            separator: "@", omittingEmptySubsequences: false)
        guard (1...2).contains(ports.count), let port = UInt16(ports[0]),
            let ip = IPText(items[0][..<colon])
        else { throw .badAddress(field) }
        guard let busPort = ports.count == 2 ? UInt16(ports[1]) : UInt16(exactly: Int(port) + 10000)
        else { throw .badAddress(field) }
        if ip.isEmpty || IPLiteral.isLiteral(ip) {
            address = NodeAddress(ip: ip, port: Port(port), busPort: Port(busPort))
        } else if flags.contains(.myself) {
            // Others tell where we are; the text is not needed.
            address = NodeAddress(ip: IPText(), port: Port(port), busPort: Port(busPort))
            unusable = ip.text
        } else {
            guard EndpointName.isAddressOrName(ip) else { throw .badAddress(field) }
            address = NodeAddress(ip: ip, port: Port(port), busPort: Port(busPort))
        }
        if items.count > 1 { hostname = String(items[1]) }
        for item in items.dropFirst(2) where !item.isEmpty {
            let parts = item.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw .badAuxiliary(String(item)) }
            try readAuxiliary(String(parts[0]), String(parts[1]))
        }
    }

    private mutating func readAuxiliary(
        _ name: String, _ value: String
    ) throws(NodesFileError.Reason) {
        switch name {
        case "shard-id":
            guard let id = ShardID(value) else { throw .badAuxiliary("\(name)=\(value)") }
            shard = id
        case "nodename": nodeName = value
        case "tls-port":
            guard let port = UInt16(value) else { throw .badAuxiliary("\(name)=\(value)") }
            address.secondaryPort = Port(port)
        default: skipped.append(name)
        }
    }

    private mutating func readSlots(_ word: String) throws(NodesFileError.Reason) {
        let bounds = word.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(bounds.count), let first = SlotText.slot(String(bounds[0])),
            let last = SlotText.slot(String(bounds[bounds.count - 1])),
            let range = SlotRange(first, last)
        else { throw .badSlot(word) }
        slots.insert(range)
    }

    private mutating func readOpenSlot(_ word: String) throws(NodesFileError.Reason) {
        guard word.hasSuffix("]") else { throw .badOpenSlot(word) }
        let inner = word.dropFirst().dropLast()
        let parts = inner.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let slot = SlotText.slot(String(parts[0])),
            let node = NodeID(parts[2])
        else { throw .badOpenSlot(word) }
        switch parts[1] {
        case ">": migrating.append((slot, node))
        case "<": importing.append((slot, node))
        default: throw .badOpenSlot(word)
        }
    }
}
