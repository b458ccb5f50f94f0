// Connections of the bus led through this process, so that a network can be cut between real nodes
// without any rights: each node announces a port of the relay as its bus port. Who speaks on a
// connection is read from its first header. What is cut stays open and moves nothing, as when packets
// are lost, and goes on when the cut is healed. No byte is changed.

import Synchronization
package import SystemIO

/// Relays the bus of some nodes; ends with its owner.
package final class BusRelay {
    /// One node: where it really listens, and where others find it.
    package struct Endpoint: Sendable {
        package var id: String
        package var busPort: Int
        package var relayPort: Int

        package init(id: String, busPort: Int, relayPort: Int) {
            self.id = id
            self.busPort = busPort
            self.relayPort = relayPort
        }
    }

    private let orders: RelayOrders
    private var thread: Thread?

    /// Listens for all endpoints from now on.
    package init(_ endpoints: [Endpoint]) throws(SystemError) {
        let orders = try RelayOrders()
        self.orders = orders
        var listeners: [RelayListener] = []
        for endpoint in endpoints { listeners.append(try RelayListener(endpoint)) }
        let all = listeners
        thread = try Thread {
            do throws(SystemError) {
                var loop = try RelayLoop(all, orders)
                try loop.run()
            } catch {
                // The nodes lose all connections, which no scenario takes for success.
            }
        }
    }

    deinit {
        orders.change { $0.isStopping = true }
        thread.take()?.join()
    }

    /// From now on nothing that these say reaches those, nor the other way round.
    package func cut(_ some: [String], from others: [String]) {
        orders.change { orders in
            for one in some {
                for other in others {
                    orders.cuts.insert(RelayFlow(from: one, to: other))
                    orders.cuts.insert(RelayFlow(from: other, to: one))
                }
            }
        }
    }

    /// All can hear each other again.
    package func heal() { orders.change { $0.cuts = [] } }
}

/// What one node says to another.
private struct RelayFlow: Hashable, Sendable {
    var from: String
    var to: String
}

/// What the thread of a relay is told.
private final class RelayOrders: Sendable {
    struct Orders: Sendable {
        var cuts: Set<RelayFlow> = []
        var isStopping = false
    }

    private let orders = Mutex(Orders())
    let wake: WakePipe

    init() throws(SystemError) { wake = try WakePipe() }

    var present: Orders { orders.withLock { $0 } }

    func change(_ body: (inout Orders) -> Void) {
        orders.withLock { body(&$0) }
        wake.wake()
    }
}

private final class RelayListener: Sendable {
    let endpoint: BusRelay.Endpoint
    let socket: Socket

    init(_ endpoint: BusRelay.Endpoint) throws(SystemError) {
        self.endpoint = endpoint
        socket = try Socket.listen(at: .loopback(port: UInt16(clamping: endpoint.relayPort)))
    }
}

/// One end of a relayed connection.
private final class RelayEnd {
    let socket: Socket
    /// Bytes that wait to be written to it.
    var waiting: [UInt8] = []
    var interest: Interest = []
    var isConnected: Bool

    init(_ socket: consuming Socket, isConnected: Bool) {
        self.socket = socket
        self.isConnected = isConnected
    }
}

/// A relayed connection: who made it is near, whom it is made to is far.
private final class RelayPair {
    let endpoint: BusRelay.Endpoint
    let near: RelayEnd
    /// There once the first header has told who speaks.
    var far: RelayEnd?
    var speaker: String?

    init(_ endpoint: BusRelay.Endpoint, _ near: RelayEnd) {
        self.endpoint = endpoint
        self.near = near
    }
}

/// The thread of a relay.
private struct RelayLoop: ~Copyable {
    private let listeners: [RelayListener]
    private let shared: RelayOrders
    private var orders = RelayOrders.Orders()
    private var poller: Poller
    private var pairs: [UInt64: RelayPair] = [:]
    private var nextPair = firstPair
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// Tokens: 0 wakes, listeners follow, then two for each connection.
    private static let firstPair: UInt64 = 1000
    /// Where the sender's id stands in a header.
    private static let senderRange = 40..<80
    /// Bytes that may wait for an end before the other one is not read any more.
    private static let longestQueue = 4 << 20

    init(_ listeners: [RelayListener], _ shared: RelayOrders) throws(SystemError) {
        let poller = try Poller()
        try poller.register(shared.wake.descriptor, token: 0, interest: .read)
        for (index, listener) in listeners.enumerated() {
            try poller.register(
                listener.socket.descriptor, token: UInt64(index + 1), interest: .read)
        }
        self.listeners = listeners
        self.shared = shared
        self.poller = poller
    }

