// Sockets that accept, at the addresses that the words of `bind` name. A listener whose accept failed is
// left alone for a moment, since whoever waits there would wake the loop again and again.

/// One word of `bind`: a literal address, "localhost", or all addresses of a family.
package struct BindAddress {
    /// It is done without where it does not exist.
    package let isOptional: Bool
    private let ip: String

    /// - Returns: nil for what is no such word.
    package init?(_ word: String) {
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

    package func socketAddress(port: Int) -> SocketAddress? {
        SocketAddress(ip: ip, port: UInt16(clamping: port))
    }
}

/// Why nobody listens at an address.
public enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The word is not an address to bind.
    case notAnAddress(String)
    /// The system refused it.
    case refused(SocketAddress, SystemError)

    /// For people.
    public var description: String {
        switch self {
        case .notAnAddress(let word): "'\(word)' is not an address to bind"
        case .refused(let address, let error): "cannot listen on \(address): \(error.reason)"
        }
    }
}

/// A socket that accepts, kept by a class since it has one owner.
package final class Listener {
    package let socket: Socket
    package let address: SocketAddress
    /// What the poller calls it.
    package let token: UInt64
    /// Monotonic milliseconds until which nobody is let in.
    private var closedUntil: Int64?
    package var isOpen: Bool { closedUntil == nil }

    /// Milliseconds for which a listener that could not accept is left alone.
    private static let closedFor: Int64 = 100
    /// Connections that are accepted in one wake-up, at most: others want their turn.
    package static let acceptsAtOnce = 1000

    private init(_ socket: consuming Socket, at address: SocketAddress, token: UInt64) {
        self.socket = socket
        self.address = address
        self.token = token
    }

    /// Listens at each of the addresses that exists, and has a poller watch them.
    ///
    /// - Parameters:
    ///   - words: as `BindAddress` takes them.
    ///   - open: listeners that are kept where they listen at one of these addresses already.
    package static func open(
        _ words: [String], port: Int, backlog: Int32, besides open: [Listener] = [],
        on loop: PollSet, token: () -> UInt64
    ) throws(ListenError) -> [Listener] {
        var opened: [Listener] = []
        for word in words {
            guard let bind = BindAddress(word), let address = bind.socketAddress(port: port) else {
                throw .notAnAddress(word)
            }
            if let known = open.first(where: { $0.address == address }) {
                opened.append(known)
                continue
            }
            do throws(SystemError) {
                let socket = try Socket.listen(at: address, backlog: backlog)
                let listener = Listener(socket, at: address, token: token())
                try loop.register(
                    listener.socket.descriptor, token: listener.token, interest: .read)
                opened.append(listener)
            } catch {
                if bind.isOptional && !error.isAddressInUse { continue }
                throw .refused(address, error)
            }
        }
        return opened
    }

    /// Lets nobody in for a moment: those who wait there would be ready at each look.
    package func close(on loop: PollSet) throws(SystemError) {
        closedUntil = SystemClock.monotonicMilliseconds() + Self.closedFor
        try loop.modify(socket.descriptor, token: token, interest: [])
    }

    /// Lets in again, if it was closed for long enough at this monotonic millisecond.
    package func reopen(at now: Int64, on loop: PollSet) throws(SystemError) {
        guard let closedUntil, closedUntil <= now else { return }
        self.closedUntil = nil
        try loop.modify(socket.descriptor, token: token, interest: .read)
    }
}

extension [Listener] {
    /// Tick: lets in again where nobody was let in for long enough.
    /// - Parameter fail: is told what the poller refuses.
    package func reopen(at now: Int64, on loop: PollSet, _ fail: (SystemError) -> Void) {
        for listener in self {
            do throws(SystemError) { try listener.reopen(at: now, on: loop) } catch { fail(error) }
        }
    }
}
