// The replica's end of a replication link: what it says to its master, what it understands of the answers, the
// copy, the stream. It is fed bytes and times, and gives out what is to be sent. When to connect, and to whom, is
// for Replication.

import RESP

/// Where a replica's link stands, in the words of ROLE.
package enum LinkState: Equatable, Sendable {
    case connecting, handshake, copying, following
}

/// One connection to a master.
struct MasterLink {
    /// What came of bytes.
    enum Event {
        case send([UInt8])
        /// The master gives a whole copy.
        case copyBegan(ReplicationID, offset: Int)
        /// The copy is whole: it may take the place of what is held.
        case copied(CopyLoader)
        /// The stream goes on where it was left.
        case continued(ReplicationID)
        case request(StreamRequest)
        /// Not now: to be tried again soon.
        case putOff(String)
    }

    private enum Phase {
        case connecting
        /// The reply to this step is waited for.
        case greeting(Step)
        case answer
        case transferLine(ReplicationID, offset: Int)
        case copying(CopyLoader)
        case following(StreamApplier)
    }

    private enum Step: Int {
        case ping, authenticate, identity, port, address, capabilities, nodeID
    }

    private var phase = Phase.connecting
    private let greeting: ReplicaGreeting
    /// The name that the server there must have; empty: it is not asked for.
    private let masterID: String
    /// The history and the next offset that it asks for; nil: it has nothing to go on from.
    private let position: (id: ReplicationID, next: Int)?
    private let store: MemoryStore
    private let limits: Limits
    private var line: [UInt8] = []
    /// Monotonic milliseconds at which something came last.
    private(set) var heardAt: Int64

    struct Limits {
        var requests = RequestLimits()
        /// Bytes that the keys of a copy may take; 0: no limit.
        var copyMemory = 0
    }

    private static let lineLimit = 4096

    init(
        _ greeting: ReplicaGreeting, to masterID: String,
        from position: (id: ReplicationID, next: Int)?, _ store: MemoryStore, _ limits: Limits,
        at now: Int64
    ) {
        self.greeting = greeting
        self.masterID = masterID
        self.position = position
        self.store = store
        self.limits = limits
        heardAt = now
    }

    var state: LinkState {
        switch phase {
        case .connecting: .connecting
        case .greeting, .answer: .handshake
        case .transferLine, .copying: .copying
        case .following: .following
        }
    }

    /// Bytes of the copy that came, and that are still to come where that is known.
    var copyProgress: (received: Int, missing: Int?)? {
        guard case .copying(let loader) = phase else { return nil }
        return (loader.receivedBytes, loader.missingBytes)
    }

    /// Keys of a copy that is not whole yet.
    var loadingStore: MemoryStore? {
        guard case .copying(let loader) = phase else { return nil }
        return loader.loaded
    }

    // MARK: - The greeting

    /// The connection stands.
    mutating func opened(at now: Int64) -> [UInt8] {
        heardAt = now
        phase = .greeting(.ping)
        return words(of: .ping)
    }

    private func words(of step: Step) -> [UInt8] {
        switch step {
        case .ping: Self.command(["PING"])
        case .authenticate:
            Self.command(
                greeting.user.isEmpty
                    ? ["AUTH", greeting.password] : ["AUTH", greeting.user, greeting.password])
        case .identity: Self.command(["CLUSTER", "MYID"])
        case .port:
            Self.command([
                "REPLCONF", "listening-port",
                "\(greeting.announcedPort == 0 ? greeting.port : greeting.announcedPort)",
            ])
        case .address: Self.command(["REPLCONF", "ip-address", greeting.address])
        case .capabilities: Self.command(["REPLCONF", "capa", "eof", "capa", "psync2"])
        case .nodeID: Self.command(["REPLCONF", "set-cluster-node-id", greeting.nodeID])
        }
    }

    private func isWanted(_ step: Step) -> Bool {
        switch step {
        case .ping, .port, .capabilities: true
        case .authenticate: !greeting.password.isEmpty
        case .identity: !masterID.isEmpty
        case .address: !greeting.address.isEmpty
        case .nodeID: !greeting.nodeID.isEmpty
        }
    }

    private static func command(_ words: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        RESPWriter.command(words, to: &bytes)
        return bytes
    }

    private var question: [UInt8] {
        guard let (id, next) = position else { return Self.command(["PSYNC", "?", "-1"]) }
        return Self.command(["PSYNC", "\(id)", "\(next)"])
    }

    // MARK: - Bytes

    /// Takes bytes in the order in which they came.
    /// - Parameters:
    ///   - mayGoOn: is asked after each command of the stream; what remains waits for `goOn`.
    ///   - handle: is told what came of them, one after the other.
    mutating func take(
        _ bytes: Span<UInt8>, at now: Int64, while mayGoOn: () -> Bool = { true },
        _ handle: (Event) -> Void
    ) throws(ReplicationError) {
        heardAt = now
        var at = 0
        while at < bytes.count {
            let rest = bytes.extracting(at...)
            switch phase {
            case .connecting: return
            case .greeting, .answer, .transferLine:
                at += try takeLine(rest, handle)
            case .copying(var loader):
                // Only one may hold it while it changes, or each change would copy it.
                phase = .answer
                let taken = try loader.take(rest)
                guard let taken else {
                    phase = .copying(loader)
                    return
                }
                at += taken
                handle(.copied(loader))
                follow()
            case .following(let applier):
                try applier.take(rest, while: mayGoOn) { handle(.request($0)) }
                return
            }
        }
    }

