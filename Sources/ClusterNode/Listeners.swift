// Where a node listens, for clients and for the bus. The clients' addresses and port may change while it
// runs; those of the bus stay. A listener whose accept failed is left alone for a moment, since whoever
// waits there would wake the loop again and again.

import SystemIO

/// One word of `bind`: a literal address, "localhost", or all addresses of a family.
struct BindAddress {
    /// The node does without it where it does not exist.
    let isOptional: Bool
    private let ip: String

    init?(_ word: String) {
        isOptional = word.hasPrefix("-")
        let bare = isOptional ? String(word.dropFirst()) : word
        switch bare.lowercased() {
        case "*": ip = "0.0.0.0"
        case "::*": ip = "::"
        // The one name that needs nobody to be asked; the reference takes it for IPv4 alone, too.
        case "localhost": ip = "127.0.0.1"
        default:
            guard SocketAddress.isLiteral(bare) else { return nil }
            ip = bare
        }
    }

    func socketAddress(port: Int) -> SocketAddress? {
        SocketAddress(ip: ip, port: UInt16(clamping: port))
    }
}

/// A socket that accepts, kept by a class since it has one owner.
final class Listener {
    let socket: Socket
    let address: SocketAddress
    let token: UInt64
    /// Monotonic milliseconds until which nobody is let in; 0: it is open.
    var closedUntil: Int64 = 0

    init(_ socket: consuming Socket, at address: SocketAddress, token: UInt64) {
        self.socket = socket
        self.address = address
        self.token = token
    }
}

/// All of them.
struct Listeners {
    fileprivate(set) var clients: [Listener] = []
    fileprivate(set) var bus: [Listener] = []

    var count: Int { clients.count + bus.count }
    func client(_ token: UInt64) -> Listener? { clients.first { $0.token == token } }
    func bus(_ token: UInt64) -> Listener? { bus.first { $0.token == token } }
}

extension Node {
    /// Takes both ports at each address to bind.
    func openListeners() throws(StartError) {
        listeners.clients = try open(options.bind, port: options.port)
        listeners.bus = try open(options.bind, port: options.busPort)
        guard !listeners.clients.isEmpty, !listeners.bus.isEmpty else {
            throw StartError("none of the addresses to bind exists here")
        }
    }

    private func open(
        _ words: [String], port: Int, besides open: [Listener] = []
    ) throws(StartError) -> [Listener] {
        var opened: [Listener] = []
        for word in words {
            guard let bind = BindAddress(word), let address = bind.socketAddress(port: port) else {
                throw StartError("'\(word)' is not an address to bind")
            }
            if let known = open.first(where: { $0.address == address }) {
                opened.append(known)
                continue
            }
            do throws(SystemError) {
                let socket = try Socket.listen(at: address, backlog: options.backlog)
                let listener = Listener(socket, at: address, token: takeToken())
                try poller.register(
                    listener.socket.descriptor, token: listener.token, interest: .read)
                opened.append(listener)
            } catch {
                if bind.isOptional && !error.isAddressInUse { continue }
                // For harnesses, which try another port when they read these words.
                log.write(
                    .warning, "Failed listening on port \(port) (\(address)): \(error.reason)")
                throw StartError("cannot listen on \(address): \(error.reason)")
            }
        }
        return opened
    }

    /// Listens for clients where `changed` says. The bus stays where it is: others know it there.
    ///
    /// - Throws: why not; then all is as it was.
    func moveClientListeners(to changed: NodeOptions) throws(StartError) {
        do throws(StartError) {
            try reopenClients(changed)
        } catch {
            // An address that is in use may be so by one of ours that is to go: without those, again.
            listeners.clients.removeAll { listener in
                !changed.bind.contains {
                    BindAddress($0)?.socketAddress(port: changed.port) == listener.address
                }
            }
            do throws(StartError) {
                try reopenClients(changed)
            } catch {
                if let old = try? open(
                    options.bind, port: options.port, besides: listeners.clients)
                {
                    listeners.clients = old
                }
                throw error
            }
        }
    }

    private func reopenClients(_ changed: NodeOptions) throws(StartError) {
        let opened = try open(changed.bind, port: changed.port, besides: listeners.clients)
        guard !opened.isEmpty else {
            throw StartError("none of the addresses to bind exists here")
        }
        listeners.clients = opened
    }

    // MARK: - Leaving one alone

    /// Milliseconds for which a listener that could not accept is left alone.
    private static let closedFor: Int64 = 100

    /// Lets nobody in for a moment: those who wait there would be ready at each look.
    func close(_ listener: Listener, because error: SystemError) {
        log.refuse("cannot accept", "Cannot accept connections: \(error)")
        listener.closedUntil = SystemClock.monotonicMilliseconds() + Self.closedFor
        setInterest(of: listener, [])
    }

    /// Tick: listeners that were left alone for long enough.
    func reopenListeners(at now: Int64) {
        for listener in listeners.clients + listeners.bus
        where listener.closedUntil != 0 && listener.closedUntil <= now {
            listener.closedUntil = 0
            setInterest(of: listener, .read)
        }
    }

    private func setInterest(of listener: Listener, _ interest: Interest) {
        do throws(SystemError) {
            try poller.modify(
                listener.socket.descriptor, token: listener.token, interest: interest)
        } catch {
            log.refuse("poll", "Cannot watch a listener: \(error)")
        }
    }
}
