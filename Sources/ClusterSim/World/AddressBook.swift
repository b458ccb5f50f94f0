// Who listens at which address of the virtual world. Nodes may move, swap and come back elsewhere; an
// address at which nobody listens any more is kept as such.

import ClusterWire

/// Addresses of the bus and the nodes behind them.
struct AddressBook: Sendable {
    private struct Entry: Sendable {
        var ip: IPText
        var busPort: Port
        var node: Int?
    }
    private var entries: [Entry] = []
    /// Addresses given to nodes that moved.
    private var sparesUsed = 0
    /// A power of two of cells; -1 for none, else a place in `entries`.
    private var cells = [Int32](repeating: -1, count: 16)

    /// An address that no node had yet.
    mutating func nextSpare() -> NodeAddress {
        defer { sparesUsed += 1 }
        return VirtualNode.spareAddress(sparesUsed)
    }

    /// The node that listens at an address.
    func node(at address: NodeAddress) -> Int? {
        place(of: address).flatMap { entries[$0].node }
    }

    /// From now on this node listens at an address; nil: nobody does.
    mutating func set(_ node: Int?, at address: NodeAddress) {
        if let place = place(of: address) {
            entries[place].node = node
            return
        }
        entries.append(Entry(ip: address.ip, busPort: address.busPort, node: node))
        if entries.count * 2 > cells.count {
            cells = [Int32](repeating: -1, count: cells.count * 4)
            for place in entries.indices { fill(place) }
        } else {
            fill(entries.count - 1)
        }
    }

    private func place(of address: NodeAddress) -> Int? {
        var cell = start(address.ip, address.busPort)
        while cells[cell] >= 0 {
            let place = Int(cells[cell])
            if entries[place].ip == address.ip && entries[place].busPort == address.busPort {
                return place
            }
            cell = (cell + 1) & (cells.count - 1)
        }
        return nil
    }

    private mutating func fill(_ place: Int) {
        var cell = start(entries[place].ip, entries[place].busPort)
        while cells[cell] >= 0 { cell = (cell + 1) & (cells.count - 1) }
        cells[cell] = Int32(place)
    }

    private func start(_ ip: IPText, _ port: Port) -> Int {
        let hash = (ip.fold ^ UInt64(port.value)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> 32) & (cells.count - 1)
    }
}
