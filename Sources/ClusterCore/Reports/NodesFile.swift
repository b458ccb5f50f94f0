// nodes.conf: what a node must not forget, in the text that the reference servers share. Written so
// that Redis 7.0, 7.2 and Valkey 8 can start from it; what theirs holds beyond that is skipped.
// Reading is in NodesFileParser. Follows bus protocol §8.2; §12 rows 13 and 19.

public import ClusterWire

package enum NodesFile {
    /// The whole text of the file for this state.
    ///
    /// Handshakes are left out, and nodes of which only others have told. The forgotten ids, and where
    /// nodes are that announce names, stand on the vars line under names that other servers skip.
    package static func text(_ state: ClusterState, _ now: Instant) -> String {
        var text = ""
        for handle in state.nodes.handles
        where !state.nodes[handle].isHandshake && !state.nodes[handle].isKnownFromGossip {
            text += NodeLine.line(handle, address: address(state.nodes[handle]), state, now)
            text += "\n"
        }
        text += "vars currentEpoch \(state.currentEpoch) lastVoteEpoch \(state.lastVoteEpoch)"
        let forgotten = state.forgotten.entries.filter { $0.expires > now.wall }
        if !forgotten.isEmpty {
            text += " \(forgottenName) "
            text += forgotten.map { "\($0.id)@\($0.expires / 1000)\($0.told ? "" : "?")" }
                .joined(separator: ",")
        }
        let seen = state.nodes.handles.map { state.nodes[$0] }
            .filter { !$0.seenAt.isEmpty && !$0.isHandshake && !$0.isKnownFromGossip }
        if !seen.isEmpty {
            text += " \(seenName) "
            text += seen.map { "\($0.id)@\($0.seenAt.text)" }.joined(separator: ",")
        }
        return text + "\n"
    }

    /// Whether a file has its end, which is the vars line, and nothing that was never written. A file
    /// that was cut, or of which a part did not reach the disk, has not.
    package static func isWhole(_ bytes: [UInt8]) -> Bool {
        guard bytes.last == UInt8(ascii: "\n"), !bytes.contains(0),
            let line = bytes.split(separator: UInt8(ascii: "\n")).last
        else { return false }
        let words = line.split(separator: UInt8(ascii: " "))
        return words.count >= 5 && words.count % 2 == 1 && words[0].elementsEqual("vars".utf8)
    }

    static let forgottenName = "forgotten"
    static let seenName = "seen-at"

    private static func address(_ node: KnownNode) -> String {
        var place = node.address
        // What may be announced and cannot be read back: it is announced again at the next start.
        if !EndpointName.isAddressOrName(place.ip) { place.ip = IPText() }
        var text = "\(place),\(node.hostname)"
        text += node.clients.auxiliaryFields
        text += ",tls-port=\(node.address.secondaryPort)"
        if !node.nodeName.isEmpty { text += ",nodename=\(node.nodeName)" }
        return text + ",shard-id=\(node.shard)"
    }
}

/// What a file holds that is not taken as it is, though the file is.
public enum NodesFileRemark: Equatable, Sendable, CustomStringConvertible {
    /// A field or a variable of this name is not kept.
    case skipped(String)
    /// A replica is in another shard than its master: it is in its master's.
    case otherShard(NodeID)
    /// The same node is on two lines: both are taken.
    case sameNode(NodeID, line: Int)
    /// This node's own address is a name or no address; it is learnt anew.
    case ownAddress(String, line: Int)
    /// The file ends without a newline. If the last number may have been cut, no vote is given before
    /// the current epoch is over.
    case noNewline(raisedVoteEpoch: Bool)

    /// For people.
    public var description: String {
        switch self {
        case .skipped(let name): "\(name) is not kept here"
        case .otherShard(let id):
            "replica \(id) is in another shard than its master: it is in its master's"
        case .sameNode(let id, let line): "line \(line): node \(id) is on an earlier line too"
        case .ownAddress(let text, let line):
            "line \(line): '\(text)' is not an address; the own one is learnt anew"
        case .noNewline(let raised):
            "the last line has no newline"
                + (raised ? ": lastVoteEpoch is taken as currentEpoch, it may have been cut" : "")
        }
    }
}

/// Why a file is no nodes.conf.
public struct NodesFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1; 0 when it is about the file as a whole.
    public let line: Int
    /// What is wrong.
    public let reason: Reason

    /// What may be wrong with a file.
    public enum Reason: Error, Equatable, Sendable {
        /// What would tell whether anything is missing is missing itself.
        case lastLineTorn
        /// A byte that is not printable ASCII.
        case notText
        /// So many fields, where a node has at least 8.
        case tooFewFields(Int)
        /// A word that is no node id.
        case badNodeID(String)
        /// The node has another role or master on an earlier line.
        case contradiction(NodeID)
        /// A word that is no address.
        case badAddress(String)
        /// A word in the address field that is no name with a value.
        case badAuxiliary(String)
        /// A flag that no server writes.
        case unknownFlag(String)
        /// A second node with the flag myself.
        case twoMyself
        /// No node with the flag myself.
        case noMyself
        /// This node is neither master nor slave.
        case neitherMasterNorReplica
        /// A word that is no id of a master.
        case badMasterID(String)
        /// This node is a slave without a master.
        case replicaWithoutMaster
        /// A word that is no number.
        case badNumber(String)
        /// A word that is no slot and no range of slots.
        case badSlot(String)
        /// A word that is no slot on its way.
        case badOpenSlot(String)
        /// This node is a slave and owns slots.
        case replicaWithSlots
        /// The vars line is wrong: why.
        case badVars(String)
        /// More nodes than are kept.
        case tooManyNodes(limit: Int)
    }

    /// With the line, for people.
    public var description: String {
        line == 0 ? reasonText : "line \(line): \(reasonText)"
    }

    /// What is wrong, without the line.
    public var reasonText: String {
        switch reason {
        case .lastLineTorn: "the last line has no newline: the file was cut"
        case .notText: "a byte that is not printable ASCII"
        case .tooFewFields(let count): "\(count) fields where a node has at least 8"
        case .badNodeID(let text): "'\(text)' is not a node id"
        case .contradiction(let id): "node \(id) has another role or master on an earlier line"
        case .badAddress(let text): "'\(text)' is not an address"
        case .badAuxiliary(let text): "'\(text)' is not a name=value"
        case .unknownFlag(let text): "unknown flag '\(text)'"
        case .twoMyself: "a second node with the flag myself"
        case .noMyself: "no node with the flag myself"
        case .neitherMasterNorReplica: "myself is neither master nor slave"
        case .badMasterID(let text): "'\(text)' is not the id of a master"
        case .replicaWithoutMaster: "myself is a slave without a master"
        case .badNumber(let text): "'\(text)' is not a number"
        case .badSlot(let text): "'\(text)' is not a slot or a range of slots"
        case .badOpenSlot(let text): "'\(text)' is not a slot on its way"
        case .replicaWithSlots: "a slave that owns slots"
        case .badVars(let text): "vars: \(text)"
        case .tooManyNodes(let limit): "more than \(limit) nodes"
        }
    }
}