    mutating func run() throws(SystemError) {
        var events: [PollEvent] = []
        while true {
            try poller.wait(timeoutMilliseconds: -1, into: &events)
            for event in events {
                if event.token == 0 {
                    shared.wake.clear()
                    orders = shared.present
                    if orders.isStopping { return }
                    for (number, pair) in pairs { try update(pair, number) }
                } else if event.token < Self.firstPair {
                    try accept(listeners[Int(event.token - 1)])
                } else if let pair = pairs[event.token / 2] {
                    try serve(pair, event.token / 2, isFar: event.token % 2 == 1, event)
                }
            }
        }
    }

    private mutating func accept(_ listener: RelayListener) throws(SystemError) {
        while let socket = try listener.socket.accept() {
            let number = nextPair
            nextPair += 1
            let pair = RelayPair(listener.endpoint, RelayEnd(socket, isConnected: true))
            pairs[number] = pair
            pair.near.interest = .read
            try poller.register(
                pair.near.socket.descriptor, token: number * 2, interest: .read)
        }
    }

    private mutating func serve(
        _ pair: RelayPair, _ number: UInt64, isFar: Bool, _ event: PollEvent
    ) throws(SystemError) {
        guard let end = isFar ? pair.far : pair.near else { return }
        if event.isWritable && !end.isConnected {
            guard end.socket.connectionError() == nil else { return drop(number) }
            end.isConnected = true
        }
        if event.isReadable && (end.interest.contains(.read) || event.isBroken) {
            switch end.socket.read(into: &buffer) {
            case .bytes(let count): take(buffer.prefix(count), from: end, pair)
            case .wouldBlock: break
            case .closed, .failed: return drop(number)
            }
        }
        if pair.far == nil, pair.near.waiting.count >= Self.senderRange.upperBound {
            try open(pair, number)
        }
        for other in [pair.near, pair.far] {
            if let other, !write(other, pair) { return drop(number) }
        }
        try update(pair, number)
    }

    /// What is read at one end waits at the other; before that one is there, with the near one.
    private func take(_ bytes: ArraySlice<UInt8>, from end: RelayEnd, _ pair: RelayPair) {
        if end === pair.near {
            (pair.far ?? pair.near).waiting += bytes
        } else {
            pair.near.waiting += bytes
        }
    }

    /// The first header is there: now it is known who speaks.
    private mutating func open(_ pair: RelayPair, _ number: UInt64) throws(SystemError) {
        pair.speaker = String(decoding: pair.near.waiting[Self.senderRange], as: UTF8.self)
        let socket = try Socket.connect(
            to: .loopback(port: UInt16(clamping: pair.endpoint.busPort)))
        let far = RelayEnd(socket, isConnected: false)
        (far.waiting, pair.near.waiting) = (pair.near.waiting, [])
        far.interest = .write
        pair.far = far
        try poller.register(far.socket.descriptor, token: number * 2 + 1, interest: .write)
    }

    private func isCut(_ pair: RelayPair, towardsFar: Bool) -> Bool {
        guard let speaker = pair.speaker else { return false }
        let flow = RelayFlow(from: speaker, to: pair.endpoint.id)
        return orders.cuts.contains(
            towardsFar ? flow : RelayFlow(from: flow.to, to: flow.from))
    }

    /// - Returns: whether the connection goes on.
    private func write(_ end: RelayEnd, _ pair: RelayPair) -> Bool {
        let isFar = end !== pair.near
        guard end.isConnected, pair.far != nil, !isCut(pair, towardsFar: isFar) else { return true }
        while !end.waiting.isEmpty {
            switch end.socket.write(end.waiting.span) {
            case .bytes(let count): end.waiting.removeFirst(count)
            case .wouldBlock: return true
            case .closed, .failed: return false
            }
        }
        return true
    }

    /// Waits for what each end can do next. A way that is cut is not read: its bytes stay with the
    /// system, as if they were on their way.
    private func update(_ pair: RelayPair, _ number: UInt64) throws(SystemError) {
        for (end, other, isFar) in [(pair.near, pair.far, false), (pair.far, pair.near, true)] {
            guard let end else { continue }
            var interest: Interest = []
            let queued = (other ?? end).waiting.count
            if end.isConnected, !isCut(pair, towardsFar: !isFar), queued < Self.longestQueue {
                interest.insert(.read)
            }
            let hasWork = !end.waiting.isEmpty && pair.far != nil
            if !end.isConnected || hasWork && !isCut(pair, towardsFar: isFar) {
                interest.insert(.write)
            }
            guard interest != end.interest else { continue }
            end.interest = interest
            try poller.modify(
                end.socket.descriptor, token: number * 2 + (isFar ? 1 : 0), interest: interest)
        }
    }

    private mutating func drop(_ number: UInt64) {
        // Closing both sockets takes them out of the poller.
        pairs[number] = nil
    }
}
