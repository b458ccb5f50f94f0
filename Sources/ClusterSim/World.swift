// A whole cluster in one thread: machines, a virtual clock, virtual links and disks, all driven by one
// seed. This file is the loop and what the effects of a machine come to, which is the contract that
// the shell of a real node keeps too. Faults, the operator and the checkers have files of their own.

import ClusterCore
import ClusterWire

struct World: Sendable {
    let options: SimOptions
    let climate: Climate
    let plan: FaultPlan
    var random: SplitMix64
    /// Microseconds since the world began.
    var now: Int64 = 0
    var queue = EventQueue()
    var nodes: [VirtualNode] = []
    /// The machine of each node's process, the last one while it is down.
    var machines: [Machine] = []
    var network: VirtualNetwork
    var addresses = AddressBook()
    var safety: Safety
    var operators = Operator()
    var trace: Trace
    /// Whether a process can start again from its disk.
    let keepsFiles: Bool
    /// Why the run was stopped.
    var broken: BrokenPromise?

    init(seed: UInt64, _ options: SimOptions) {
        var random = SplitMix64(seed: seed)
        self.options = options
        climate = Climate(options, &random)
        plan = FaultPlan(options, climate, &random)
        self.random = random
        keepsFiles = options.nodeCount <= World.smallCount || plan.restarts
        network = VirtualNetwork(nodes: options.nodeCount)
        safety = Safety(nodes: options.nodeCount)
        trace = Trace(keepsAll: options.keepsTrace)
        for index in 0..<options.nodeCount {
            nodes.append(VirtualNode(address: VirtualNode.address(of: index)))
            addresses.set(index, at: nodes[index].address)
            nodes[index].wallOffset = Int64(self.random.below(200)) - 100
            start(index)
        }
    }

    /// Up to this many nodes files are written and read whatever the plan.
    private static let smallCount = 64

    // MARK: Time

    /// Runs what happens until a time, or until a promise is broken.
    mutating func run(until end: Int64) {
        while broken == nil, let event = queue.next() {
            guard event.time <= end else {
                queue.putBack(event)
                break
            }
            now = event.time
            trace.mix(UInt64(bitPattern: now) << 8 | UInt64(event.kind.rawValue))
            trace.mix(UInt64(event.index) << 16 | UInt64(event.node))
            handle(event)
        }
        if broken == nil { now = end }
    }

    private mutating func handle(_ event: Event) {
        let node = Int(event.node)
        if nodes[node].isPaused && (event.kind == .tick || event.kind == .written) {
            return nodes[node].deferred.append(event)
        }
        switch event.kind {
        case .tick: tick(node, life: event.index)
        case .arrival: arrive(event)
        case .written: written(node, number: Int(event.index))
        case .fault: begin(plan.faults[Int(event.index)].fault)
        case .repair: repair(plan.faults[Int(event.index)].fault)
        case .operate: operate()
        case .survey:
            survey()
            queue.add(.survey, at: now + Safety.surveyInterval)
        }
    }

    private mutating func tick(_ node: Int, life: UInt32) {
        guard nodes[node].isUp, nodes[node].life == life else { return }
        step(node, .tick)
        queue.add(.tick, at: now + ClusterConfig.tick * 1000, node: node, index: Int(life))
    }

    // MARK: Processes

    /// Settings of a node.
    var config: ClusterConfig {
        var config = ClusterConfig()
        config.nodeTimeout = options.nodeTimeout
        config.port = VirtualNode.address(of: 0).port
        config.busPort = VirtualNode.address(of: 0).busPort
        config.failoverWithoutCopy = true
        config.replicaValidityFactor = climate.validityFactor
        config.planted = options.planted
        return config
    }

