// All client connections: taken, read, answered and ended. A client that does not read its replies,
// or of which there are too many, is closed; the loop never waits for one.

import ClusterCore
import RESP
import SystemIO

/// The clients of a node.
struct Clients {
    private var byToken: [UInt64: Client] = [:]
    private var byID: [ClientID: Client] = [:]
    private var nextID: UInt32 = 0
    private var dirty: [Client] = []

    /// Bytes of replies that may wait for a client.
    static let outputLimit = 64 << 20

    var count: Int { byToken.count }
    subscript(token token: UInt64) -> Client? { byToken[token] }

    mutating func accept(_ listener: Node.Listener, _ node: Node) {
        guard !node.acceptsPaused else { return }
        for _ in 0..<1000 {
            do throws(SystemError) {
                guard
                    let socket = try listener.socket.accept(
                        keepAliveSeconds: node.options.keepAliveSeconds)
                else { return }
                guard count < node.options.maxClients else {
                    _ = socket.write(Array("-ERR max number of clients reached\r\n".utf8).span)
                    continue
                }
                let peer = socket.peerAddress()?.description ?? "?"
                nextID &+= 1
                let client = Client(
                    ClientID(nextID), token: node.takeToken(), socket: socket, peer: peer,
                    at: node.now.wall)
                guard let descriptor = client.descriptor else { continue }
                try node.poller.register(descriptor, token: client.token, interest: .read)
                byToken[client.token] = client
                byID[client.id] = client
            } catch {
                node.acceptsPaused = true
                return node.log.refuse("cannot accept", "Cannot accept clients: \(error)")
            }
        }
    }

    /// Called with `node.clients` being this value, so what a command does goes through `node`.
    func handle(_ client: Client, _ event: PollEvent, _ node: Node) {
        if event.isReadable { read(client, node) }
        if event.isWritable { node.clients.markDirty(client) }
        if event.isBroken && !event.isReadable { node.clients.remove(client) }
    }

    private func read(_ client: Client, _ node: Node) {
        var buffer = node.readBuffer
        node.readBuffer = []
        let outcome = client.read(into: &buffer)
        node.readBuffer = buffer
        client.lastActive = node.now.wall
        takeRequests(client, node)
        if case .closed = outcome { node.clients.remove(client) }
    }

    private func takeRequests(_ client: Client, _ node: Node) {
        do throws(RESPError) {
            while !client.isLeaving && client.waitingBytes <= Self.outputLimit {
                guard try client.parser.next() else { break }
                ClientCommands.run(client, node)
            }
        } catch {
            RESPWriter.error(error, to: &client.output)
            client.isLeaving = true
        }
        node.clients.markDirty(client)
    }

    mutating func markDirty(_ client: Client) {
        guard !client.isDirty else { return }
        client.isDirty = true
        dirty.append(client)
    }

    mutating func reply(_ reply: AdminReply, to id: ClientID) {
        guard let client = byID[id] else { return }
        client.reply(reply)
        markDirty(client)
    }

    mutating func remove(_ client: Client) {
        guard byToken.removeValue(forKey: client.token) != nil else { return }
        byID.removeValue(forKey: client.id)
        client.close()
    }

    /// Writes what waits, and closes who does not read.
    mutating func flush(_ node: Node) {
        let waiting = dirty
        dirty = []
        for client in waiting {
            client.isDirty = false
            guard byToken[client.token] != nil else { continue }
            switch client.flush() {
            case .closed: remove(client)
            case .moved:
                if client.isLeaving {
                    remove(client)
                } else {
                    setInterest(client, write: false, node)
                }
            case .wouldBlock:
                if client.waitingBytes > Self.outputLimit {
                    node.log.refuse("client", "Closed a client that does not read its replies")
                    remove(client)
                } else {
                    setInterest(client, write: true, node)
                }
            }
        }
    }

    private func setInterest(_ client: Client, write: Bool, _ node: Node) {
        guard client.wantsWrite != write, let descriptor = client.descriptor else { return }
        client.wantsWrite = write
        // A client whose replies wait is not read from: it must take them first.
        try? node.poller.modify(descriptor, token: client.token, interest: write ? .write : .read)
    }
}
