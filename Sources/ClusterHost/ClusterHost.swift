// A cluster node without its data: it drives the rules over real sockets for the server that embeds it. Here
// are its start, its loop and the order of a wake-up: sockets that are ready, timers and the tick, then inputs
// that came up meanwhile, one save, and last the bytes that are to be sent.

public import ClusterCore
import ClusterWire
import Determinism
package import SystemIO

/// A node's rules with their links, their clock and their file, on one thread.
///
/// Make it, set `server`, take the server's own ports, then `start`. After that either `run`; or call
/// `poll` again and again; or watch `descriptor` for reading in a loop of your own, and call `process`
/// when it is ready, when `nextDeadline` is reached, and after commands were submitted. Call `stop` at the end.
public final class ClusterHost {
    /// The server that has the hooks; the host holds it weakly.
    public weak var server: (any ClusterServer)?
    /// The present settings.
    public internal(set) var config: HostConfig
    /// What the node believes, and its rules. To ask it something copies it, which is not for each frame.
    package internal(set) var machine: Machine
    package var probes = HostProbes()
    /// How it began.
    package let origin: HostOrigin
    var links: BusLinks
    var saves: HostSaves
    var clock: HostClock
    let loop: PollSet
    /// Inputs that came up while another was processed.
    var postponed: [Input] = []
    /// The role that the server was last told.
    private var toldRole: Role
    private var isLeaving = false

    /// Locks and reads nodes.conf; where there is none, makes a new node, which `start` saves for the first
    /// time.
    ///
    /// - Parameters:
    ///   - config: where it listens, and where its file is.
    ///   - seed: the seed of all random choices of the rules; nil: a random one from the system.
    ///   - tell: is called with notes on the file, such as lines that were ignored, since `server` is not set
    ///     yet.
    /// - Throws: that another node has the file locked, that it cannot be read, or that it is no nodes.conf.
    public convenience init(
        _ config: HostConfig, seed: UInt64? = nil,
        telling tell: (HostNote) -> Void = { _ in }
    ) throws(HostError) {
        let loop: PollSet
        do throws(SystemError) { loop = try PollSet() } catch { throw .system(error) }
        try self.init(config, on: loop, firstToken: 0, seed: seed ?? Entropy.seed(), telling: tell)
    }

    /// The same, on a poller that others use as well: they call `beginWakeUp`, `handle`, `runTimer`,
    /// `tick`, `settle` and `finishWakeUp` in this order. The host's tokens are those from `firstToken` on,
    /// fewer than 2 to the power of 62.
    package init(
        _ config: HostConfig, on loop: PollSet, firstToken: UInt64, seed: UInt64,
        telling tell: (HostNote) -> Void
    ) throws(HostError) {
        self.config = config
        self.loop = loop
        let now = Instant.now
        var random = SplitMix64(seed: seed)
        let runID = NodeID(using: &random)
        let locks = try NodesFileLocks(config.nodesFile, at: now, tell)
        let loaded = try NodesFileStore.load(config.nodesFile, at: now, random: &random, tell)
        machine =
            loaded.map { Machine(state: $0.state, config: config.cluster, random: random) }
            ?? Machine(fresh: config.cluster, random: random)
        origin = HostOrigin(
            runID: runID.description, at: now, isNew: loaded == nil,
            isSaved: loaded?.isSaved == true)
        toldRole = machine.role
        links = BusLinks(firstToken: firstToken)
        clock = HostClock(at: now)
        do throws(SystemError) {
            saves = HostSaves(try SaveThread(replacing: config.nodesFile), locks)
            try loop.register(
                saves.thread.descriptor, token: links.saverToken, interest: .read)
        } catch {
            throw .system(error)
        }
    }

    /// Listens for other nodes, tells the server whom to follow if this node was a replica when it stopped, then
    /// saves a new node for the first time, so that one that cannot listen leaves no file behind.
    /// - Throws: that it cannot listen on an address, or cannot write the file.
    public func start() throws(HostError) {
        do throws(ListenError) {
            links.listeners = try Listener.open(
                config.bind, port: Int(config.cluster.busPort.value), backlog: config.backlog,
                on: loop, token: { links.takeToken() })
        } catch {
            throw .listen(error)
        }
        guard !links.listeners.isEmpty else { throw .noAddress }
        // Whoever was a replica when it stopped is one again, and no rule says so a second time.
        if let master = machine.masterAddress {
            server?.follow(master, from: machine.state.me.offset)
        }
        guard !origin.isSaved else { return }
        try NodesFileStore.saveFirst(machine.state, to: config.nodesFile, at: origin.at)
        try saves.adoptFirst(config.nodesFile)
    }

    // MARK: - A loop of its own, or another's

    /// Runs until `leave` is called, then stops.
    public func run() {
        while !isLeaving { poll(timeoutMilliseconds: -1) }
        stop()
    }

    /// Makes `run` return after this wake-up.
    public func leave() { isLeaving = true }

