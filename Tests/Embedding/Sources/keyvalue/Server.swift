// A key-value server that takes GET, SET, PING and CLUSTER. Its own part is keys and the hooks; that it is a
// node of a cluster is the host's part.

import ClusterCore
import ClusterHost
import ClusterWire

final class Server: ClusterServer {
    let host: ClusterHost
    private var keys: [String: String] = [:]
    /// Changes since the rules were last told.
    private var changes: UInt64 = 0 { didSet { hasNews = true } }
    private var hasNews = true
    private var arePaused = false
    private let send: (String, ClientID) -> Void

    init(port: UInt16, folder: String, send: @escaping (String, ClientID) -> Void) throws {
        var cluster = ClusterConfig()
        cluster.port = Port(port)
        cluster.busPort = Port(port + 10_000)
        cluster.nodeTimeout = 1000
        // It copies nothing from its master, and may take its place all the same.
        cluster.failoverWithoutCopy = true
        host = try ClusterHost(HostConfig(nodesFile: "\(folder)/nodes.conf", cluster: cluster))
        self.send = send
        host.server = self
        try host.start()
    }

    func takeStoreReport() -> StoreReport? {
        guard hasNews else { return nil }
        hasNews = false
        var occupied = SlotSet()
        for key in keys.keys { occupied.insert(Self.slot(of: key)) }
        return StoreReport(
            offset: ReplicationOffset(changes), isEmpty: keys.isEmpty, occupied: occupied)
    }

    func follow(_ master: NodeAddress?, from offset: ReplicationOffset) {
        if master != nil { keys = [:] }
        hasNews = true
    }

    func dropKeys(in slots: SlotSet) {
        keys = keys.filter { !slots.contains(Self.slot(of: $0.key)) }
        hasNews = true
    }

    func setWritesPaused(_ arePaused: Bool) { self.arePaused = arePaused }
    func answer(_ reply: AdminReply, to client: ClientID) { send(Self.text(reply), client) }
    /// Runs one command of a client; the reply is sent now, or when what it says is saved.
    func run(_ words: [String], for client: ClientID) {
        switch (words.first?.uppercased(), words.count) {
        case ("PING", 1): send("+PONG\r\n", client)
        case ("GET", 2): serve(words[1], writes: false, client) { Self.bulk(self.keys[words[1]]) }
        case ("SET", 3):
            serve(words[1], writes: true, client) {
                self.keys[words[1]] = words[2]
                self.changes += 1
                return "+OK\r\n"
            }
        case ("CLUSTER", 2...):
            do throws(AdminError) {
                let command = try AdminCommand.parse(words.dropFirst().map { Array($0.utf8) })
                if case .answered(let reply) = host.submit(command, from: client) {
                    send(Self.text(reply), client)
                }
            } catch {
                send(Self.text(.error(error.text)), client)
            }
        default: send("-ERR unknown command\r\n", client)
        }
    }

    /// Serves a key here, or says where it is served.
    private func serve(_ key: String, writes: Bool, _ client: ClientID, _ body: () -> String) {
        var query = SlotQuery(Self.slot(of: key))
        query.writes = writes
        (query.present, query.missing) = keys[key] != nil ? (1, 0) : (0, 1)
        switch host.route(query) {
        case .serve where writes && arePaused: send("-TRYAGAIN writes are paused\r\n", client)
        case .serve: send(body(), client)
        case .moved(let id): redirect("MOVED", query.slot, to: id, client)
        case .ask(let id): redirect("ASK", query.slot, to: id, client)
        case .tryAgain: send("-TRYAGAIN keys are on their way\r\n", client)
        case .down(let reason): send("-CLUSTERDOWN \(reason)\r\n", client)
        }
    }

    private func redirect(_ word: String, _ slot: Slot, to id: NodeID, _ client: ClientID) {
        let address = host.address(of: id) ?? .none
        send("-\(word) \(slot) \(address.ip.text):\(address.port)\r\n", client)
    }

    private static func slot(of key: String) -> Slot { KeySlot.of(Array(key.utf8)) }

    private static func bulk(_ text: String?) -> String {
        text.map { "$\($0.utf8.count)\r\n\($0)\r\n" } ?? "$-1\r\n"
    }

    static func text(_ reply: AdminReply) -> String {
        switch reply {
        case .ok: "+OK\r\n"
        case .status(let text): "+\(text)\r\n"
        case .integer(let number): ":\(number)\r\n"
        case .text(let text), .bulk(let text): bulk(text)
        case .null: bulk(nil)
        case .list(let items): "*\(items.count)\r\n" + items.map(text).joined()
        case .map(let pairs):
            "*\(2 * pairs.count)\r\n" + pairs.map { bulk($0.key) + text($0.value) }.joined()
        case .error(let text): "-\(text.filter { !$0.isNewline })\r\n"
        }
    }
}
