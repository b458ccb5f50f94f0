// One line of nodes.conf about a node, read as far as it stands by itself. What the lines mean together is in
// NodesFileParser. Follows bus protocol §8.2, §8.4.

import ClusterWire

/// One line about a node.
struct ParsedLine {
    let number: Int
    let id: NodeID
    var address = NodeAddress.none
    var hostname = ""
    var nodeName = ""
    var clients = ClientAnnouncement()
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
        for field in words[4...5] { _ = try NodesFile.number(field) }
        configEpoch = try NodesFile.epoch(words[6])
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
        default:
            switch clients.take(field: name, value) {
            case true?: break
            case false?: throw .badAuxiliary("\(name)=\(value)")
            case nil: skipped.append(name)
            }
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
