// What a command is given that reads and changes keys: its arguments, the keys, and a place for its reply. The
// same commands run for clients, for transactions, for what a master streams, and in the simulator.

import ClusterWire

/// What each command is given: the arguments of its request, and the buffer for its reply.
package protocol CommandContext {
    var request: RequestSource { get }
    var reply: ReplyWriter { get }
}

/// What all commands of one connection share. Each kind of context shows a part of it, and holds only this one
/// reference, so that making a context for each command costs next to nothing.
package final class CommandFrame {
    package let request: RequestSource
    package let reply: ReplyWriter
    package let store: MemoryStore
    /// Whether what is changed goes to replicas: not if it came from a master, whose stream they are sent.
    private let isReplicated: Bool
    /// What replicas are sent in place of the request; nil: the request as it is.
    private var replacement: [[[UInt8]]]?
    /// Whether a request that takes long may be put off and run again; else it is done at once, however long it takes.
    fileprivate let mayPause: Bool
    /// How far the request got that was put off last.
    fileprivate var work: LongWork?

    package init(
        _ request: RequestSource, _ reply: ReplyWriter, _ store: MemoryStore,
        isReplicated: Bool = true, mayPause: Bool = false
    ) {
        self.request = request
        self.reply = reply
        self.store = store
        self.isReplicated = isReplicated
        self.mayPause = mayPause
    }

    /// The request that was put off is over, or will not be run again.
    package func forgetWork() { work = nil }

    /// The same with requests from elsewhere.
    package func with(_ request: RequestSource) -> CommandFrame {
        CommandFrame(request, reply, store, isReplicated: isReplicated)
    }

    /// The command that was run last changed something: sends it to replicas.
    package func replicate() {
        defer { replacement = nil }
        guard isSent else { return }
        guard let replacement else { return store.log.append(request) }
        // Several commands in place of one are carried out as one.
        let isTransaction = replacement.count > 1 && store.log.beginTransaction()
        for words in replacement { store.log.append(words) }
        if isTransaction { store.log.endTransaction() }
    }

    /// Whether somebody is sent what changes.
    fileprivate var isSent: Bool { isReplicated && store.log.isActive }

    /// What the command that is being run changes has been sent already, or is not to be sent.
    package func replicateNothing() { replaceRequest(by: nil) }

    /// The command that was run last changed nothing: what it would have sent is not sent for the next.
    package func forgetReplacement() { replacement = nil }

    fileprivate func replaceRequest(by words: [[UInt8]]?) {
        replacement = (replacement ?? []) + (words.map { [$0] } ?? [])
    }
}

/// For a command that reads and changes keys.
package struct KeyContext: CommandContext {
    private let frame: CommandFrame

    package init(_ frame: CommandFrame) { self.frame = frame }

    package var request: RequestSource { frame.request }
    package var reply: ReplyWriter { frame.reply }
    package var store: MemoryStore { frame.store }
    /// The slot of its keys.
    var slot: Slot { frame.request.slot }

    /// The slot of a key that the command may make. Those of a client's request are of one slot; a master may stream
    /// what it let pass, and some let MSETEX pass with keys of several.
    func slot(ofKey index: Int) -> Slot {
        store.readsExpired ? withWord(index) { KeySlot.of($0) } : slot
    }

    /// Whether somebody is sent what changes: only then is it worth while to put it into words.
    var isReplicated: Bool { frame.isSent }

    /// If the command changes something, replicas are sent this in place of the request: a time to live as the moment
    /// at which it ends, a result in place of its conditions. Several such calls send several commands.
    func replicate(as words: [[UInt8]]) { frame.replaceRequest(by: words) }

    /// Whatever the command changes, replicas are sent nothing.
    func replicateNothing() { frame.replaceRequest(by: nil) }

    // MARK: - Long work

    /// How far the request got the last time; nil: it begins.
    var work: LongWork? {
        get { frame.work }
        nonmutating set { frame.work = newValue }
    }

    /// Bytes that a request may read or write before it is put off.
    var turnBytes: Int { frame.mayPause ? LongWork.turnBytes : .max }

    /// Copies a word that is long in pieces, for `StringCommands.store`.
    /// - Returns: nil once that is done, or where it is not needed.
    func copyLong(_ index: Int) -> CommandResult? {
        guard frame.mayPause else { return nil }
        let count = withWord(index) { $0.count }
        guard count > LongWork.turnBytes else { return nil }
        var copy = CopyWork()
        if case .copying(let begun) = work { copy = begun }
        if copy.bytes.isEmpty { copy.bytes.reserveCapacity(count) }
        let done = copy.bytes.count
        let end = min(count, done + LongWork.turnBytes)
        withWord(index) { copy.bytes.append($0.extracting(done..<end)) }
        guard end == count else { return pause(.copying(copy)) }
        work = .copying(copy)
        return nil
    }

    /// Goes on in the next wake-up.
    func pause(_ work: LongWork) -> CommandResult {
        frame.work = work
        return .unfinished(.nextTurn)
    }
}

// MARK: - Keys of the request

extension KeyContext {
    /// The key that an argument names.
    @inline(__always)
    func find(_ index: Int) -> Int? { withWord(index) { store.find($0) } }

    /// The same for commands that read, which are counted.
    @inline(__always)
    func look(_ index: Int) -> Int? { withWord(index) { store.look($0) } }

    /// Sets the key that an argument names.
    @discardableResult
    func set(_ index: Int, to value: [UInt8], keepingExpiry: Bool = false) -> Int {
        let (store, slot) = (store, slot(ofKey: index))
        return withWord(index) {
            store.set($0, in: slot, to: value.span, keepingExpiry: keepingExpiry)
        }
    }

    /// The value of a key.
    @inline(__always)
    func bulk(value number: Int) -> CommandResult {
        store.withValue(number) { reply.bulk($0) }
        return .replied
    }
}

// MARK: - The arguments of the request

extension CommandContext {
    /// How many arguments the request has, with the name of the command.
    package var count: Int { request.count }
    package func text(_ index: Int) -> String { request.text(index) }
    package func option(_ index: Int) -> String { request.option(index) }
    package func bytes(_ index: Int) -> [UInt8] { request.bytes(index) }
    package func number(_ index: Int) -> Int64? { request.number(index) }

    /// Lends the bytes of an argument.
    @inline(__always)
    package func withWord<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        request.withWord(index, body)
    }
}

// MARK: - Replies of one piece

extension CommandContext {
    @inline(__always)
    package func ok() -> CommandResult {
        reply.ok()
        return .replied
    }

    package func null() -> CommandResult {
        reply.null()
        return .replied
    }

    package func integer(_ number: Int64) -> CommandResult {
        reply.integer(number)
        return .replied
    }

    package func simple(_ text: String) -> CommandResult {
        reply.simple(text)
        return .replied
    }

    package func bulk(_ text: String) -> CommandResult {
        reply.bulk(text)
        return .replied
    }

    @inline(__always)
    package func bulk(_ content: [UInt8]) -> CommandResult {
        reply.bulk(content)
        return .replied
    }

    /// Text for people.
    package func verbatim(_ text: String) -> CommandResult {
        reply.text(text)
        return .replied
    }

    /// One of the arguments of the request.
    package func bulk(word index: Int) -> CommandResult {
        withWord(index) { reply.bulk($0) }
        return .replied
    }
}