    /// Starts the process of a node from its disk; a node without a file writes one before it
    /// speaks to anybody.
    mutating func start(_ node: Int) {
        guard !nodes[node].isUp else { return }
        nodes[node].life += 1
        nodes[node].isSilent = false
        releaseHeld()
        nodes[node].monotonicOffset =
            climate.hasOwnOrigins ? 1 - now / 1000 : 1_000_000
        let instant = nodes[node].instant(at: now)
        var chance = SplitMix64(seed: random.next())
        var isNew = false
        let machine: Machine
        if let text = nodes[node].disk.durable.flatMap(\.text) {
            do throws(NodesFileError) {
                let state = try NodesFile.parse(text, at: instant, random: &chance)
                machine = Machine(state: state, config: config, random: chance)
            } catch {
                return fail(.readableFile, "n\(node) cannot read what it saved: \(error)")
            }
        } else {
            machine = Machine(fresh: config, random: chance)
            isNew = true
        }
        if isNew {
            nodes[node].disk.format(holding: snapshot(Generation(0), machine.state, instant))
            trace.learn(machine.state.myID, of: node)
        }
        returned(node, isNew: isNew)
        if node < machines.count { machines[node] = machine } else { machines.append(machine) }
        nodes[node].isUp = true
        trace.tell(now, "n\(node) started\(isNew ? " as a new node" : "")")
        safety.started(node, machine.state.myID, file: nodes[node].disk.durable)
        let phase = Int64(random.below(Int(ClusterConfig.tick) * 1000))
        queue.add(.tick, at: now + phase, node: node, index: Int(nodes[node].life))
    }

    // MARK: Steps

    /// Gives a machine its input and does what it asks for.
    mutating func step(_ node: Int, _ input: Input) {
        guard nodes[node].isUp else { return }
        let instant = nodes[node].instant(at: now)
        let effects = machines[node].step(input, at: instant)
        for effect in effects { perform(effect, of: node, at: instant) }
        check(safety.stepped(node, currentEpoch: machines[node].state.currentEpoch))
    }

    /// The contract of the shell: effects are done in order; a save holds the state as it is after
    /// the step; only a save that is on disk is confirmed.
    private mutating func perform(_ effect: Effect, of node: Int, at instant: Instant) {
        switch effect {
        case .persist(let generation, let sync): save(node, generation, sync: sync, instant)
        case .connect(let link, let address): connect(link, from: node, to: address)
        case .close(let link): close(link, of: node)
        case .send(let message, let link): send(message, on: link, from: node)
        case .note(let note): heard(note, of: node)
        case .reply(let reply, _):
            if case .error(let text) = reply { trace.tell(now, "n\(node) refused: \(text)") }
        case .pauseWrites, .replicate, .dropKeys: break  // there is no data here
        }
    }

    private mutating func heard(_ note: Note, of node: Int) {
        trace.note(note, of: node, at: now)
        check(safety.noted(note, by: node, quorum: machines[node].state.quorum))
    }

    mutating func check(_ problem: (Promise, String)?) {
        if let problem { fail(problem.0, problem.1) }
    }

    mutating func fail(_ promise: Promise, _ text: String) {
        guard broken == nil else { return }
        trace.tell(now, "BROKEN \(promise.rawValue): \(text)")
        broken = BrokenPromise(promise: promise, time: now, text: text)
    }

    // MARK: Disks

    private mutating func save(
        _ node: Int, _ generation: Generation, sync: Bool, _ instant: Instant
    ) {
        let file = snapshot(generation, machines[node].state, instant)
        if nodes[node].disk.save(file, sync: sync) { write(node) }
    }

    private func snapshot(
        _ generation: Generation, _ state: ClusterState, _ instant: Instant
    ) -> VirtualDisk.Snapshot {
        keepsFiles
            ? VirtualDisk.Snapshot(generation: generation, state: state, instant: instant)
            : VirtualDisk.Snapshot(generation: generation, factsOf: state)
    }

    private mutating func write(_ node: Int) {
        let delay = draw(climate.diskDelay) + nodes[node].disk.slowness
        queue.add(.written, at: now + delay, node: node, index: nodes[node].disk.writeNumber)
    }

    private mutating func written(_ node: Int, number: Int) {
        guard nodes[node].disk.writeNumber == number else { return }
        guard let done = nodes[node].disk.finish() else { return }
        if done.goesOn { write(node) }
        if done.succeeded {
            safety.saved(node, file: nodes[node].disk.durable)
            step(node, .persisted(done.generation))
        } else {
            step(node, .persistFailed(done.generation, SystemFault("no space left")))
        }
    }

    mutating func draw(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(random.below(Int(range.upperBound - range.lowerBound) + 1))
    }
}
