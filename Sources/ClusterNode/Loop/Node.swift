// A whole server on top of a cluster host: its start, its loop and its end. Host and clients share one
// poller, and a wake-up has one order: the bus, clients, timers and the tick; then one save, the links'
// bytes, and last of all the clients'.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
package import SystemIO

/// A running node.
package final class Node {
    let host: ClusterHost
    let loop: PollSet
    var options: NodeOptions
    var log: NodeLog
    let clients = Clients()
    let data: NodeData
    var routes = Routes()
    let statistics = NodeStatistics()
    let slowLog = SlowLog()
    var listeners = ClientListeners()
    var descriptors: DescriptorBudget
    var process: NodeProcess

    /// What the poller calls the descriptors of the process. Listeners for clients come next, then the
    /// host's, and clients last.
    private enum Token {
        static let signals: UInt64 = 1
        static let stop: UInt64 = 2
        static let master: UInt64 = 3
        static let keys: UInt64 = 4
        static let firstOfHost: UInt64 = 1 << 62
    }

    /// What the poller calls the connection to the master.
    static var masterToken: UInt64 { Token.master }
    /// And the file of keys that is being written.
    static var keysToken: UInt64 { Token.keys }

    /// Loads or makes the node's state, takes its ports and its file.
    ///
    /// - Parameter stopRequest: another thread may ask the loop to end by it.
    package init(
        _ options: NodeOptions, takesSignals: Bool = true, stopRequest: WakePipe? = nil
    ) throws(StartError) {
        self.options = options
        var log = NodeLog(path: options.path(of: options.logFile), level: options.logLevel)
        try NodeLog.check(options.path(of: options.logFile))
        slowLog.configure(options)
        descriptors = try DescriptorBudget.ofProcess()
        let seed = Entropy.seed()
        do throws(HostError) {
            do throws(SystemError) { loop = try PollSet() } catch { throw .system(error) }
            host = try ClusterHost(
                options.hostConfig(descriptors), on: loop, firstToken: Token.firstOfHost,
                seed: seed, telling: { log.write(.warning, $0.text) })
        } catch {
            throw StartError("\(error)")
        }
        self.log = log
        data = NodeData(options)
        data.store.now = host.origin.at.wall
        do throws(SystemError) {
            process = NodeProcess(
                signals: takesSignals ? try SignalWatch([.terminate, .interrupt, .hangUp]) : nil,
                stopRequest: stopRequest)
        } catch {
            throw StartError("\(error)")
        }
        host.server = self
        try loadKeys()
        try beginRecording(seed: seed)
        try listen()
        announceStart()
        writePIDFile()
    }

    private func beginRecording(seed: UInt64) throws(StartError) {
        process.recording = try Recording.begin(
            options, seed: seed, file: try? File.readRegular(options.configPath),
            at: host.origin.at)
        if let recording = process.recording {
            host.probes.observer = { recording.take($0) }
        }
        host.probes.tellsPings = options.logLevel == .debug
    }

    /// Who runs here, for scripts. A node that cannot say so runs all the same, as the reference does.
    private func writePIDFile() {
        let path = options.path(of: options.pidFile)
        guard !path.isEmpty else { return }
        do throws(SystemError) {
            try File.write(Array("\(ProcessInformation.ownID)\n".utf8), to: path)
            process.hasPIDFile = true
        } catch {
            log.write(.warning, "\(path) cannot be written: \(error.reason)")
        }
    }

    private func listen() throws(StartError) {
        do throws(SystemError) {
            if let signals = process.signals {
                try loop.register(signals.descriptor, token: Token.signals, interest: .read)
            }
            if let stopRequest = process.stopRequest {
                try loop.register(stopRequest.descriptor, token: Token.stop, interest: .read)
            }
        } catch {
            throw StartError("\(error)")
        }
        try openListeners()
        countDescriptors()
        // After the ports of clients are ours: a node that cannot start leaves no file behind.
        do throws(HostError) {
            try host.start()
        } catch {
            if case .listen(let failure) = error { tell(failure, port: options.busPort) }
            throw StartError("\(error)")
        }
    }

    private func announceStart() {
        let isNew = host.origin.isNew
        let known = host.machine.state.nodes.count
        log.write(
            .notice,
            "Node \(host.myID) \(isNew ? "created" : "loaded, \(known) nodes known"),"
                + " port \(options.port), bus port \(options.busPort)")
        if !options.withoutEffect.isEmpty {
            log.write(
                .notice,
                "Directives that are accepted without effect here: "
                    + options.withoutEffect.map { name in
                        name + (Directives.remark(on: name).map { " (\($0))" } ?? "")
                    }.joined(separator: " "))
        }
        if !options.notInForce.isEmpty {
            let list = options.notInForce.map {
                "\($0) (\(UnbuiltDirectives.find($0)?.reason ?? "not built"))"
            }
            log.write(
                .warning,
                "Directives that are not implemented and not in force here: "
                    + list.joined(separator: "; "))
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

    // MARK: - The loop

    /// Runs until it is told to stop.
    package func run() {
        while !isStopping { runOnce() }
        finish()
    }

    /// One wake-up.
    private func runOnce() {
        let next = min(
            host.nextTimer, clients.pause.end ?? .max, data.waits.nextDeadline ?? .max)
        let hasUnapplied = replication.hasUnapplied
        let isBusy =
            clients.areReady || clients.haveLongWork || keysOnDisk.isReady || hasUnapplied
            || moves.haveEnded && !areWritesHeld
        let wait = isBusy ? 0 : next - SystemClock.monotonicMilliseconds()
        do throws(SystemError) {
            try loop.wait(milliseconds: Int(max(0, wait)))
        } catch {
            note(.waitingFailed(error))
            SystemClock.sleep(milliseconds: 10)
        }
        host.beginWakeUp()
        store.now = host.wake.wall
        // The bus first: what clients ask for must not let a heartbeat wait.
        for event in loop.events where event.token & Clients.tokenBit == 0 {
            if event.token >= Token.firstOfHost { host.handle(event) } else { handle(event) }
        }
        if hasUnapplied { master.applyMore(self) }
        moves.handle(loop.events, self)
        clients.take(loop.events)
        clients.run(until: host.wake.monotonic + Self.clientShare, self)
        host.runTimer()
        if host.isTickDue {
            tick()
            host.tick()
        }
        settle()
    }

    /// Milliseconds that clients get in one wake-up.
    private static let clientShare: Int64 = 20

    private func handle(_ event: PollEvent) {
        switch event.token {
        case Token.signals:
            for signal in process.signals?.take() ?? [] { took(signal) }
        case Token.stop:
            if process.stopRequest?.clear() == true { isStopping = true }
        case Token.master: master.handle(event, self)
        case Token.keys: workOnSave()
        default:
            if let listener = listeners.find(event.token) { clients.accept(listener, self) }
        }
    }

    private func took(_ signal: Signal) {
        switch signal {
        case .terminate, .interrupt:
            log.write(.warning, "Received \(signal), leaving")
            // Who asks twice wants to wait for nobody.
            guard !process.wasAsked else {
                isStopping = true
                return
            }
            process.wasAsked = true
            let words = signal == .terminate ? options.onTerminate : options.onInterrupt
            if !leave(words) { log.write(.warning, "A second signal ends this node all the same") }
        case .hangUp, .kill, .stop, .resume, .user1: break
        }
    }

    /// What is the node's own of a tick.
    private func tick() {
        let now = SystemClock.monotonicMilliseconds()
        reopenListeners(at: now)
        if store.expiresByItself { store.sweep() }
        tickReplication(at: now)
        store.tidy()
        if store.hasDisturbed { disturbClients() }
        moves.check(self)
        if (host.ticks + 1) % Self.ticksPerCheck == 0 {
            statistics.measure(at: now)
            clients.check(self)
            saveIfDue()
        }
    }

    /// Ticks between two looks at the limits of clients.
    private static let ticksPerCheck = 10

    /// The end of a wake-up: clients that waited, then the host, then the bytes for clients.
    private func settle() {
        endPauses()
        host.settle()
        continueLeaving()
        settleReplication()
        workOnSave()
        clients.endLostSubscriptions(self)
        clients.flush(self)
        host.finishWakeUp()
        if let failure = process.recording?.flush() { log.write(.warning, failure) }
    }

    /// Saves for the last time and lets go.
    private func finish() {
        settle()
        host.stop()
        clients.flush(self)
        if process.hasPIDFile { try? File.remove(options.path(of: options.pidFile)) }
        log.write(.warning, "Bye")
    }
}

/// The process around a node.
struct NodeProcess {
    let signals: SignalWatch?
    let stopRequest: WakePipe?
    var isStopping = false
    var restartsAfter: Int?
    var hasPIDFile = false
    /// It was asked to leave by a signal.
    var wasAsked = false
    /// It waits for others before it leaves.
    var leaving: Leaving?
    /// What it writes down of itself, when that was asked for.
    var recording: Recording?

    init(signals: SignalWatch?, stopRequest: WakePipe?) {
        self.signals = signals
        self.stopRequest = stopRequest
    }
}

extension Node {
    var isStopping: Bool {
        get { process.isStopping }
        set { process.isStopping = newValue }
    }

    /// DEBUG RESTART asked for: when this node has let go, the program starts again after so many
    /// milliseconds.
    package internal(set) var restartsAfter: Int? {
        get { process.restartsAfter }
        set { process.restartsAfter = newValue }
    }

    var moves: Moves { clients.moves }

    /// Both clocks, now.
    var now: Instant { .now }
    /// When this wake-up began.
    var wake: Instant { host.wake }
    /// Wall milliseconds.
    var startedAt: Int64 { host.origin.at.wall }
    var runID: String { host.origin.runID }
}

/// Why a node did not start.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
