// The loop of a node: wait, read, step, save, perform, flush. One thread; every input goes to the
// machine, every effect is done here, and bytes leave last of all, after the save was handed over.

package import ClusterCore
import ClusterWire
import Determinism
import RESP
package import SystemIO

/// A running node.
package final class Node {
    package internal(set) var machine: Machine
    var options: NodeOptions
    var log: NodeLog
    var links = BusLinks()
    let clients = Clients()
    let store: MemoryStore
    var routes = Routes()
    let statistics = NodeStatistics()
    let slowLog = SlowLog()
    var debug = DebugSettings()
    var busFigures = BusFigures()
    /// DEBUG RESTART asked for: when this node has let go, the program starts again after so many
    /// milliseconds.
    package var restartsAfter: Int?
    /// Writes of clients wait until this monotonic millisecond; 0: they do not.
    var writesHeldUntil: Int64 = 0
    /// The monotonic millisecond of the next timer of the rules; 0: none is asked for.
    var timerAt: Int64 = 0
    /// When this wake-up began.
    private(set) var wake: Instant
    var poller: Poller
    var saver: SaveThread
    let lock: FileLock
    /// nodes.conf as it was at the start; the saver has it locked as it is since.
    private var firstFileLock: FileLock?
    /// What it writes down of itself, when that was asked for.
    var recording: Recording?
    let startedAt: Int64
    let runID: String

    var listeners = Listeners()
    var descriptors: DescriptorBudget
    private let signals: SignalWatch?
    private let stopRequest: WakePipe?
    private var events: [PollEvent] = []
    var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    private var nextToken: UInt64 = 16
    private var nextTick: Int64
    private var ticks = 0
    /// Inputs that came up while another was worked on.
    private var postponed: [Input] = []
    /// The newest save asked for since the last wake-up.
    var wantedSave: (generation: Generation, sync: Bool)?
    /// The newest save that was ever asked for.
    var newestSave = Generation(0)
    var isStopping = false
    private var hasPIDFile = false

    private enum Token {
        static let saver: UInt64 = 1
        static let signals: UInt64 = 2
        static let stop: UInt64 = 3
    }

    /// Loads or makes the node's state, takes its ports and its file.
    ///
    /// - Parameter stopRequest: another thread may ask the loop to end by it.
    package init(
        _ options: NodeOptions, takesSignals: Bool = true, stopRequest: WakePipe? = nil
    ) throws(StartError) {
        self.options = options
        log = NodeLog(path: options.path(of: options.logFile), level: options.logLevel)
        try NodeLog.check(options.path(of: options.logFile))
        self.stopRequest = stopRequest
        let now = Instant(
            monotonic: SystemClock.monotonicMilliseconds(), wall: SystemClock.wallMilliseconds())
        let seed = Entropy.seed()
        var random = SplitMix64(seed: seed)
        runID = NodeID(using: &random).description
        store = MemoryStore(seed: Entropy.seed())
        store.now = now.wall
        slowLog.configure(options)
        wake = now
        startedAt = now.wall
        nextTick = now.monotonic + ClusterConfig.tick
        descriptors = DescriptorBudget(limit: ProcessInformation.raiseDescriptorLimit())
        guard descriptors.limit > DescriptorBudget.reserved else {
            throw StartError(
                "the limit of descriptors (ulimit -n) is \(descriptors.limit): "
                    + "at least \(DescriptorBudget.reserved + 1) are needed")
        }
        let path = options.configPath
        lock = try NodesFileStore.lock("\(path).lock", of: options)
        try NodesFileStore.repair(options, at: now, &log)
        firstFileLock =
            File.exists(path) ? try NodesFileStore.lock(path, of: options) : nil
        recording = try Recording.begin(
            options, seed: seed, file: try? File.readRegular(options.configPath), at: now)
        let loaded = try NodesFileStore.load(options, at: now, random: &random, &log)
        machine =
            loaded.map { Machine(state: $0.state, config: options.cluster, random: random) }
            ?? Machine(fresh: options.cluster, random: random)
        do throws(SystemError) {
            poller = try Poller()
            saver = try SaveThread(replacing: options.configPath)
            signals = takesSignals ? try SignalWatch([.terminate, .interrupt, .hangUp]) : nil
        } catch {
            throw StartError("\(error)")
        }
        try listen()
        // After the ports are ours: a node that cannot start leaves no file behind.
        if loaded?.isSaved != true {
            try NodesFileStore.saveFirst(machine.state, options, at: now)
            try adoptFirstFile()
            firstFileLock = try NodesFileStore.lock(path, of: options)
        }
        announceStart(isFresh: loaded == nil)
        writePIDFile()
    }

    private func adoptFirstFile() throws(StartError) {
        do throws(SystemError) { try saver.adopt() } catch { throw StartError("\(error)") }
    }

    /// Who runs here, for scripts. A node that cannot say so runs all the same, as the reference does.
    private func writePIDFile() {
        let path = options.path(of: options.pidFile)
        guard !path.isEmpty else { return }
        do throws(SystemError) {
            try File.write(Array("\(ProcessInformation.ownID)\n".utf8), to: path)
            hasPIDFile = true
        } catch {
            log.write(.warning, "\(path) cannot be written: \(error.reason)")
        }
    }

    private func listen() throws(StartError) {
        do throws(SystemError) {
            try poller.register(saver.descriptor, token: Token.saver, interest: .read)
            if let signals {
                try poller.register(signals.descriptor, token: Token.signals, interest: .read)
            }
            if let stopRequest {
                try poller.register(stopRequest.descriptor, token: Token.stop, interest: .read)
            }
        } catch {
            throw StartError("\(error)")
        }
        try openListeners()
        countDescriptors()
    }

    private func announceStart(isFresh: Bool) {
        let state = machine.state
        log.write(
            .notice,
            "Node \(state.myID) \(isFresh ? "made" : "loaded, \(state.nodes.count) nodes known"),"
                + " port \(options.port), bus port \(options.busPort)")
        if !options.withoutEffect.isEmpty {
            log.write(
                .notice,
                "Directives of a data store, without effect here: "
                    + options.withoutEffect.joined(separator: " "))
        }
        if !options.notInForce.isEmpty {
            let list = options.notInForce.map {
                "\($0) (\(UnbuiltDirectives.find($0)?.reason ?? "not built"))"
            }
            log.write(.warning, "Asked for and not in force here: " + list.joined(separator: "; "))
        }
        announceClientLimit()
        // For harnesses, which wait for these words.
        log.write(
            .notice, "Running with PID: \(ProcessInformation.ownID), port \(options.port)")
        log.write(.notice, "Server initialized")
        log.write(.notice, "Ready to accept connections")
    }

    /// A line of the log for whoever started the node.
    package func warn(_ text: String) { log.write(.warning, text) }

    func takeToken() -> UInt64 {
        nextToken += 1
        return nextToken
    }

    /// Both clocks, now.
    var now: Instant {
        Instant(
            monotonic: SystemClock.monotonicMilliseconds(), wall: SystemClock.wallMilliseconds())
    }

    /// Runs until it is told to stop.
    package func run() {
        while !isStopping { turn() }
        finish()
    }

    /// One wake-up.
    private func turn() {
        let next = timerAt == 0 ? nextTick : min(nextTick, timerAt)
        let wait = clients.areReady ? 0 : next - SystemClock.monotonicMilliseconds()
        do throws(SystemError) {
            try poller.wait(timeoutMilliseconds: Int(max(0, wait)), into: &events)
        } catch {
            log.write(.warning, "Waiting failed: \(error)")
            SystemClock.sleep(milliseconds: 10)
        }
        beginTurn()
        // The bus first: what clients ask for must not let a heartbeat wait.
        for event in events where event.token & Clients.tokenBit == 0 { handle(event) }
        clients.take(events)
        clients.run(until: wake.monotonic + Self.clientShare, self)
        if timerAt != 0 && SystemClock.monotonicMilliseconds() >= timerAt {
            timerAt = 0
            step(.timer)
        }
        if SystemClock.monotonicMilliseconds() >= nextTick { tick() }
        settle()
    }

    private func beginTurn() {
        wake = now
        store.now = wake.wall
    }

    /// Milliseconds that clients get in one wake-up.
    private static let clientShare: Int64 = 20

    private func tick() {
        let now = SystemClock.monotonicMilliseconds()
        // A late tick is not made up for: the next is a whole interval away.
        nextTick = max(nextTick + ClusterConfig.tick, now + 1)
        if nextTick + ClusterConfig.tick < now { nextTick = now + ClusterConfig.tick }
        reopenListeners(at: now)
        ticks += 1
        if debug.sweeps { store.sweep() }
        if !store.disturbed.isEmpty { disturbClients() }
        if ticks % Self.ticksPerCheck == 0 {
            statistics.measure(at: now)
            clients.check(self)
            checkLinks()
        }
        step(.tick)
    }

    /// Ticks between two looks at the limits of clients and of links.
    private static let ticksPerCheck = 10

    private func handle(_ event: PollEvent) {
        switch event.token {
        case Token.saver:
            for result in saver.drainResults() { saved(result) }
        case Token.signals:
            for signal in signals?.take() ?? [] { took(signal) }
        case Token.stop:
            if stopRequest?.clear() == true { isStopping = true }
        default:
            if let link = links[token: event.token] {
                handleLink(link, event)
            } else if let listener = listeners.bus(event.token) {
                acceptLinks(listener)
            } else if let listener = listeners.client(event.token) {
                clients.accept(listener, self)
            }
        }
    }

    private func took(_ signal: Signal) {
        switch signal {
        case .terminate, .interrupt:
            log.write(.warning, "Received \(signal), leaving")
            isStopping = true
        default: break
        }
    }

    private func saved(_ result: SaveResult) {
        switch result {
        case .renamed(let number): clients.placed(upTo: Generation(number))
        case .synced(let number): step(.persisted(Generation(number)))
        case .failed(let number, let error):
            step(.persistFailed(Generation(number), SystemFault("\(error)")))
            clients.failed(upTo: Generation(number), because: error, self)
        }
    }

    /// One input through the machine, and what it asks for. What the store has to say goes first:
    /// no rule may judge by keys or offsets of the past.
    func step(_ input: Input) {
        reportStore()
        apply(input)
    }

    private func apply(_ input: Input) {
        routes.isFresh = false
        let instant = now
        let effects = machine.step(input, at: instant)
        recording?.took(input, at: instant, effects)
        for effect in effects { perform(effect) }
    }

    /// Tells the rules what changed in the store, once for all changes so far.
    func reportStore() {
        guard store.hasNews else { return }
        store.markTold()
        apply(.store(store.report))
    }

    /// An input that comes up while another is worked on.
    func postpone(_ input: Input) { postponed.append(input) }

    /// The end of a wake-up: what came up meanwhile, then one save, then the bytes.
    private func settle() {
        if writesHeldUntil == 0 || SystemClock.monotonicMilliseconds() >= writesHeldUntil {
            releaseWrites()
        }
        reportStore()
        while !postponed.isEmpty {
            let inputs = postponed
            postponed = []
            for input in inputs { step(input) }
        }
        let isInPlace = handOverSave()
        flushLinks()
        clients.flush(self)
        if isInPlace { saver.tidy() }
        if let failure = recording?.flush() { log.write(.warning, failure) }
    }

    /// Gives the state to the saver if a save is asked for. While clients wait for one after another, on
    /// a disk that is quick, they are made here and now. Returns whether this one was.
    private func handOverSave() -> Bool {
        guard let save = wantedSave else { return false }
        wantedSave = nil
        let bytes = Array(NodesFile.text(machine.state, now).utf8)
        let isAwaited = clients.areHeld
        let isUrgent = !isAwaited || machine.owesPromise
        if isAwaited,
            saver.put(
                generation: save.generation.number, bytes, sync: save.sync, isUrgent: isUrgent)
        {
            clients.placed(upTo: save.generation)
            return true
        }
        saver.submit(
            generation: save.generation.number, bytes, sync: save.sync, isAwaited: isAwaited,
            isUrgent: isUrgent)
        return false
    }

    private func releaseWrites() {
        writesHeldUntil = 0
        store.holdChanges(false)
        clients.resume(self)
    }

    /// Saves for the last time and lets go.
    private func finish() {
        settle()
        saver.submit(
            generation: newestSave.number + 1, Array(NodesFile.text(machine.state, now).utf8),
            sync: true)
        for result in saver.finish() {
            if case .failed(_, let error) = result {
                log.write(.warning, "The last save failed: \(error)")
            }
            saved(result)
        }
        flushLinks()
        clients.flush(self)
        if hasPIDFile { try? File.remove(options.path(of: options.pidFile)) }
        log.write(.warning, "Bye")
    }
}

/// Why a node did not start.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