    /// Commands of the stream may have come that were not applied yet: their time was over.
    var isUnfinished: Bool {
        guard case .following(let applier) = phase else { return false }
        return applier.isUnfinished
    }

    /// Applies more of what has come.
    mutating func goOn(
        at now: Int64, while mayGoOn: () -> Bool, _ handle: (Event) -> Void
    ) throws(ReplicationError) {
        guard case .following(let applier) = phase else { return }
        // What is applied now is something that was heard: the link is not silent meanwhile.
        heardAt = now
        try applier.goOn(while: mayGoOn) { handle(.request($0)) }
    }

    private mutating func follow() {
        phase = .following(StreamApplier(store, limits: limits.requests))
    }

    /// Takes what belongs to one line, and the line when it is whole.
    private mutating func takeLine(
        _ bytes: Span<UInt8>, _ handle: (Event) -> Void
    ) throws(ReplicationError) -> Int {
        var count = 0
        while count < bytes.count {
            let byte = bytes[count]
            count += 1
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < Self.lineLimit else { throw .lineTooLong }
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            // A line without anything is what a master says while it has nothing else to say.
            if line.isEmpty { continue }
            let whole = line
            line = []
            try took(whole, handle)
            break
        }
        return count
    }

    private mutating func took(
        _ line: [UInt8], _ handle: (Event) -> Void
    ) throws(ReplicationError) {
        switch phase {
        case .greeting(let step): try greeted(step, line, handle)
        case .answer: try answered(line, handle)
        case .transferLine(let id, let offset): try announced(line, id, offset)
        case .connecting, .copying, .following: return
        }
    }

    private mutating func greeted(
        _ step: Step, _ line: [UInt8], _ handle: (Event) -> Void
    ) throws(ReplicationError) {
        if line.first == UInt8(ascii: "-") {
            let text = ReplicationError.shown(line.dropFirst())
            // Who cannot say yet who it is could by the time of PSYNC.
            let isBusy = text.hasPrefix("LOADING") || text.hasPrefix("BUSY")
            if step == .identity, isBusy { return handle(.putOff(text)) }
            let goesOn =
                switch step {
                case .ping: text.hasPrefix("NOAUTH") || text.hasPrefix("NOPERM")
                case .authenticate: false
                // Servers that do not say who they are are taken for the master.
                case .identity, .port, .address, .capabilities, .nodeID: true
                }
            guard goesOn else { throw .refused(text) }
        } else if step == .identity {
            // A name comes behind a line with its length.
            if line == Array("$\(masterID.utf8.count)".utf8) { return }
            guard line == Array(masterID.utf8) else {
                throw .anotherNode(ReplicationError.shown(line))
            }
        }
        var next = step.rawValue + 1
        while let step = Step(rawValue: next) {
            if isWanted(step) {
                phase = .greeting(step)
                return handle(.send(words(of: step)))
            }
            next += 1
        }
        phase = .answer
        handle(.send(question))
    }

    /// What the master says to PSYNC.
    private mutating func answered(
        _ line: [UInt8], _ handle: (Event) -> Void
    ) throws(ReplicationError) {
        let words = line.split(separator: UInt8(ascii: " ")).map(Array.init)
        switch String(decoding: words.first ?? [], as: UTF8.self) {
        case "+FULLRESYNC":
            guard words.count >= 3, let id = ReplicationID(words[1]),
                let offset = number(words[2][...]),
                (0...Int64(ReplicationLog.largestOffset)).contains(offset)
            else { throw .unexpectedReply(ReplicationError.shown(line)) }
            phase = .transferLine(id, offset: Int(offset))
            handle(.copyBegan(id, offset: Int(offset)))
        case "+CONTINUE":
            guard let (own, _) = position else { throw .continuedNothing }
            var id = own
            if words.count > 1 {
                guard let given = ReplicationID(words[1]) else {
                    throw .unexpectedReply(ReplicationError.shown(line))
                }
                id = given
            }
            handle(.continued(id))
            follow()
        case "-NOMASTERLINK", "-LOADING":
            handle(.putOff(ReplicationError.shown(line.dropFirst())))
        case let word where word.hasPrefix("-"):
            throw .refused(ReplicationError.shown(line.dropFirst()))
        default: throw .unexpectedReply(ReplicationError.shown(line))
        }
    }

    private func number(_ text: ArraySlice<UInt8>) -> Int64? {
        let bytes = Array(text)
        return strictInteger(bytes.span)
    }

    /// `$<length>` or `$EOF:<mark>`.
    private mutating func announced(
        _ line: [UInt8], _ id: ReplicationID, _ offset: Int
    ) throws(ReplicationError) {
        let form: TransferForm
        let mark = Array("$EOF:".utf8)
        if line.starts(with: mark), line.count == mark.count + TransferForm.markBytes {
            form = .mark(Array(line.dropFirst(mark.count)))
        } else if line.first == UInt8(ascii: "$"),
            let length = number(line.dropFirst()), (0...(1 << 62)).contains(length)
        {
            form = .length(Int(length))
        } else if line.first == UInt8(ascii: "-") {
            throw .refused(ReplicationError.shown(line.dropFirst()))
        } else {
            throw .unexpectedReply(ReplicationError.shown(line))
        }
        let fresh = MemoryStore(seed: store.freshSeed())
        fresh.now = store.now
        fresh.valueLimit = store.valueLimit
        phase = .copying(
            CopyLoader(id, at: offset, form: form, into: fresh, memoryLimit: limits.copyMemory))
    }
}
