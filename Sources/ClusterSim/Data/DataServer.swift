// The keys of one process in the virtual world: a store, its part in replication, and the connections of its
// replicas. A process that starts again has a new one, with no keys: there is no disk for them. What it wants
// done with connections, and when time passes for it, is the world's.

import ClusterCore
import ClusterWire
import DataPlane
import RESP

/// A connection that another server made to this one, to be its replica.
struct ReplicaConnection {
    /// Our end of it.
    let end: Int
    let number: UInt32
    /// The node at the other end, and which of its processes.
    let peer: ProcessName
    let address: String
    var parser = RequestParser()
    var announcement = ReplicaAnnouncement()
    /// What the master held when its copy began; nil before that.
    var copied: SHA1Digest?
}

/// One process of a node.
struct ProcessName: Equatable, Sendable {
    let node: Int
    let incarnation: UInt32
}

/// A write that is answered once a replica has it.
struct AwaitedWrite {
    let operation: Int
    /// The end of the write in the stream.
    let offset: Int
    /// Microseconds at which it is answered that nobody has it.
    let deadline: Int64
}

/// Keys and replication of one process.
final class DataServer {
    let store: MemoryStore
    let replication: Replication
    /// Our end of the connection to the master.
    var masterEnd: Int?
    var replicas: [ReplicaConnection] = []
    var waiting: [AwaitedWrite] = []
    /// The node that is followed, wherever it is.
    private var followed: NodeID?
    /// Writes wait until this monotonic millisecond of the process.
    private var pausedUntil: Int64?
    /// What was held when the copy began that is on its way.
    var heldWhileCopying: SHA1Digest?
    private let clients = ClientRequests()
    private var toldAge: Int64?
    private var nextNumber: UInt32 = 1
    private let isStale: Bool

    init(_ settings: ReplicationSettings, seed: UInt64, planted: PlantedBug) {
        store = MemoryStore(seed: seed)
        replication = Replication(store, settings)
        isStale = planted.contains(.oldCopy)
        store.log.continuesAnywhere = planted.contains(.wrongContinuation)
    }

    // MARK: What the rules are told, and what they ask for

    /// What the rules are told, if that has changed.
    func report(at now: Int64) -> StoreReport? {
        var age = replication.copyAge(at: now)
        if isStale, age == nil, replication.master != nil { age = 0 }
        let shown = age.map { $0 / 100 }
        guard store.hasNews || shown != toldAge else { return nil }
        store.markTold()
        toldAge = shown
        return StoreReport(
            offset: store.offset, isEmpty: store.isEmpty, occupied: store.occupied, copyAge: age)
    }

    func follow(
        _ master: NodeAddress?, named id: NodeID?, from offset: ReplicationOffset, at now: Int64
    ) {
        waiting = []
        let hasMoved = id != nil && id == followed
        followed = id
        guard let master else {
            replication.follow(nil, at: now)
            return store.becomeMaster(from: offset)
        }
        replication.follow(
            MasterAddress(
                host: master.ip.text, port: Int(master.port.value),
                nodeID: id?.description ?? ""),
            hasMoved: hasMoved, at: now)
    }

    /// - Parameter until: 0: writes go on.
    func pauseWrites(until: Int64) {
        pausedUntil = until == 0 ? nil : until
        store.holdChanges(until != 0)
    }

    func endPause(at now: Int64) {
        if let pausedUntil, now >= pausedUntil { pauseWrites(until: 0) }
    }

    // MARK: Keys

    /// Sets a key as a client's command does. Returns the end of the write in the stream.
    func write(_ key: DataKey, _ number: Int) -> Int {
        let padding = String(repeating: "x", count: number * 7 % 97)
        clients.set(key, to: "\(number):\(padding)", in: store)
        return store.log.offset
    }

    /// The number in a key's value; 0 for a key that is not there.
    func number(of key: DataKey) -> Int {
        guard let entry = store.find(key.name.span) else { return 0 }
        var number = 0
        for byte in store.value(entry) {
            guard byte != UInt8(ascii: ":") else { return number }
            number = number * 10 + Int(byte) - 48
        }
        return number
    }

