// A whole cluster in one thread: machines, a virtual clock, virtual links and disks, all driven by one
// seed. This file is the loop, the clock and the life of processes. Single steps, links, data, faults,
// the operator and the checkers have files of their own.

import ClusterCore
import ClusterWire
import Determinism

/// What is fixed before the first thing happens.
struct WorldSetup: Sendable {
    let options: SimOptions
    let environment: EnvironmentProfile
    let plan: FaultPlan
    /// Whether a process can start again from its disk.
    let keepsFiles: Bool

    init(_ options: SimOptions, _ random: inout SplitMix64) {
        self.options = options
        if let kept = options.plan {
            environment = kept.environment
            plan = FaultPlan(kept.faults, options)
        } else {
            environment = EnvironmentProfile(options, &random)
            plan = FaultPlan(options, environment, &random)
        }
        keepsFiles =
            options.nodeCount <= World.fewNodes || plan.restarts
            || options.scenario?.restarts ?? false
    }
}

/// The virtual clock and what is to happen.
struct Schedule: Sendable {
    /// Microseconds since the world began.
    private(set) var now: Int64 = 0
    private var queue = EventQueue<Event>()

    @inline(__always)
    mutating func add(_ kind: Event.Kind, at time: Int64, node: Int = 0, index: Int = 0) {
        queue.add(Event(kind: kind, node: UInt16(node), index: UInt32(index)), at: time)
    }

    /// Goes on to the next event until a time; nil when there is none.
    @inline(__always)
    mutating func next(until end: Int64) -> Event? {
        guard let next = queue.next() else { return nil }
        guard next.time <= end else {
            queue.putBack(next)
            return nil
        }
        now = next.time
        return next.payload
    }

    /// Nothing more happens until a time.
    mutating func pass(until end: Int64) { now = end }
}

struct World {
    let setup: WorldSetup
    var random: SplitMix64
    var schedule = Schedule()
    var nodes: [VirtualNode] = []
    /// The machine of each node's process, the last one while it is down.
    var machines: [Machine] = []
    var processes = ProcessIndex()
    var network: VirtualNetwork
    var addresses = AddressBook()
    var operators = Operator()
    var stranger = Stranger()
    var checking: Checking
    var trace: Trace
    var metrics = RunMetrics()
    /// Keys and clients, where there are any.
    var data: DataWorld?

    init(seed: UInt64, _ options: SimOptions) {
        var random = SplitMix64(seed: seed)
        setup = WorldSetup(options, &random)
        self.random = random
        network = VirtualNetwork(nodes: options.nodeCount)
        checking = Checking(setup)
        trace = Trace(keepsAll: options.keepsTrace)
        if setup.environment.carriesKeys {
            data = DataWorld(
                nodes: options.nodeCount, masters: options.masters, &self.random)
        }
        for index in 0..<options.nodeCount {
            let wallOffset = Int64(self.random.below(200)) - 100
            nodes.append(
                VirtualNode(address: VirtualNode.address(of: index), wallOffset: wallOffset))
            addresses.set(index, at: nodes[index].address)
            start(index)
        }
    }

    var options: SimOptions { setup.options }
    var environment: EnvironmentProfile { setup.environment }
    var plan: FaultPlan { setup.plan }
    /// Microseconds since the world began.
    var now: Int64 { schedule.now }

    /// Up to this many nodes files are written and read whatever the plan.
    static let fewNodes = 64

    // MARK: Time

    /// Runs what happens until a time, or until an invariant is violated.
    mutating func run(until end: Int64) {
        while violation == nil, let event = schedule.next(until: end) {
            trace.mix(UInt64(bitPattern: now) << 8 | UInt64(event.kind.rawValue))
            trace.mix(UInt64(event.index) << 16 | UInt64(event.node))
            handle(event)
        }
        if violation == nil { schedule.pass(until: end) }
    }

