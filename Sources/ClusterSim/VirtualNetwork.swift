// Connections that carry encoded bytes: each has two ends and two lanes, and a lane delivers in order,
// later than it was given to. Who may reach whom, and what a crash does to connections, is kept here;
// when something happens is decided by the world's queue.

import ClusterCore
import ClusterWire

/// What travels on a lane.
enum Parcel: Sendable {
    /// The connector knocks.
    case knock
    /// The acceptor let the connector in.
    case welcome
    case bytes([UInt8])
    /// The other end is closed, or never opened.
    case farewell
}

/// One direction of a connection.
struct Lane: Sendable {
    struct Item: Sendable {
        /// Microseconds since the world began.
        var arrival: Int64
        var parcel: Parcel
    }
    private(set) var items: [Item] = []
    private var head = 0
    private(set) var lastArrival: Int64 = 0
    /// Since when what arrived could not get through; it comes once the way is free again.
    var heldSince: Int64?
    /// The receiver's.
    var splitter = FrameSplitter()

    var isEmpty: Bool { head == items.count }
    var first: Item? { head < items.count ? items[head] : nil }
    var waiting: ArraySlice<Item> { items[head...] }

    mutating func append(_ parcel: Parcel, at arrival: Int64) {
        lastArrival = max(lastArrival, arrival)
        items.append(Item(arrival: lastArrival, parcel: parcel))
    }

    mutating func removeFirst() {
        items[head].parcel = .farewell
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        }
    }

    mutating func removeAll() {
        items = []
        head = 0
    }

    /// All that waits arrives no earlier than this.
    mutating func delay(until time: Int64) {
        for index in head..<items.count { items[index].arrival = max(items[index].arrival, time) }
        lastArrival = max(lastArrival, time)
    }
}

/// One end of a connection.
struct LinkEnd: Sendable {
    var node: Int
    var link: LinkID
    /// Whether the process at this end has it: it may not stand yet.
    var isOpen: Bool
}

/// All connections. End `2c` of connection c is the connector's, end `2c + 1` the acceptor's; lane e
/// carries what end e sends.
struct VirtualNetwork: Sendable {
    var ends: [LinkEnd] = []
    var lanes: [Lane] = []
    /// Events on their way that name a connection.
    private var events: [Int32] = []
    private var free: [Int] = []
    private var isFree: [Bool] = []

    private let count: Int
    /// How many faults keep one node from reaching another.
    private var blocks: [UInt8]
    /// Ends of a node's own connections, by the row of the node connected to.
    private var outbound: [[(serial: UInt32, end: Int)?]]
    /// Ends of connections made to a node, by number.
    private var inbound: [[Int?]]

    init(nodes count: Int) {
        self.count = count
        blocks = [UInt8](repeating: 0, count: count * count)
        outbound = [[(serial: UInt32, end: Int)?]](repeating: [], count: count)
        inbound = [[Int?]](repeating: [], count: count)
    }

    // MARK: Who reaches whom

    func isBlocked(from: Int, to: Int) -> Bool { blocks[from * count + to] != 0 }

    mutating func block(from: Int, to: Int) { blocks[from * count + to] += 1 }
    mutating func unblock(from: Int, to: Int) { blocks[from * count + to] -= 1 }

    // MARK: Connections

    /// A connection that `node` asks for. Returns its end.
    mutating func connect(_ link: LinkID, from node: Int, to target: Int) -> Int {
        let connection: Int
        if let reused = free.popLast() {
            connection = reused
            isFree[connection] = false
        } else {
            connection = events.count
            events.append(0)
            isFree.append(false)
            let nobody = LinkEnd(node: 0, link: .inbound(0), isOpen: false)
            ends += [nobody, nobody]
            lanes += [Lane(), Lane()]
        }
        let end = 2 * connection
        lanes[end] = Lane()
        lanes[end + 1] = Lane()
        ends[end] = LinkEnd(node: node, link: link, isOpen: true)
        ends[end + 1] = LinkEnd(node: target, link: .inbound(0), isOpen: false)
        if case .outbound(let row, let serial) = link {
            while outbound[node].count <= Int(row.value) { outbound[node].append(nil) }
            outbound[node][Int(row.value)] = (serial, end)
        }
        return end
    }

    /// The acceptor's process takes the connection, under the lowest number that is free.
    mutating func accept(at end: Int) -> LinkID {
        let node = ends[end].node
        let number = inbound[node].firstIndex { $0 == nil } ?? inbound[node].count
        if number == inbound[node].count { inbound[node].append(nil) }
        inbound[node][number] = end
        let link = LinkID.inbound(UInt32(number))
        ends[end] = LinkEnd(node: node, link: link, isOpen: true)
        return link
    }

    /// The end at which a node has a link.
    func end(of link: LinkID, at node: Int) -> Int? {
        switch link {
        case .inbound(let number):
            Int(number) < inbound[node].count ? inbound[node][Int(number)] : nil
        case .outbound(let row, let serial):
            if Int(row.value) < outbound[node].count, let entry = outbound[node][Int(row.value)],
                entry.serial == serial
            {
                entry.end
            } else {
                nil
            }
        }
    }

    /// The process at this end has it no more.
    mutating func close(_ end: Int) {
        guard ends[end].isOpen else { return }
        ends[end].isOpen = false
        let node = ends[end].node
        switch ends[end].link {
        case .inbound(let number): inbound[node][Int(number)] = nil
        case .outbound(let row, let serial):
            if outbound[node][Int(row.value)]?.serial == serial {
                outbound[node][Int(row.value)] = nil
            }
        }
    }

    /// Open ends of a node, in the order of connections.
    func openEnds(of node: Int) -> [Int] {
        ends.indices.filter { ends[$0].isOpen && ends[$0].node == node }
    }

    // MARK: Events

    mutating func eventAdded(_ lane: Int) { events[lane >> 1] += 1 }

    /// An event of this lane is over; a connection that nobody has any more is used again.
    mutating func eventTaken(_ lane: Int) { events[lane >> 1] -= 1 }

    mutating func release(_ lane: Int) {
        let connection = lane >> 1
        guard events[connection] == 0, !ends[2 * connection].isOpen,
            !ends[2 * connection + 1].isOpen, !isFree[connection]
        else { return }
        lanes[2 * connection] = Lane()
        lanes[2 * connection + 1] = Lane()
        free.append(connection)
        isFree[connection] = true
    }
}
