// Where a node listens for clients: the addresses and the port may change while it runs. Those of the bus
// are its host's, and stay.

import ClusterCore
import ClusterHost
import SystemIO

/// The listeners for clients.
struct ClientListeners {
    fileprivate(set) var open: [Listener] = []
    private var nextToken: UInt64 = 16

    func find(_ token: UInt64) -> Listener? { open.first { $0.token == token } }

    fileprivate mutating func takeToken() -> UInt64 {
        nextToken += 1
        return nextToken
    }
}

extension Node {
    /// Takes the clients' port at each address to bind.
    func openListeners() throws(StartError) {
        listeners.open = try open(options.bind, port: options.port)
        guard !listeners.open.isEmpty else { throw StartError("\(HostError.noAddress)") }
    }

    private func open(
        _ words: [String], port: Int, besides open: [Listener] = []
    ) throws(StartError) -> [Listener] {
        do throws(ListenError) {
            return try Listener.open(
                words, port: port, backlog: options.backlog, besides: open, on: loop,
                token: { listeners.takeToken() })
        } catch {
            tell(error, port: port)
            throw StartError("\(error)")
        }
    }

    /// For harnesses, which try another port when they read these words.
    func tell(_ error: ListenError, port: Int) {
        guard case .refused(let address, let error) = error else { return }
        log.write(.warning, "Failed listening on port \(port) (\(address)): \(error.reason)")
    }

    /// Listens for clients where `changed` says. The bus stays where it is: others know it there.
    ///
    /// - Throws: why not; then all is as it was.
    func moveClientListeners(to changed: NodeOptions) throws(StartError) {
        do throws(StartError) {
            try reopenClients(changed)
        } catch {
            // An address that is in use may be so by one of ours that is to go: without those, again.
            listeners.open.removeAll { listener in
                !changed.bind.contains {
                    BindAddress($0)?.socketAddress(port: changed.port) == listener.address
                }
            }
            do throws(StartError) {
                try reopenClients(changed)
            } catch {
                if let old = try? open(
                    options.bind, port: options.port, besides: listeners.open)
                {
                    listeners.open = old
                }
                throw error
            }
        }
    }

    private func reopenClients(_ changed: NodeOptions) throws(StartError) {
        let opened = try open(changed.bind, port: changed.port, besides: listeners.open)
        guard !opened.isEmpty else { throw StartError("\(HostError.noAddress)") }
        listeners.open = opened
    }

    // MARK: - Leaving one alone

    /// Lets nobody in for a moment: those who wait there would be ready at each look.
    func close(_ listener: Listener, because error: SystemError) {
        note(.cannotAccept(error))
        do throws(SystemError) {
            try listener.close(on: loop)
        } catch {
            note(.cannotWatchListener(error))
        }
    }

    /// Tick: listeners that were left alone for long enough.
    func reopenListeners(at now: Int64) {
        listeners.open.reopen(at: now, on: loop) { note(.cannotWatchListener($0)) }
    }
}
