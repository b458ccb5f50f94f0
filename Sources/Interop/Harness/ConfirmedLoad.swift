// Clients that write to one server and wait for a replica after each write, and the server's end meanwhile. What was
// confirmed by then must be there later, whoever has the slot.

import ClusterClient
import RESP

/// Writes, and which of them were confirmed.
struct ConfirmedLoad {
    private(set) var seed: UInt64
    /// Keys that were confirmed, each written once.
    private(set) var confirmed: [String] = []
    private var written = 0

    private static let clients = 4
    /// More than can be done before the end comes.
    private static let writes = 1500

    init() {
        var generator = SystemRandomNumberGenerator()
        seed = generator.next()
    }

    private func value(_ key: String) -> String { "value of \(key), \(seed)" }

    /// Writes until so many are confirmed, brings the end about, and takes the replies that came before it.
    mutating func run(
        on server: ServerProcess, end: () throws(InteropError) -> Void
    ) throws(InteropError) {
        var lanes: [(client: AdminClient, keys: [String])] = []
        for _ in 0..<Self.clients {
            let client = try server.connect()
            let keys = (0..<Self.writes).map { "{06S}\(written + $0)" }
            written += Self.writes
            do throws(AdminClientError) {
                try client.post(
                    keys.map { [["SET", $0, value($0)], ["WAIT", "1", "5000"]] }.flatMap { $0 })
            } catch {
                throw .noAnswer(server: server.name, command: "SET", error)
            }
            lanes.append((client, keys))
        }
        let turns = 50 + Int(seed >> 8 % 100) + confirmed.count % 37
        for turn in 0..<turns {
            for lane in lanes { _ = try take(lane.keys[turn], lane.client, server) }
        }
        try end()
        for lane in lanes {
            for key in lane.keys.dropFirst(turns) {
                guard (try? take(key, lane.client, server)) == true else { break }
            }
        }
    }

    /// Takes the replies to one write and its WAIT.
    private mutating func take(
        _ key: String, _ client: AdminClient, _ server: ServerProcess
    ) throws(InteropError) -> Bool {
        do throws(AdminClientError) {
            let (reply, count) = (try client.reply(), try client.reply())
            guard reply == .simple("OK") else {
                throw AdminClientError.unexpected("\(reply)")
            }
            if (count.number ?? 0) >= 1 { confirmed.append(key) }
            return true
        } catch {
            throw .noAnswer(server: server.name, command: "SET", error)
        }
    }

    /// Confirmed keys that a server has not, or with another value.
    func missing(at server: ServerProcess) throws(InteropError) -> [String] {
        let replies = try DataClient(server).exchange(
            confirmed.map { [Array("GET".utf8), Array($0.utf8)] })
        return zip(confirmed, replies).filter { $1.string != value($0) }.map(\.0)
    }
}
