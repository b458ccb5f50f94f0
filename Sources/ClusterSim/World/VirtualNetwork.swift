// Connections that carry encoded bytes: each has two ends and two lanes, and a lane delivers in order,
// later than it was given to. Who may reach whom, and what a crash does to connections, is kept here;
// when something happens is decided by the world's queue. A large world has millions of connections,
// nearly all of them idle: what waits on them is in one pool.

import ClusterCore
import ClusterWire

/// What travels on a lane.
enum Segment: Sendable {
    /// The connector knocks.
    case syn
    /// The acceptor let the connector in.
    case synAck
    case bytes([UInt8])
    /// The other end is closed, or never opened.
    case fin
}

/// Something on its way.
struct QueuedSegment: Sendable {
    /// Microseconds since the world began.
    var arrival: Int64
    var segment: Segment
    /// The place in the pool of what was sent after it on the same lane; -1 for none.
    fileprivate var next: Int32 = -1
}

/// One direction of a connection.
struct Lane: Sendable {
    /// Places in the pool; -1 for none.
    fileprivate var first: Int32 = -1
    fileprivate var last: Int32 = -1
    fileprivate(set) var count: Int32 = 0
    /// Something that nobody sent was on it.
    var hasGarbage = false
    fileprivate(set) var lastArrival: Int64 = 0
    /// Since when what arrived could not get through, -1 when it can; it comes once the way is free.
    var heldSince: Int64 = -1
    /// The receiver's.
    var splitter = FrameSplitter()

    var isHeld: Bool { heldSince >= 0 }
}

/// One end of a connection.
struct LinkEnd: Sendable {
    private let place: UInt16
    /// Whether the process at this end has it: it may not stand yet.
    var isOpen: Bool
    /// Keys travel on it, and no messages of the bus.
    fileprivate(set) var carriesData = false
    /// It is a stranger's and no node's: `node` is the one in whose name he speaks.
    fileprivate(set) var isForged = false
    /// The stranger is on that node's machine.
    fileprivate(set) var isNear = false
    var link: LinkID

    var node: Int { Int(place) }

    init(node: Int, link: LinkID, isOpen: Bool) {
        place = UInt16(node)
        self.link = link
        self.isOpen = isOpen
    }
}

/// All connections. End `2c` of connection c is the connector's, end `2c + 1` the acceptor's; lane e
/// carries what end e sends.
struct VirtualNetwork: Sendable {
    var ends: [LinkEnd] = []
    var lanes: [Lane] = []
    private var pool: [QueuedSegment] = []
    private var freeItem: Int32 = -1
    /// Events on their way that name a connection.
    private var events: [Int32] = []
    private var free: [Int] = []
    private var isFree: [Bool] = []
    /// Lanes on which something is held, in no order; some may not be any more.
    private var held: [Int] = []

    private let count: Int
    /// How many faults keep one node from reaching another; empty until one does.
    private var blocks: [UInt8] = []
    private var blockCount = 0

    /// What a node has of a connection that it made.
    private struct Own: Sendable {
        var serial: UInt32 = 0
        var end: Int32 = -1
    }
    /// A node's own connections, by the row of the node connected to.
    private var outbound: [[Own]]
    /// Ends of connections made to a node, by number; -1 for a number that is free.
    private var inbound: [[Int32]]
    /// No number below this is free, by node.
    private var lowestFree: [Int]

    init(nodes count: Int) {
        self.count = count
        outbound = [[Own]](repeating: [], count: count)
        inbound = [[Int32]](repeating: [], count: count)
        lowestFree = [Int](repeating: 0, count: count)
    }

    // MARK: Who reaches whom

    func isBlocked(from: Int, to: Int) -> Bool {
        blockCount > 0 && blocks[from * count + to] != 0
    }

    /// Whether nothing stands between two nodes.
    func canTalk(_ one: Int, _ other: Int) -> Bool {
        !isBlocked(from: one, to: other) && !isBlocked(from: other, to: one)
    }

    mutating func block(from: Int, to: Int) {
        if blocks.isEmpty { blocks = [UInt8](repeating: 0, count: count * count) }
        blocks[from * count + to] += 1
        blockCount += 1
    }

