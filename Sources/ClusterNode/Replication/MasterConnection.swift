// The connection of a replica to its master: opened, read, written and closed as Replication asks for it, which
// decides all that its bytes mean.

import ClusterCore
import DataPlane
import SystemIO

/// The only connection of this kind.
final class MasterConnection {
    private var stream: ByteStream?
    private var isConnecting = false
    private var queue = ChunkQueue()
    private var interest: Interest = []
    /// When the copy that is being read slowly began; nil: none is.
    private var slowSince: Int64?

    /// Bytes that may wait for a master that does not read.
    private static let queueLimit = 1 << 20

    private func close() {
        stream = nil
        isConnecting = false
        queue = ChunkQueue()
        slowSince = nil
    }

    private func open(_ master: MasterAddress, _ node: Node) {
        close()
        do throws(SystemError) {
            guard let address = SocketAddress(ip: master.host, port: UInt16(clamping: master.port))
            else { return failed("its address is not known", node) }
            let socket = try Socket.connect(
                to: address, keepAliveSeconds: node.options.keepAliveSeconds)
            let descriptor = socket.descriptor
            stream = ByteStream(socket)
            isConnecting = true
            interest = .write
            try node.loop.register(descriptor, token: Node.masterToken, interest: .write)
        } catch {
            failed(error.reason, node)
        }
    }

    private func failed(_ reason: String, _ node: Node) {
        close()
        node.replication.linkClosed(reason, at: SystemClock.monotonicMilliseconds())
    }

    /// An operator ends it; it is made anew.
    func kill(_ node: Node) {
        if stream != nil { failed("CLIENT KILL", node) }
    }

    /// The poller says that it is ready.
    func handle(_ event: PollEvent, _ node: Node) {
        guard stream != nil else { return }
        if isConnecting {
            guard event.isWritable || event.isBroken else { return }
            if let error = stream?.connectionError() { return failed(error.reason, node) }
            isConnecting = false
            node.replication.linkOpened(at: node.wake.monotonic)
            return
        }
        if event.isReadable || event.isBroken { read(node) }
    }

    /// Goes on reading a copy that was read fast enough.
    func tick(_ node: Node) {
        if slowSince != nil { read(node) }
    }

    /// Whether a copy has come faster than `key-load-delay` allows, which is for tests.
    private func isAhead(_ node: Node) -> Bool {
        let delay = node.options.stored.keyLoadDelay
        guard delay > 0, let keys = node.replication.loadedKeyCount else {
            slowSince = nil
            return false
        }
        let now = SystemClock.monotonicMilliseconds()
        let began = slowSince ?? now
        slowSince = began
        return Int64(keys) * Int64(delay) / 1000 > now - began
    }

    /// Bytes that are read at once of a copy that is to come slowly.
    private static let slowStep = 4096

    /// Milliseconds that reading and applying take in one wake-up: what more there is waits for the next one. A
    /// copy is taken as fast as it comes, and neither the bus nor clients wait for it; nor do they for a stream of
    /// commands that take long, except for the one that is being applied.
    private static let share: Int64 = 2

    /// Applies more of what has been read in an earlier wake-up.
    func applyMore(_ node: Node) { read(node) }

    private func read(_ node: Node) {
        let end = SystemClock.monotonicMilliseconds() + Self.share
        repeat {
            if node.replication.hasUnapplied {
                node.replication.applyMore(at: node.wake.monotonic) {
                    SystemClock.monotonicMilliseconds() < end
                }
                applied(node)
                continue
            }
            if isAhead(node) { return watch([], node) }
            var few = [UInt8](repeating: 0, count: slowSince == nil ? 0 : Self.slowStep)
            guard
                let outcome = few.isEmpty
                    ? stream?.read(into: &node.loop.readBuffer) : stream?.read(into: &few)
            else { return }
            switch outcome {
            case .closed: return failed("the master closed it", node)
            case .waits: return
            case .bytes(let count):
                let buffer = few.isEmpty ? node.loop.readBuffer : few
                node.replication.linkReceived(
                    buffer.span.extracting(first: count), at: node.wake.monotonic
                ) { SystemClock.monotonicMilliseconds() < end }
                applied(node)
                guard count == buffer.count || node.replication.hasUnapplied else { return }
            }
        } while SystemClock.monotonicMilliseconds() < end
    }

    private func applied(_ node: Node) {
        perform(node)
        // Transactions of clients learn of it before they run.
        if node.store.hasDisturbed { node.disturbClients() }
    }

    /// Does what replication asks for.
    func perform(_ node: Node) {
        while node.replication.hasActions {
            for action in node.replication.takeActions() {
                switch action {
                case .connect(let master): open(master, node)
                case .disconnect: close()
                case .send(let bytes): send(bytes, node)
                case .close(let number): node.clients.closeReplica(number, node)
                case .takeOver(let id): node.takeOver(id)
                case .note(let note): node.tell(note)
                }
            }
        }
        flush(node)
    }

    private func send(_ bytes: [UInt8], _ node: Node) {
        guard stream != nil, !isConnecting else { return }
        queue.append(bytes)
        guard queue.byteCount <= Self.queueLimit else { return failed("it is not read", node) }
    }

    private func flush(_ node: Node) {
        guard stream != nil, !isConnecting else { return }
        switch stream?.flush(&queue) ?? .closed {
        case .closed: failed("the master closed it", node)
        case .bytes: watch(reading(node), node)
        case .waits(let more): watch([reading(node), more], node)
        }
    }

    private func reading(_ node: Node) -> Interest {
        isAhead(node) || node.replication.hasUnapplied ? [] : .read
    }

    private func watch(_ wanted: Interest, _ node: Node) {
        guard interest != wanted, let descriptor = stream?.descriptor else { return }
        interest = wanted
        try? node.loop.modify(descriptor, token: Node.masterToken, interest: wanted)
    }
}