    private mutating func handle(_ event: Event) {
        let node = Int(event.node)
        let isProcess =
            event.kind == .tick || event.kind == .timer || event.kind == .written
            || event.kind == .request
        if nodes[node].isPaused && isProcess {
            return nodes[node].deferred.append(event)
        }
        switch event.kind {
        case .tick: tick(node, incarnation: event.index)
        case .timer:
            if nodes[node].isUp, nodes[node].incarnation == event.index,
                nodes[node].takeTimer(at: now)
            {
                step(node, .timer)
            }
        case .arrival: arrive(event)
        case .written: written(node, number: Int(event.index))
        case .fault: begin(plan.faults[Int(event.index)].fault, index: Int(event.index))
        case .repair: repair(plan.faults[Int(event.index)].fault, index: Int(event.index))
        case .forge: forge(fault: Int(event.index))
        case .operate: operate()
        case .ask: ask()
        case .request: requested(Int(event.index), at: node)
        case .survey:
            tell(.surveyed(network))
            schedule.add(.survey, at: now + Checking.surveyInterval)
        }
    }

    private mutating func tick(_ node: Int, incarnation: UInt32) {
        guard nodes[node].isUp, nodes[node].incarnation == incarnation else { return }
        if data != nil { tickServer(node) } else if environment.hasData { replicateData(of: node) }
        step(node, .tick)
        schedule.add(
            .tick, at: now + ClusterConfig.tick * 1000, node: node, index: Int(incarnation))
    }

    // MARK: Processes

    /// Whether a stranger may speak in nodes' names.
    private var meetsStrangers: Bool {
        options.faults.contains(.forger)
            || plan.faults.contains { if case .forge = $0.fault { true } else { false } }
    }

    /// Settings of a node.
    var config: ClusterConfig {
        var config = ClusterConfig()
        config.nodeTimeout = options.nodeTimeout
        config.port = VirtualNode.address(of: 0).port
        config.busPort = VirtualNode.address(of: 0).busPort
        config.confirms = meetsStrangers
        config.failoverWithoutCopy = !environment.carriesKeys
        config.waitsForFailover = environment.carriesKeys
        config.replicaPingPeriod = data?.profile.pingPeriod ?? config.replicaPingPeriod
        config.replicaValidityFactor = environment.validityFactor
        return config
    }

    /// Starts the process of a node from its disk; a node without a file writes one before it
    /// speaks to anybody.
    mutating func start(_ node: Int) {
        guard !nodes[node].isUp else { return }
        nodes[node].incarnation += 1
        nodes[node].data.heardAt = -1
        nodes[node].data.source = nil
        nodes[node].isSilent = false
        nodes[node].clearTimer()
        releaseHeld()
        nodes[node].monotonicOffset =
            environment.hasOwnOrigins ? 1 - now / 1000 : 1_000_000
        let instant = nodes[node].instant(at: now)
        var chance = SplitMix64(seed: random.next())
        var isNew = false
        let machine: Machine
        if let text = nodes[node].disk.durable.flatMap(\.text) {
            do throws(NodesFileError) {
                let state = try NodesFile.parse(text, at: instant, random: &chance)
                machine = Machine(
                    state: state, config: config, random: chance, planted: options.planted)
            } catch {
                return fail(
                    Violation(.readableFile, "n\(node) cannot read what it saved: \(error)"))
            }
        } else {
            machine = Machine(fresh: config, random: chance, planted: options.planted)
            isNew = true
        }
        if isNew {
            nodes[node].disk.format(holding: snapshot(Generation(0), machine.state, instant))
            trace.nameNode(machine.id, of: node)
            processes.add(machine.id, of: node)
        }
        returned(node, isNew: isNew)
        if node < machines.count { machines[node] = machine } else { machines.append(machine) }
        nodes[node].isUp = true
        if data != nil { startServer(node) }
        trace.record(now, "n\(node) started\(isNew ? " as a new node" : "")")
        tell(.started(node))
        let phase = Int64(random.below(Int(ClusterConfig.tick) * 1000))
        schedule.add(.tick, at: now + phase, node: node, index: Int(nodes[node].incarnation))
    }

    mutating func draw(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(random.below(Int(range.upperBound - range.lowerBound) + 1))
    }
}
