// The course of each scenario. A cluster forms, is left alone while its cost is counted, and then
// something happens at a moment of chance. Times are milliseconds since that moment.

import ClusterCore
import ClusterWire
import Determinism

extension World {
    /// Plays a scenario to its end. The figures that there are when an invariant is violated come too.
    mutating func play(_ scenario: Scenario) -> [Measured] {
        var figures: [Measured] = []
        switch scenario {
        case .formation:
            operators.replicates = false
            figures.append(time: "formation", form())
            return figures
        case .join:
            figures.append(time: "join", timeJoin())
            return figures
        case .twoClustersMeet:
            guard formTwo() else { return figures }
        case .masterCrash, .partitionMinority, .rollingRestart, .massFailure, .addressChange,
            .flappingLink, .clockJump, .rejoinStorm:
            guard form() != nil else { return figures }
        }
        run(until: now + Self.calm)
        figures += countCost()
        run(until: now + Int64(random.below(Int(options.nodeTimeout) * 1000)))
        metrics.begin(at: now)
        trace.record(now, "scenario: \(scenario.rawValue)")
        switch scenario {
        case .masterCrash: figures += crashMasters([masterWithReplica()])
        case .massFailure: figures += failMany()
        case .partitionMinority: figures += partition()
        case .rollingRestart: figures += restartAll()
        case .addressChange: figures += changeAddress()
        case .twoClustersMeet: figures += meetOther()
        case .flappingLink: figures += flap()
        case .clockJump: figures += jumpClocks()
        case .rejoinStorm: figures += rejoin()
        case .formation, .join: break
        }
        return figures
    }

    /// Microseconds after the forming, until what it left behind is over.
    private static let calm: Int64 = 3_000_000
    /// Microseconds, at least, for which cost is counted.
    private static let costTime: Int64 = 10_000_000

    private var timeout: Int64 { options.nodeTimeout * 1000 }

    // MARK: Cost

    /// What a node sends, and what its rules take, while nothing happens.
    private mutating func countCost() -> [Measured] {
        metrics.begin(at: now)
        run(until: now + max(Self.costTime, timeout))
        let seconds = Double(now - metrics.since) / 1e6 * Double(nodes.count)
        var figures = [
            Measured(
                name: "messages a node", value: Double(metrics.messages) / seconds, unit: .messages),
            Measured(name: "bytes a node", value: Double(metrics.bytes) / seconds, unit: .bytes),
        ]
        if metrics.stopwatch != nil {
            let microseconds = Double(metrics.ruleNanoseconds) / 1000
            figures.append(
                Measured(
                    name: "rules of a node", value: microseconds / seconds, unit: .processor))
        }
        return figures
    }

    /// What a node sent in the busiest second since the metrics began.
    private var busiest: [Measured] {
        let count = Double(nodes.count)
        return [
            Measured(
                name: "messages a node, busiest second",
                value: Double(metrics.mostMessages) / count, unit: .messages),
            Measured(
                name: "bytes a node, busiest second", value: Double(metrics.mostBytes) / count,
                unit: .bytes),
        ]
    }

    // MARK: Waiting

    private func since(_ start: Int64, _ time: Int64?) -> Double? {
        time.map { Double($0 - start) / 1000 }
    }

    /// How long it took until these agree, and something more holds; nil when they take too long.
    private mutating func agreement(
        among group: [Int], since start: Int64, timeouts: Int64 = 10,
        and condition: (World) -> String? = { _ in nil }
    ) -> Double? {
        let end = now + timeouts * timeout + 20_000_000
        // To look at all costs more the more there are.
        let pause: Int64 = nodes.count <= 100 ? 2000 : 20_000
        var agreement = ConvergenceChecker(replicasMustServe: true)
        while violation == nil {
            run(until: now + pause)
            // First what is cheap to ask.
            guard let text = condition(self) ?? agreement.problem(group, machines) else {
                return since(start, now)
            }
            if now >= end { fail(Violation(.agreement, text)) }
        }
        return nil
    }

    /// Whether the first of the others still takes one of these for the owner of its slots although it
    /// has a replica.
    private func lossOf(_ victims: [Int]) -> (World) -> String? {
        let withoutReplica = victims.filter { $0 >= options.replicas }
        let ids = victims.filter { !withoutReplica.contains($0) }.map { machines[$0].id }
        return { world in
            guard let observer = world.nodes.indices.first(where: { !victims.contains($0) }) else {
                return nil
            }
            let state = world.machines[observer].state
            let lost = ids.first { id in
                state.nodes.find(id).map { state.nodes[$0].slotCount > 0 } ?? false
            }
            return lost.map { "slots of \($0.short) are not served" }
        }
    }

    private var living: [Int] { nodes.indices.filter { nodes[$0].isUp } }

    // MARK: Masters die