    /// Waits until something is ready, the next deadline or the timeout, and processes it.
    /// - Parameter timeoutMilliseconds: below 0 there is no limit but the deadline.
    public func poll(timeoutMilliseconds: Int) {
        let left = max(0, nextDeadline - SystemClock.monotonicMilliseconds())
        wait(
            milliseconds: timeoutMilliseconds < 0 ? Int(left) : min(timeoutMilliseconds, Int(left)))
        beginWakeUp()
        for event in loop.events { handle(event) }
        runTimer()
        if isTickDue { tick() }
        settle()
        finishWakeUp()
    }

    /// Processes what is ready, without waiting. When much is ready it processes a part, and `descriptor` stays
    /// readable.
    public func process() { poll(timeoutMilliseconds: 0) }

    /// A descriptor that is readable while something is ready: watch it in your own poller, and do not close
    /// it.
    public var descriptor: Int32 { loop.descriptor }

    /// The monotonic millisecond at which `process` must be called though nothing is ready: at once after
    /// a command was submitted, else with the next tick or timer.
    public var nextDeadline: Int64 {
        let isPending =
            saves.wanted != nil && !saves.mayWait || links.areDirty || !postponed.isEmpty
        return isPending ? clock.wake.monotonic : clock.nextTimer
    }

    /// Saves for the last time, waits for that save, ends the threads and unlocks the file. The host must not
    /// be used after it.
    public func stop() {
        settle()
        for result in saves.finish(NodesFile.text(machine.state, .now)) {
            if case .failed(_, let error) = result { note(.lastSaveFailed(error)) }
            saved(result)
        }
        flushLinks()
    }

    private func wait(milliseconds: Int) {
        do throws(SystemError) {
            try loop.wait(milliseconds: milliseconds)
        } catch {
            note(.waitingFailed(error))
            SystemClock.sleep(milliseconds: 10)
        }
    }

    // MARK: - The parts of a wake-up

    /// When this wake-up began.
    package var wake: Instant { clock.wake }
    /// The monotonic millisecond of the next tick or timer.
    package var nextTimer: Int64 { clock.nextTimer }
    package var isTickDue: Bool { SystemClock.monotonicMilliseconds() >= clock.nextTick }

    package func beginWakeUp() { clock.wake = .now }

    /// Something of the host's is ready.
    package func handle(_ event: PollEvent) {
        if event.token == links.saverToken {
            for result in saves.thread.drainResults() { saved(result) }
        } else if let link = links[token: event.token] {
            handleLink(link, event)
        } else if let listener = links.listener(event.token) {
            acceptLinks(listener)
        }
    }

    /// The timer of the rules, if its time has come.
    package func runTimer() {
        guard clock.timerAt != nil,
            clock.takeTimer(at: SystemClock.monotonicMilliseconds())
        else { return }
        step(.timer)
    }

    /// What is done each 100 ms.
    package func tick() {
        let now = SystemClock.monotonicMilliseconds()
        clock.planTick(at: now)
        reopenListeners(at: now)
        if clock.ticks % HostClock.ticksPerCheck == 0 { checkLinks() }
        step(.tick)
        saves.ticked = true
    }

    /// Ticks since the start.
    package var ticks: Int { clock.ticks }

    /// After all else of a wake-up: what has time.
    package func finishWakeUp() {
        guard saves.hasToTidy else { return }
        saves.hasToTidy = false
        saves.thread.tidy()
    }

    /// The end of a wake-up: what came up meanwhile, then one save, then the bytes.
    package func settle() {
        endPause()
        tellStore()
        while !postponed.isEmpty {
            let inputs = postponed
            postponed = []
            for input in inputs { step(input) }
        }
        handOverSave()
        flushLinks()
    }

    // MARK: - Steps

    /// One input through the machine, and what it asks for. What the store has to say goes first:
    /// no rule may judge by keys or offsets of the past.
    func step(_ input: Input) {
        tellStore()
        apply(input)
    }

    /// An input that comes up while another is processed.
    func postpone(_ input: Input) { postponed.append(input) }

    /// Tells the rules what changed in the store, once for all changes so far.
    private func tellStore() {
        guard let report = server?.takeStoreReport() else { return }
        apply(.store(report))
    }

    private func apply(_ input: Input) {
        let now = Instant.now
        let effects = machine.step(input, at: now)
        server?.stateMayHaveChanged()
        if let observer = probes.observer { observer(.step(input, at: now, effects)) }
        for effect in effects { perform(effect) }
        tellRole(after: input, effects)
    }

    /// A change of role asks for a save, which stands first, or is found by the next tick: to look after
    /// each step would copy the machine each time.
    private func tellRole(after input: Input, _ effects: [Effect]) {
        var isDue = false
        if case .tick = input { isDue = true }
        if case .persist? = effects.first { isDue = true }
        guard isDue, machine.role != toldRole else { return }
        toldRole = machine.role
        server?.roleChanged(to: toldRole)
    }

    func note(_ note: HostNote) { server?.note(note) }
}

/// How a host began.
package struct HostOrigin: Sendable {
    /// A name of this run alone, which stays while the process lives.
    package let runID: String
    package let at: Instant
    /// The node was made, not loaded.
    package let isNew: Bool
    /// Its file says what it says.
    let isSaved: Bool
}

extension Instant {
    /// Both clocks of the machine, now.
    public static var now: Instant {
        Instant(
            monotonic: SystemClock.monotonicMilliseconds(), wall: SystemClock.wallMilliseconds())
    }
}
