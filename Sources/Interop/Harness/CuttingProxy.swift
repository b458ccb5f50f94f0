// A client port led through this process, so that connections to it can be ended after any byte: what a server
// sends is counted, and when as many bytes have passed as were ordered, all connections end at that byte. No byte is
// changed. Replication links come by it when a master announces its port.

import Synchronization
package import SystemIO

/// Leads connections to a server; ends with its owner.
package final class CuttingProxy {
    private let orders: CutOrders
    private var thread: Thread?

    /// Listens on one port of loopback, and leads to another.
    package init(from port: Int, to server: Int) throws(SystemError) {
        let orders = try CutOrders()
        self.orders = orders
        let listener = try CutListener(from: port, to: server)
        thread = try Thread {
            do throws(SystemError) {
                var loop = try CutLoop(listener, orders)
                try loop.run()
            } catch {
                // All connections are lost, which nobody takes for success.
            }
        }
    }

    deinit {
        orders.change { $0.isStopping = true }
        thread.take()?.join()
    }

    /// All connections end when the server has sent so many more bytes.
    package func cut(afterBytes count: Int) { orders.change { $0.bytesUntilCut = count } }

    /// How many cuts there were.
    package var cuts: Int { orders.present.cuts }
}

/// What the thread of a proxy is told, and tells.
private final class CutOrders: Sendable {
    struct Orders: Sendable {
        var bytesUntilCut: Int?
        var cuts = 0
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

    /// Bytes that a server sent.
    /// - Returns: how many of them may pass, and whether all connections end behind them.
    func pass(_ count: Int) -> (count: Int, isCut: Bool) {
        orders.withLock { orders in
            guard let left = orders.bytesUntilCut else { return (count, false) }
            guard count >= left else {
                orders.bytesUntilCut = left - count
                return (count, false)
            }
            orders.bytesUntilCut = nil
            orders.cuts += 1
            return (left, true)
        }
    }
}

private final class CutListener: Sendable {
    let socket: Socket
    let server: SocketAddress

    init(from port: Int, to server: Int) throws(SystemError) {
        socket = try Socket.listen(at: .loopback(port: UInt16(clamping: port)))
        self.server = .loopback(port: UInt16(clamping: server))
    }
}

/// One end of a connection.
private final class CutEnd {
    let socket: Socket
    /// Bytes that wait to be written to it.
    var waiting: [UInt8] = []
    var interest: Interest
    var isConnected: Bool

    init(_ socket: consuming Socket, isConnected: Bool) {
        self.socket = socket
        self.isConnected = isConnected
        interest = isConnected ? .read : .write
    }

    /// - Returns: whether the connection goes on.
    func write() -> Bool {
        guard isConnected else { return true }
        var sent = 0
        defer { waiting.removeFirst(sent) }
        while sent < waiting.count {
            switch socket.write(waiting.span.extracting(sent...)) {
            case .bytes(let count): sent += count
            case .wouldBlock: return true
            case .closed, .failed: return false
            }
        }
        return true
    }
}

/// The thread of a proxy.
private struct CutLoop: ~Copyable {
    private let listener: CutListener
    private let orders: CutOrders
    private var poller: Poller
    /// Whoever connected is near, the server is far.
    private var pairs: [UInt64: (near: CutEnd, far: CutEnd)] = [:]
    private var next: UInt64 = 1
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// Bytes that may wait for an end before the other one is not read any more.
    private static let longestQueue = 1 << 20

    init(_ listener: CutListener, _ orders: CutOrders) throws(SystemError) {
        let poller = try Poller()
        try poller.register(orders.wake.descriptor, token: 0, interest: .read)
        try poller.register(listener.socket.descriptor, token: 1, interest: .read)
        self.listener = listener
        self.orders = orders
        self.poller = poller
    }

    mutating func run() throws(SystemError) {
        var events: [PollEvent] = []
        while true {
            try poller.wait(timeoutMilliseconds: -1, into: &events)
            for event in events {
                switch event.token {
                case 0:
                    orders.wake.clear()
                    if orders.present.isStopping { return }
                case 1: try accept()
                default: try serve(event)
                }
            }
        }
    }

    private mutating func accept() throws(SystemError) {
        while let socket = try listener.socket.accept() {
            let near = CutEnd(socket, isConnected: true)
            let far = CutEnd(try Socket.connect(to: listener.server), isConnected: false)
            pairs[next] = (near, far)
            try poller.register(near.socket.descriptor, token: next * 2, interest: near.interest)
            try poller.register(far.socket.descriptor, token: next * 2 + 1, interest: far.interest)
            next += 1
        }
    }

    private mutating func serve(_ event: PollEvent) throws(SystemError) {
        let number = event.token / 2
        guard let pair = pairs[number] else { return }
        let isFar = event.token % 2 == 1
        let (end, other) = isFar ? (pair.far, pair.near) : (pair.near, pair.far)
        if event.isWritable && !end.isConnected {
            guard end.socket.connectionError() == nil else { return drop(number) }
            end.isConnected = true
        }
        var isCut = false
        if end.isConnected && (event.isReadable || event.isBroken) {
            switch end.socket.read(into: &buffer) {
            case .bytes(let count):
                let passed = isFar ? orders.pass(count) : (count, false)
                other.waiting += buffer.prefix(passed.0)
                isCut = passed.1
            case .wouldBlock: break
            case .closed, .failed:
                _ = other.write()
                return drop(number)
            }
        }
        let goesOn = end.write() && other.write()
        guard !isCut else {
            // Closing the sockets takes them out of the poller.
            pairs = [:]
            return
        }
        guard goesOn else { return drop(number) }
        try watch(pair.near, of: pair.far, number * 2)
        try watch(pair.far, of: pair.near, number * 2 + 1)
    }

    private func watch(_ end: CutEnd, of other: CutEnd, _ token: UInt64) throws(SystemError) {
        var interest: Interest = []
        if end.isConnected && other.waiting.count < Self.longestQueue { interest.insert(.read) }
        if !end.isConnected || !end.waiting.isEmpty { interest.insert(.write) }
        guard interest != end.interest else { return }
        end.interest = interest
        try poller.modify(end.socket.descriptor, token: token, interest: interest)
    }

    private mutating func drop(_ number: UInt64) { pairs[number] = nil }
}
