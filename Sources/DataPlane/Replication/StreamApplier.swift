// A master's stream, applied: one command after the other, a transaction as one, nothing in half. What was applied
// goes into our own log as it came, so that its offset is that of what the keys show, and others can go on from
// here. A command that is not known stops it before anything is done.

import ClusterWire
import RESP

/// What the stream asks of the replica besides keys.
enum StreamRequest: Equatable {
    /// The master asks how far we are: as far as before its question.
    case acknowledge(offset: Int)
    /// A master that shuts down names the replica that should take over; 40 digits.
    case takeOver(nodeID: [UInt8])
}

/// Applies a stream to keys.
final class StreamApplier {
    private let store: MemoryStore
    private let requests = RequestSource()
    private let reply = ReplyWriter()
    private let frame: CommandFrame
    /// The commands of a transaction whose EXEC has not come, as they came.
    private var transaction: [UInt8]?
    /// Its time was over before all was applied that had come.
    private(set) var isUnfinished = false

    /// Bytes of one transaction that are kept until its EXEC.
    static let transactionLimit = 1 << 30

    private static let mostArguments = 1 << 24
    private static let longestArgument = 512 << 20

    init(_ store: MemoryStore, limits: RequestLimits) {
        self.store = store
        // What a client of the master could say must be understood, whatever clients may say here.
        var limits = limits
        limits.maximumArguments = max(limits.maximumArguments, Self.mostArguments)
        limits.maximumBulkBytes = max(limits.maximumBulkBytes, Self.longestArgument)
        limits.maximumBufferedBytes = max(limits.maximumBufferedBytes, Self.transactionLimit)
        limits.isUnauthenticated = false
        requests.limits = limits
        frame = CommandFrame(requests, reply, store, isReplicated: false)
    }

    /// Bytes that were fed and are not applied yet.
    var heldBytes: Int { requests.bufferedBytes + (transaction?.count ?? 0) }

    /// Takes bytes and applies what is complete.
    /// - Parameters:
    ///   - mayGoOn: is asked after each command, and each transaction as a whole; what remains waits for `goOn`.
    ///   - handle: is told what else the stream asks for, in its order.
    func take(
        _ bytes: Span<UInt8>, while mayGoOn: () -> Bool = { true },
        _ handle: (StreamRequest) -> Void
    ) throws(ReplicationError) {
        requests.feed(bytes)
        // Nothing overtakes what waits.
        guard !isUnfinished else { return }
        try goOn(while: mayGoOn, handle)
    }

    /// Applies what has come, at least one command.
    func goOn(
        while mayGoOn: () -> Bool, _ handle: (StreamRequest) -> Void
    ) throws(ReplicationError) {
        isUnfinished = false
        store.readsExpired = true
        defer { store.readsExpired = false }
        while try next(requests) {
            let name = requests.withWord(0) { StreamCommands.find($0) }
            guard let entry = name else { throw .unknownCommand(name: shownName(requests)) }
            try check(entry)
            try take(entry, handle)
            guard mayGoOn() else {
                // The last request is still among them.
                isUnfinished = requests.bufferedBytes > requests.requestBytes
                return
            }
        }
    }

    /// What can be said of a command when it comes: of one in a transaction, before any of it is done.
    private func check(_ entry: StreamEntry) throws(ReplicationError) {
        guard entry.takes(requests.count) else {
            throw .wrongArity(name: shownName(requests))
        }
        switch entry.meaning {
        case .select:
            guard requests.number(1) == 0 else {
                throw .otherDatabase(ReplicationError.shown(requests.bytes(1)))
            }
        case .function:
            guard requests.option(1) == "flush" else {
                let word = ReplicationError.shown(requests.bytes(1)).uppercased()
                throw .unknownCommand(name: "FUNCTION \(word)")
            }
        case .change, .ping, .replconf, .multi, .exec, .cluster, .script: return
        }
    }

    private func next(_ source: RequestSource) throws(ReplicationError) -> Bool {
        do throws(RESPError) {
            return try source.next()
        } catch {
            throw .notTheProtocol(error)
        }
    }

    private func take(
        _ entry: StreamEntry, _ handle: (StreamRequest) -> Void
    ) throws(ReplicationError) {
        switch entry.meaning {
        case .multi:
            guard transaction == nil else { throw .nestedMulti }
            transaction = []
            try keep()
        case .exec:
            guard transaction != nil else { throw .execWithoutMulti }
            try keep()
            let whole = transaction ?? []
            transaction = nil
            try run(whole)
            store.log.append(raw: whole.span)
        case .change, .cluster, .script, .function, .select, .ping, .replconf:
            guard transaction == nil else { return try keep() }
            try apply(entry, requests, frame, handle)
            let isArray: Void? = requests.withRequest { store.log.append(raw: $0) }
            guard isArray != nil else { throw .inlineCommand }
        }
    }

    /// Puts a command aside until EXEC.
    private func keep() throws(ReplicationError) {
        let held = transaction?.count ?? 0
        guard held + requests.requestBytes <= Self.transactionLimit else {
            throw .transactionTooBig
        }
        let isArray: Void? = requests.withRequest { bytes in
            unsafe bytes.withUnsafeBufferPointer {
                unsafe transaction?.append(contentsOf: $0)
            }
        }
        guard isArray != nil else { throw .inlineCommand }
    }

    /// Runs the commands of a transaction: MULTI first, then those that were looked at when they came.
    private func run(_ commands: [UInt8]) throws(ReplicationError) {
        let source = RequestSource()
        source.limits = requests.limits
        // It is here already, and was counted as it came.
        source.limits.maximumBufferedBytes = .max
        source.feed(commands)
        let frame = frame.with(source)
        while try next(source) {
            guard let entry = source.withWord(0, { StreamCommands.find($0) }) else { continue }
            try apply(entry, source, frame) { _ in }
        }
    }

    private func apply(
        _ entry: StreamEntry, _ source: RequestSource, _ frame: CommandFrame,
        _ handle: (StreamRequest) -> Void
    ) throws(ReplicationError) {
        switch entry.meaning {
        case .change(let key, let run):
            if source.count > key {
                source.slot = source.withWord(key) { KeySlot.of($0) }
            }
            let result = run(KeyContext(frame))
            defer { reply.removeAll(keepingUpTo: 4096) }
            switch result {
            case .replied: return
            case .unfinished: throw .failed(name: shownName(source), "it was put off")
            case .failed(let error), .wroteError(let error):
                throw .failed(name: shownName(source), error.text)
            }
        case .cluster: applyCluster(source, handle)
        case .replconf:
            if source.count > 1, source.option(1) == "getack" {
                handle(.acknowledge(offset: store.log.offset))
            }
        case .select, .ping, .script, .function, .multi, .exec: break
        }
    }

    /// SETSLOT is told to us by the bus as well. Keys of a slot that is flushed go.
    private func applyCluster(_ source: RequestSource, _ handle: (StreamRequest) -> Void) {
        switch source.option(1) {
        case "flushslot":
            guard source.count > 2, let number = source.number(2),
                let slot = Int(exactly: number).flatMap({ Slot($0) })
            else { return }
            var slots = SlotSet()
            slots.insert(slot)
            store.dropKeys(in: slots)
        case "failover":
            if source.count == 5, source.option(3) == "replicaid" {
                handle(.takeOver(nodeID: source.bytes(4)))
            }
        default: return
        }
    }

    private func shownName(_ source: RequestSource) -> String {
        ReplicationError.shown(source.bytes(0)).uppercased()
    }
}