    /// A master of chance that has a replica.
    private mutating func masterWithReplica() -> Int {
        random.below(min(options.masters, options.replicas))
    }

    /// How it went, step by step, since the metrics began.
    private var steps: [Measured] {
        var figures: [Measured] = []
        figures.append(time: "detection", since(metrics.since, metrics.firstSuspicion))
        figures.append(time: "FAIL", since(metrics.since, metrics.lastFailure))
        figures.append(time: "FAIL heard by all", since(metrics.since, metrics.lastFailureHeard))
        figures.append(time: "election", since(metrics.since, metrics.lastPromotion))
        return figures
    }

    private mutating func crashMasters(_ victims: [Int], timeouts: Int64 = 10) -> [Measured] {
        for victim in victims { crash(victim, isSilent: false) }
        let agreed = agreement(
            among: living, since: metrics.since, timeouts: timeouts, and: lossOf(victims))
        var figures = steps
        figures.append(time: "agreement", agreed)
        return figures
    }

    /// Nearly half of the masters, drawn.
    private mutating func minority() -> [Int] {
        var masters = Array(0..<options.masters)
        let count = (options.masters - 1) / 2
        for index in 0..<count {
            masters.swapAt(index, index + random.below(masters.count - index))
        }
        return masters.prefix(count).sorted()
    }

    private mutating func failMany() -> [Measured] {
        let victims = minority()
        var figures = crashMasters(victims, timeouts: 40)
        let start = metrics.firstSuspicion ?? metrics.since
        figures.append(time: "first suspicion to last FAIL", since(start, metrics.lastFailure))
        figures.append(
            time: "first suspicion to last promotion", since(start, metrics.lastPromotion))
        figures.append(count: "elections begun", metrics.electionsStarted)
        figures.append(count: "shards without a new master", unserved(victims))
        return figures + busiest
    }

    /// How many of these have replicas and no successor among them.
    private func unserved(_ victims: [Int]) -> Int {
        var isServed = [Bool](repeating: false, count: options.masters)
        for replica in metrics.promoted where replica >= options.masters {
            isServed[(replica - options.masters) % options.masters] = true
        }
        return victims.count { $0 < options.replicas && !isServed[$0] }
    }

    private mutating func jumpClocks() -> [Measured] {
        for node in nodes.indices where random.below(3) == 0 {
            let hours = Int64(1 + random.below(4)) * (random.below(2) == 0 ? 1 : -1)
            begin(.clockJump(node: node, milliseconds: hours * 3_600_000))
        }
        run(until: now + 3 * timeout)
        var figures: [Measured] = []
        figures.append(count: "suspicions before the crash", metrics.suspicions)
        metrics.begin(at: now)
        return figures + crashMasters([masterWithReplica()])
    }

    // MARK: Links fail

    private mutating func partition() -> [Measured] {
        let side = minority()
        let cut = Fault.partition(side: side)
        begin(cut)
        let agreed = agreement(
            among: nodes.indices.filter { !side.contains($0) }, since: metrics.since,
            and: lossOf(side))
        var figures = steps
        figures.append(time: "agreement", agreed)
        let stopped = wait(timeouts: 10) { world in
            side.allSatisfy { !world.machines[$0].state.health.isOK }
        }
        figures.append(time: "the minority stops within", stopped)
        run(until: now + 2 * timeout)
        repair(cut)
        figures.append(
            time: "agreement after healing", agreement(among: living, since: now, timeouts: 20))
        return figures
    }

    /// Milliseconds since the metrics began until something holds.
    private mutating func wait(
        timeouts: Int64, until condition: (World) -> Bool
    ) -> Double? {
        let end = now + timeouts * timeout
        while violation == nil, now < end {
            if condition(self) { return since(metrics.since, now) }
            run(until: now + 2000)
        }
        return nil
    }

    private mutating func flap() -> [Measured] {
        let one = random.below(options.masters)
        let other = (one + 1 + random.below(options.masters - 1)) % options.masters
        let cut = Fault.cut(from: one, to: other, mayNotKnowUs: false)
        for _ in 0..<10 {
            begin(cut)
            run(until: now + timeout * 3 / 2)
            repair(cut)
            run(until: now + timeout / 2)
        }
        let suspicions = metrics.suspicions
        let agreed = agreement(among: living, since: now)
        var figures: [Measured] = []
        figures.append(count: "suspicions", suspicions)
        figures.append(count: "taken for failed", metrics.failures)
        figures.append(count: "failovers", metrics.promoted.count)
        figures.append(time: "agreement", agreed)
        return figures
    }

    // MARK: Processes come back

    /// Microseconds for which a process that is started again is away: nobody need notice.
    private var absence: Int64 { min(1_000_000, timeout / 2) }