    /// Of all keys and values.
    func digest(_ keys: [DataKey]) -> SHA1Digest {
        var digest = DataDigest()
        for key in keys {
            guard let entry = store.find(key.name.span) else { continue }
            store.withValue(entry) {
                digest.add(key: key.name.span, value: $0, expires: false)
            }
        }
        return digest.digest
    }

    // MARK: Replicas

    func accepted(_ end: Int, from peer: ProcessName, at address: String) {
        replicas.append(
            ReplicaConnection(end: end, number: nextNumber, peer: peer, address: address))
        nextNumber += 1
    }

    /// Bytes came from a replica. Returns what it is answered beside its stream.
    /// - Parameters:
    ///   - id: the name of this node.
    ///   - givesNoCopies: it has no keys and waits to be replaced.
    func request(
        _ bytes: [UInt8], at end: Int, now: Int64, of id: NodeID, givesNoCopies: Bool
    ) -> [UInt8] {
        guard let place = replicas.firstIndex(where: { $0.end == end }) else { return [] }
        replicas[place].parser.feed(bytes)
        var answer: [UInt8] = []
        while let words = try? replicas[place].parser.nextArguments(), !words.isEmpty {
            let text = words.map { String(decoding: $0, as: UTF8.self) }
            let number = replicas[place].number
            switch (text[0], text.count > 1 ? text[1] : "") {
            case ("PING", _): answer += Array("+PONG\r\n".utf8)
            case ("CLUSTER", "MYID"): answer += Array("$40\r\n\(id)\r\n".utf8)
            case ("REPLCONF", "ACK"):
                replication.acknowledged(number, offset: Int64(text[2]) ?? 0, at: now)
            case ("REPLCONF", _):
                let problem = replicas[place].announcement.take(Array(words.dropFirst()))
                answer += Array((problem.map { "-\($0)\r\n" } ?? "+OK\r\n").utf8)
            case ("PSYNC", _) where givesNoCopies:
                answer += Array("-LOADING it waits to be replaced\r\n".utf8)
            case ("PSYNC", _):
                let problem = replication.addReplica(
                    number, replicas[place].announcement, peer: replicas[place].address,
                    id: words[1], offset: Int64(text[2]), at: now)
                if let problem { answer += Array("-\(problem)\r\n".utf8) }
            case (_, _): answer += Array("-ERR unknown command\r\n".utf8)
            }
        }
        replication.heard(replicas[place].number, at: now)
        return answer
    }

    /// The end of the connection of a replica that is closed by us.
    func close(_ number: UInt32) -> Int? {
        guard let place = replicas.firstIndex(where: { $0.number == number }) else { return nil }
        return replicas.remove(at: place).end
    }

    /// A replica's connection ended.
    func closed(_ end: Int) {
        guard let place = replicas.firstIndex(where: { $0.end == end }) else { return }
        replication.replicaClosed(replicas.remove(at: place).number)
    }

    /// Replicas that said they have the stream up to here.
    func holders(of offset: Int) -> [ProcessName] {
        replicas.filter { replication.feed($0.number)?.hasConfirmed(offset) ?? false }.map(\.peer)
    }
}

/// Commands of clients, as they come over a connection.
private final class ClientRequests {
    private let requests = RequestSource()
    private let reply = ReplyWriter()
    private var frame: CommandFrame?

    func set(_ key: DataKey, to value: String, in store: MemoryStore) {
        let frame = self.frame ?? CommandFrame(requests, reply, store)
        self.frame = frame
        var bytes: [UInt8] = []
        RESPWriter.command(["SET", String(decoding: key.name, as: UTF8.self), value], to: &bytes)
        requests.feed(bytes)
        guard (try? requests.next()) == true else { return }
        requests.slot = key.slot
        let changes = store.changes
        _ = SetCommand.run(KeyContext(frame))
        if store.changes != changes { frame.replicate() }
        reply.removeAll(keepingUpTo: 4096)
    }
}
