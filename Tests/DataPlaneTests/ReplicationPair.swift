// Servers that replicate from each other without sockets: what one wants sent, the other is given, in pieces of any
// size; time moves when a test says so.

import ClusterWire
import RESP

@testable import DataPlane

/// A server: keys, commands and replication.
final class TestServer {
    let store: MemoryStore
    let replication: Replication
    let port: Int
    var notes: [ReplicationNote] = []
    private let requests = RequestSource()
    private let reply = ReplyWriter()
    private let frame: CommandFrame

    init(_ port: Int, seed: UInt64) {
        self.port = port
        store = MemoryStore(seed: seed)
        var settings = ReplicationSettings()
        settings.greeting.port = port
        replication = Replication(store, settings)
        frame = CommandFrame(requests, reply, store)
    }

    var address: MasterAddress { MasterAddress(host: "10.0.0.1", port: port) }

    /// Runs a command as a client's.
    @discardableResult
    func run(_ words: String...) -> String { run(words) }

    @discardableResult
    func run(_ words: [String]) -> String {
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        requests.feed(bytes)
        guard (try? requests.next()) == true,
            let entry = requests.withWord(0, { StreamCommands.find($0) }),
            case .change(let key, let run) = entry.meaning
        else { return "?" }
        requests.slot = requests.withWord(requests.count > key ? key : 0) { KeySlot.of($0) }
        let changes = store.changes
        _ = run(KeyContext(frame))
        if store.changes != changes { frame.replicate() }
        defer { reply.removeAll(keepingUpTo: 0) }
        return reply.lend {
            let bytes = $0
            return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
    }

    /// All keys with their values and ends, in order.
    var keys: [String] {
        var list: [String] = []
        store.readsExpired = true
        defer { store.readsExpired = false }
        store.visit { number in
            let key = String(decoding: store.key(number), as: UTF8.self)
            let value = String(decoding: store.value(number), as: UTF8.self)
            list.append("\(key)=\(value)@\(store.expiry(number) ?? -1)")
        }
        return list.sorted()
    }
}

/// Servers with the connections between them.
final class TestShard {
    private(set) var servers: [TestServer] = []
    var now: Int64 = 1000
    /// Links that stand: from a replica to a master, by the number that the master gave.
    private var links: [Int: (master: Int, number: UInt32)] = [:]
    private var nextNumber: UInt32 = 1
    private var parsers: [UInt32: RequestParser] = [:]
    private var announcements: [UInt32: ReplicaAnnouncement] = [:]
    /// Servers whose links do not come about.
    var isCut: Set<Int> = []
    /// Bytes that are carried at once.
    var pieceBytes = 7000

    init(_ count: Int) {
        for index in 0..<count { servers.append(TestServer(7000 + index, seed: UInt64(index + 1))) }
    }

    subscript(_ index: Int) -> TestServer { servers[index] }

    func follow(_ replica: Int, _ master: Int?) {
        servers[replica].replication.follow(master.map { servers[$0].address }, at: now)
        if master == nil { servers[replica].store.becomeMaster(from: 0) }
        settle()
    }

    /// So many tenths of a second pass.
    func pass(ticks: Int) {
        for _ in 0..<ticks {
            now += 100
            for server in servers {
                server.store.now = now
                server.replication.tick(at: now)
            }
            settle()
        }
    }

    func cutLink(of replica: Int) {
        guard let link = links.removeValue(forKey: replica) else { return }
        servers[link.master].replication.replicaClosed(link.number)
        servers[replica].replication.linkClosed("cut", at: now)
    }

    /// Carries what can be carried, until nothing is left, or so many times.
    func settle(times: Int = .max) {
        for server in servers { server.replication.settle() }
        var hasMoved = true
        var time = 0
        while hasMoved && time < times {
            time += 1
            hasMoved = false
            for index in servers.indices where perform(index) { hasMoved = true }
            for replica in links.keys.sorted() where carry(to: replica) { hasMoved = true }
        }
    }

    private func perform(_ index: Int) -> Bool {
        let actions = servers[index].replication.takeActions()
        for action in actions { perform(action, index) }
        return !actions.isEmpty
    }

    private func perform(_ action: ReplicationAction, _ index: Int) {
        switch action {
        case .connect(let address):
            let master = servers.firstIndex { $0.port == address.port }
            guard let master, !isCut.contains(index), !isCut.contains(master) else {
                return servers[index].replication.linkClosed("refused", at: now)
            }
            links[index] = (master, nextNumber)
            parsers[nextNumber] = RequestParser()
            announcements[nextNumber] = ReplicaAnnouncement()
            nextNumber += 1
            servers[index].replication.linkOpened(at: now)
        case .send(let bytes):
            if let link = links[index] { request(bytes, link.master, link.number, index) }
        case .disconnect:
            guard let link = links.removeValue(forKey: index) else { return }
            servers[link.master].replication.replicaClosed(link.number)
        case .close(let number):
            guard let replica = links.first(where: { $0.value.number == number })?.key else {
                return
            }
            links[replica] = nil
            servers[replica].replication.linkClosed("closed", at: now)
        case .takeOver: return
        case .note(let note): servers[index].notes.append(note)
        }
    }

    /// What a master's shell does with words of a replica.
    private func request(_ bytes: [UInt8], _ master: Int, _ number: UInt32, _ replica: Int) {
        parsers[number]?.feed(bytes)
        while let words = try? parsers[number]?.nextArguments() {
            let text = words.map { String(decoding: $0, as: UTF8.self) }
            let replication = servers[master].replication
            switch (text[0], text.count > 1 ? text[1] : "") {
            case ("PING", _): reply("+PONG\r\n", to: replica)
            case ("REPLCONF", "ACK"):
                replication.acknowledged(number, offset: Int64(text[2]) ?? 0, at: now)
            case ("REPLCONF", _):
                let problem = announcements[number]?.take(Array(words.dropFirst()))
                reply((problem ?? nil).map { "-\($0)\r\n" } ?? "+OK\r\n", to: replica)
            case ("PSYNC", _):
                let problem = replication.addReplica(
                    number, announcements[number] ?? ReplicaAnnouncement(), peer: "10.0.0.1",
                    id: words[1], offset: Int64(text[2]), at: now)
                if let problem { reply("-\(problem)\r\n", to: replica) }
            default: reply("-ERR unknown\r\n", to: replica)
            }
        }
    }

    private func reply(_ text: String, to replica: Int) {
        let bytes = Array(text.utf8)
        servers[replica].replication.linkReceived(bytes.span, at: now)
    }

    private func carry(to replica: Int) -> Bool {
        guard let link = links[replica] else { return false }
        let master = servers[link.master].replication
        guard let feed = master.feed(link.number) else { return false }
        let bytes: [UInt8]? = feed.lend(master.log) { span in
            (0..<min(span.count, pieceBytes)).map { span[$0] }
        }
        guard let bytes, !bytes.isEmpty else { return false }
        feed.sent(bytes.count, at: now)
        master.keepNeeded()
        servers[replica].replication.linkReceived(bytes.span, at: now)
        return true
    }
}