    private mutating func restartAll() -> [Measured] {
        var figures: [Measured] = []
        let order = Array(nodes.indices.dropFirst(options.masters)) + (0..<options.masters)
        for node in order where violation == nil {
            crash(node, isSilent: false)
            run(until: now + absence)
            start(node)
            figures.append(time: "agreement", agreement(among: living, since: now))
        }
        figures.append(time: "all nodes", since(metrics.since, now))
        figures.append(count: "suspicions", metrics.suspicions)
        figures.append(count: "failovers", metrics.promoted.count)
        return figures
    }

    private mutating func changeAddress() -> [Measured] {
        let node = random.below(nodes.count)
        crash(node, isSilent: false)
        run(until: now + absence)
        let address = VirtualNode.address(of: nodes.count)
        move(node, to: address)
        start(node)
        let id = machines[node].id
        var figures: [Measured] = []
        figures.append(
            time: "agreement",
            agreement(among: living, since: now) { world in
                let behind = world.nodes.indices.first { other in
                    guard other != node else { return false }
                    let state = world.machines[other].state
                    return state.nodes.find(id).map { state.nodes[$0].address.ip } != address.ip
                }
                return behind.map { "n\($0) does not know the new address of n\(node)" }
            })
        figures.append(count: "failovers", metrics.promoted.count)
        return figures
    }

    private mutating func rejoin() -> [Measured] {
        for node in nodes.indices { crash(node, isSilent: true) }
        run(until: now + 2 * timeout)
        metrics.begin(at: now)
        var waiting = Array(nodes.indices)
        let step = max(1, 1_000_000 / Int64(nodes.count))
        while !waiting.isEmpty, violation == nil {
            start(waiting.remove(at: random.below(waiting.count)))
            run(until: now + step)
        }
        var figures: [Measured] = []
        figures.append(time: "agreement", agreement(among: living, since: metrics.since))
        figures.append(count: "failovers", metrics.promoted.count)
        return figures + busiest
    }

    // MARK: Nodes meet

    /// The last node is not met at first.
    private mutating func timeJoin() -> Double? {
        let newcomer = nodes.count - 1
        operators.absent = newcomer
        operators.replicates = false
        guard form() != nil else { return nil }
        run(until: now + Self.calm + Int64(random.below(1_000_000)))
        operators.absent = nil
        let begun = now
        meet(newcomer, from: random.below(newcomer))
        return agreement(among: Array(nodes.indices), since: begun)
    }

    /// Two clusters of one size, each with all slots and the same epochs, that cannot reach each other.
    /// Returns whether both have formed.
    private mutating func formTwo() -> Bool {
        schedule.add(.survey, at: Checking.surveyInterval)
        run(until: 150_000)
        let size = nodes.count / 2
        begin(.partition(side: Array(0..<size)))
        for first in [0, size] {
            for node in 0..<size {
                command(.setConfigEpoch(Argument(node + 1)), to: first + node)
            }
            for node in 0..<options.masters {
                let from = node * Layout.slotCount / options.masters
                let to = (node + 1) * Layout.slotCount / options.masters - 1
                command(.addSlotsRange(from: from, to: to), to: first + node)
            }
            for node in 1..<size { introduce(first + node, to: first) }
        }
        for first in [0, size] {
            guard agreement(among: Array(first..<first + size), since: now) != nil else {
                return false
            }
            for node in options.masters..<size {
                let master = first + (node - options.masters) % options.masters
                command(.replicate(Argument(machines[master].id)), to: first + node)
            }
        }
        run(until: now + 2_000_000)
        return [0, size].allSatisfy { first in
            agreement(among: Array(first..<first + size), since: now) != nil
        }
    }

    private mutating func introduce(_ node: Int, to asker: Int) {
        let address = nodes[node].address
        command(
            .meet(
                ip: address.ip.text, port: Argument(Int(address.port.value)),
                busPort: Argument(Int(address.busPort.value))),
            to: asker)
    }

    private mutating func meetOther() -> [Measured] {
        repair(.partition(side: Array(0..<nodes.count / 2)))
        introduce(nodes.count / 2, to: random.below(nodes.count / 2))
        let agreed = agreement(among: living, since: metrics.since, timeouts: 20)
        var figures: [Measured] = []
        figures.append(time: "agreement", agreed)
        let losers = nodes.indices.filter { node in
            node % (nodes.count / 2) < options.masters
                && machines[node].state.nodes[.myself].slotCount == 0
        }
        figures.append(count: "masters that lost their slots", losers.count)
        return figures + busiest
    }
}

extension [Measured] {
    /// Adds a time, if it came to pass.
    fileprivate mutating func append(time name: String, _ value: Double?) {
        if let value { append(Measured(name: name, value: value)) }
    }

    fileprivate mutating func append(count name: String, _ value: Int) {
        append(Measured(name: name, value: Double(value), unit: .count))
    }
}