    mutating func unblock(from: Int, to: Int) {
        blocks[from * count + to] -= 1
        blockCount -= 1
    }

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
        empty(end)
        empty(end + 1)
        ends[end] = LinkEnd(node: node, link: link, isOpen: true)
        ends[end + 1] = LinkEnd(node: target, link: .inbound(0), isOpen: false)
        if case .outbound(let row, let serial) = link {
            while outbound[node].count <= Int(row.value) { outbound[node].append(Own()) }
            outbound[node][Int(row.value)] = Own(serial: serial, end: Int32(end))
        }
        return end
    }

    /// The acceptor's process takes the connection, under the lowest number that is free.
    mutating func accept(at end: Int) -> LinkID {
        let node = ends[end].node
        let number =
            inbound[node][lowestFree[node]...].firstIndex { $0 < 0 } ?? inbound[node].count
        if number == inbound[node].count { inbound[node].append(-1) }
        inbound[node][number] = Int32(end)
        lowestFree[node] = number + 1
        let link = LinkID.inbound(UInt32(number))
        let carriesData = ends[end].carriesData
        ends[end] = LinkEnd(node: node, link: link, isOpen: true)
        ends[end].carriesData = carriesData
        return link
    }

    /// A stranger connects to a node. Returns his end.
    mutating func forge(from name: Int, to target: Int, isNear: Bool) -> Int {
        let end = connect(.inbound(0), from: name, to: target)
        ends[end].isForged = true
        ends[end].isNear = isNear
        return end
    }

    /// The other end of a connection to a stranger's address is his.
    mutating func giveToStranger(_ end: Int) { ends[end].isForged = true }

    mutating func acceptForged(at end: Int) { ends[end].isOpen = true }

    /// This connection is one of a replica to its master.
    mutating func carryData(on end: Int) {
        ends[end].carriesData = true
        ends[end ^ 1].carriesData = true
    }

    /// The end at which a node has a link.
    func end(of link: LinkID, at node: Int) -> Int? {
        switch link {
        case .inbound(let number):
            guard Int(number) < inbound[node].count else { return nil }
            let end = inbound[node][Int(number)]
            return end < 0 ? nil : Int(end)
        case .outbound(let row, let serial):
            guard Int(row.value) < outbound[node].count else { return nil }
            let own = outbound[node][Int(row.value)]
            return own.end >= 0 && own.serial == serial ? Int(own.end) : nil
        }
    }

    /// The process at this end has it no more.
    mutating func close(_ end: Int) {
        guard ends[end].isOpen else { return }
        ends[end].isOpen = false
        guard !ends[end].isForged else { return }
        let node = ends[end].node
        switch ends[end].link {
        case .inbound(let number):
            inbound[node][Int(number)] = -1
            lowestFree[node] = min(lowestFree[node], Int(number))
        case .outbound(let row, let serial):
            if outbound[node][Int(row.value)].serial == serial {
                outbound[node][Int(row.value)] = Own()
            }
        }
    }

    /// Open ends of a node, in the order of connections.
    func openEnds(of node: Int) -> [Int] {
        (outbound[node].map { Int($0.end) } + inbound[node].map { Int($0) })
            .filter { $0 >= 0 && ends[$0].isOpen }.sorted()
    }

    /// How many connections others have made to a node and still have.
    func inboundCount(of node: Int) -> Int { inbound[node].count { $0 >= 0 } }

    // MARK: What waits

    func first(on lane: Int) -> QueuedSegment? {
        lanes[lane].first < 0 ? nil : pool[Int(lanes[lane].first)]
    }

    /// When what waits on a lane arrives, in order.
    func arrivals(on lane: Int) -> [Int64] {
        var times: [Int64] = []
        var at = lanes[lane].first
        while at >= 0 {
            times.append(pool[Int(at)].arrival)
            at = pool[Int(at)].next
        }
        return times
    }

    /// The lane on which most waits, if more waits there than ever does for long.
    func longestLane() -> Int? {
        let longest = lanes.indices.max { lanes[$0].count < lanes[$1].count }
        return longest.flatMap { lanes[$0].count > 64 ? $0 : nil }
    }

    /// Bytes that wait on a lane.
    func queuedBytes(on lane: Int) -> Int {
        var bytes = 0
        var at = lanes[lane].first
        while at >= 0 {
            if case .bytes(let piece) = pool[Int(at)].segment { bytes += piece.count }
            at = pool[Int(at)].next
        }
        return bytes
    }

    /// Puts a segment on a lane, behind all that waits there. Returns when it arrives.
    mutating func append(_ segment: Segment, on lane: Int, at arrival: Int64) -> Int64 {
        let time = max(lanes[lane].lastArrival, arrival)
        let item = QueuedSegment(arrival: time, segment: segment)
        let place: Int32
        if freeItem >= 0 {
            place = freeItem
            freeItem = pool[Int(place)].next
            pool[Int(place)] = item
        } else {
            place = Int32(pool.count)
            pool.append(item)
        }
        let last = lanes[lane].last
        if last >= 0 { pool[Int(last)].next = place } else { lanes[lane].first = place }
        lanes[lane].last = place
        lanes[lane].count += 1
        lanes[lane].lastArrival = time
        return time
    }

    mutating func removeFirst(on lane: Int) {
        let place = lanes[lane].first
        let next = pool[Int(place)].next
        lanes[lane].first = next
        if next < 0 { lanes[lane].last = -1 }
        lanes[lane].count -= 1
        pool[Int(place)] = QueuedSegment(arrival: 0, segment: .fin, next: freeItem)
        freeItem = place
    }

    mutating func removeAll(on lane: Int) {
        while lanes[lane].first >= 0 { removeFirst(on: lane) }
    }

    /// All that waits on a lane arrives no earlier than this.
    mutating func delay(_ lane: Int, until time: Int64) {
        var at = lanes[lane].first
        while at >= 0 {
            pool[Int(at)].arrival = max(pool[Int(at)].arrival, time)
            at = pool[Int(at)].next
        }
        lanes[lane].lastArrival = max(lanes[lane].lastArrival, time)
    }

    private mutating func empty(_ lane: Int) {
        removeAll(on: lane)
        lanes[lane] = Lane()
    }

    /// What arrives on a lane does not get through from now on.
    mutating func hold(_ lane: Int, since time: Int64) {
        lanes[lane].heldSince = time
        held.append(lane)
    }

    /// Lanes that are held and need not be any more are let go: nothing blocks the way, and the node
    /// at its end can hear. Returns each with the time since when it was held, in the order of lanes.
    mutating func release(where canHear: (Int) -> Bool) -> [(lane: Int, since: Int64)] {
        var released: [(lane: Int, since: Int64)] = []
        var rest: [Int] = []
        for lane in held where lanes[lane].isHeld {
            let target = ends[lane ^ 1].node
            if !isBlocked(from: ends[lane].node, to: target) && canHear(target) {
                released.append((lane, lanes[lane].heldSince))
                lanes[lane].heldSince = -1
            } else {
                rest.append(lane)
            }
        }
        held = rest
        return released.sorted { $0.lane < $1.lane }
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
        empty(2 * connection)
        empty(2 * connection + 1)
        free.append(connection)
        isFree[connection] = true
    }
}
