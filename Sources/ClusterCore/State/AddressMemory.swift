// Where nodes were seen beside where they are, and where they were before they moved. When one is taken for the other
// is for the rule Addresses.

import ClusterWire

/// Another place than its own at which a node is said to be.
struct Sighting: Equatable, Sendable {
    var node: NodeHandle
    var address: NodeAddress
    /// Where the connection came from that said so.
    var seenAt: IPText
    /// Monotonic milliseconds.
    var heardAt: Int64
    /// Somebody answers there under the node's id.
    var isAnswered = false

    /// Where it is connected to.
    var place: NodeAddress {
        guard !IPLiteral.isLiteral(address.ip), !seenAt.isEmpty else { return address }
        var place = address
        place.ip = seenAt
        return place
    }
}

/// Where a node was before it was believed to have moved: if it answers there again, it is there.
struct Home: Equatable, Sendable {
    var node: NodeHandle
    var address: NodeAddress
    var seenAt: IPText
    /// When it is given up, and when it is tried next. Monotonic milliseconds.
    var until: Int64
    var triedNext: Int64

    /// Where it is connected to.
    var place: NodeAddress {
        Sighting(node: node, address: address, seenAt: seenAt, heardAt: 0).place
    }
}

/// A place that is asked who is there: the row that stands for it, and the id that is looked for.
struct Probe: Equatable, Sendable {
    var row: NodeHandle
    var target: NodeID
}

/// Two that answer under one id, of which was told.
private struct ToldConflict: Equatable, Sendable {
    var node: NodeHandle
    /// Until when it is not told again. Monotonic milliseconds.
    var until: Int64
}

/// The memory of the rule Addresses: at most one sighting, one home and one probe a node.
struct AddressMemory: Equatable, Sendable {
    private(set) var probes: [Probe] = []
    private var told: [ToldConflict] = []
    private(set) var sightings: [Sighting] = []
    private(set) var homes: [Home] = []
    /// For the limit on probes: each moves this time on.
    private var probesSpentUntil = Int64.min

    private static let limit = 256

    var isEmpty: Bool { sightings.isEmpty && homes.isEmpty }

    /// Whether a probe may be sent now: eight a second.
    mutating func mayProbe(at now: Int64) -> Bool {
        let spent = max(probesSpentUntil, now)
        guard spent - now < 1000 else { return false }
        probesSpentUntil = spent + 125
        return true
    }

    mutating func begin(_ probe: Probe) { probes.append(probe) }

    /// A probe is over, or the row of a node is. Returns whom it looked for.
    @discardableResult
    mutating func endProbe(_ row: NodeHandle) -> NodeID? {
        guard let place = probes.firstIndex(where: { $0.row == row }) else { return nil }
        return probes.remove(at: place).target
    }

    /// Two answer under a node's id. Returns whether that is to be told: of one node once in a while, whatever a
    /// stranger does.
    mutating func tellsConflict(
        of node: NodeHandle, at now: Int64, until: Int64
    ) -> Bool {
        told.removeAll { $0.until <= now }
        guard told.count < Self.limit, !told.contains(where: { $0.node == node }) else {
            return false
        }
        told.append(ToldConflict(node: node, until: until))
        return true
    }

    /// A node was seen elsewhere. Returns whether that is news. A place where it answered is not given up for one that
    /// is only said.
    mutating func see(_ sighting: Sighting) -> Bool {
        if let place = sightings.firstIndex(where: { $0.node == sighting.node }) {
            let known = sightings[place]
            if known.address == sighting.address && known.seenAt == sighting.seenAt {
                sightings[place].heardAt = sighting.heardAt
                if sighting.isAnswered { sightings[place].isAnswered = true }
                return false
            }
            guard !known.isAnswered || sighting.isAnswered else { return false }
            sightings.remove(at: place)
        }
        if sightings.count == Self.limit { sightings.removeFirst() }
        sightings.append(sighting)
        return true
    }

    func sighting(of node: NodeHandle) -> Sighting? {
        sightings.isEmpty ? nil : sightings.first { $0.node == node }
    }

    @discardableResult
    mutating func dropSighting(of node: NodeHandle) -> Sighting? {
        guard let place = sightings.firstIndex(where: { $0.node == node }) else { return nil }
        return sightings.remove(at: place)
    }

    /// A node left its home. One that it left earlier and that is not given up stays its home.
    mutating func leave(_ home: Home) {
        guard !homes.contains(where: { $0.node == home.node }) else { return }
        if homes.count == Self.limit { homes.removeFirst() }
        homes.append(home)
    }

    func home(of node: NodeHandle) -> Home? {
        homes.isEmpty ? nil : homes.first { $0.node == node }
    }

    mutating func triedHome(of node: NodeHandle, next: Int64) {
        guard let place = homes.firstIndex(where: { $0.node == node }) else { return }
        homes[place].triedNext = next
    }

    @discardableResult
    mutating func dropHome(of node: NodeHandle) -> Home? {
        guard let place = homes.firstIndex(where: { $0.node == node }) else { return nil }
        return homes.remove(at: place)
    }

    mutating func expire(at now: Int64, sightingsBefore oldest: Int64) {
        if !sightings.isEmpty { sightings.removeAll { $0.heardAt < oldest } }
        if !homes.isEmpty { homes.removeAll { $0.until < now } }
    }

    mutating func forget(_ node: NodeHandle) {
        endProbe(node)
        told.removeAll { $0.node == node }
        dropSighting(of: node)
        dropHome(of: node)
    }
}
