// The bus of a cluster of one program, measured: how long it forms, what it costs while nothing
// happens, how long a failover and a join take. Every program is measured by this same code, with the
// same directives, by looking at CLUSTER INFO and NODES of all nodes; times are as fine as the looks
// are apart, some 20 ms. Nothing is looked at while cost is measured.

import ClusterClient
package import Interop
import RESP
import SystemIO

/// Measures one program.
package final class BusBench {
    private let program: ServerProgram
    private let plan: BenchPlan
    private let cluster: MixedCluster
    private let poll: ClusterPoll
    private let deadline: Deadline
    private var found: [BenchReading] = []
    private var otherCores = 0.0
    private let say: (String) -> Void

    private static let isolatedSeconds = 5
    private static let settleSeconds = 5
    /// Seconds after which something that is waited for does not come any more.
    private static let limit: Int64 = 120
    private static let forgetLimit: Int64 = 8

    private init(
        _ program: ServerProgram, _ plan: BenchPlan, _ deadline: Deadline,
        _ say: @escaping (String) -> Void
    ) throws(InteropError) {
        self.program = program
        self.plan = plan
        self.deadline = deadline
        self.say = say
        poll = ClusterPoll(deadline)
        var environment = ClusterEnvironment()
        environment.deadline = deadline
        environment.sparePorts = plan.joins + 1
        cluster = try MixedCluster(
            Array(repeating: program, count: plan.nodes),
            nodeTimeoutMilliseconds: plan.nodeTimeout,
            directives: ["--repl-diskless-sync-delay", "0"], environment: environment)
    }

    /// Measures all plans of a program, each with a cluster of its own.
    /// - Parameter say: told what is being done.
    package static func run(
        _ program: ServerProgram, _ plans: [BenchPlan], stop: StopRequest,
        say: @escaping (String) -> Void
    ) throws(InteropError) -> BenchReadings {
        var all = BenchReadings(program: "\(program)")
        for plan in plans {
            let bench = try BusBench(program, plan, Deadline(seconds: nil, stop: stop), say)
            try bench.measure()
            all.readings += bench.found
            all.otherCores = max(all.otherCores, bench.otherCores)
            bench.cluster.end()
        }
        return all
    }

    private func measure() throws(InteropError) {
        say("\(program): \(plan.title)")
        try form()
        if plan.phases.contains(.steady) { try steady() }
        if plan.phases.contains(.join) { try join() }
        if plan.phases.contains(.failover) { try failover() }
    }

    // MARK: - Readings

    private func note(_ figure: BenchFigure, _ value: Double?) {
        found.append(
            BenchReading(
                plan: plan, figure: figure, value: value, count: 1, missing: value == nil ? 1 : 0))
    }

    /// The middle, and the worst where that is a figure: one that did not come to pass is the worst.
    private func note(_ values: [Double?], median: BenchFigure, worst: BenchFigure? = nil) {
        let known = values.compactMap { $0 }.sorted()
        let missing = values.count - known.count
        let middle = known.count > values.count / 2 ? known[values.count / 2] : nil
        found.append(
            BenchReading(
                plan: plan, figure: median, value: middle, count: values.count, missing: missing))
        guard let worst else { return }
        found.append(
            BenchReading(
                plan: plan, figure: worst, value: missing == 0 ? known.last : nil,
                count: values.count, missing: missing))
    }

    private static var now: Int64 { SystemClock.monotonicNanoseconds() }
    private static func seconds(_ start: Int64, _ end: Int64) -> Double {
        Double(end - start) / 1e9
    }

    // MARK: - Forming

    private func form() throws(InteropError) {
        let nodes = cluster.nodes
        if plan.phases.contains(.steady) {
            let use = try watch(seconds: Self.isolatedSeconds)
            note(.isolatedProcessor, use.processor)
        }
        try cluster.assignSlots(to: Array(nodes.prefix(plan.masters)))
        for (index, node) in nodes.enumerated() {
            try node.command("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        let start = Self.now
        for node in nodes.dropFirst() { try cluster.meet(nodes[0], node) }
        let (known, agreed) = try waitUntilWell(known: nodes.count)
        if plan.phases.contains(.form) {
            note(.formingKnown, known.map { Self.seconds(start, $0) })
            note(.forming, agreed.map { Self.seconds(start, $0) })
        }
        guard agreed != nil else { return }
        let begin = Self.now
        for (index, node) in nodes.dropFirst(plan.masters).enumerated() {
            try replicate(node, nodes[index % plan.masters])
        }
        let done = try waitUntilWell(known: nodes.count, replicas: nodes.count - plan.masters)
        if plan.phases.contains(.form) {
            note(.replicas, done.agreed.map { Self.seconds(begin, $0) })
        }
        try waitForCopies()
    }

    /// Servers refuse it for a moment after they have met.
    private func replicate(
        _ replica: ServerProcess, _ master: ServerProcess
    ) throws(InteropError) {
        var attempts = 50
        while true {
            do throws(InteropError) { return try cluster.replicate(replica, master) } catch {
                attempts -= 1
                if attempts == 0 { throw error }
            }
            try deadline.sleep(milliseconds: 100)
        }
    }

    /// Waits until all know so many nodes, serve and agree.
    /// - Returns: when all first knew them, and when they agreed; nil where that did not come.
    private func waitUntilWell(
        known count: Int, replicas: Int? = nil
    ) throws(InteropError) -> (known: Int64?, agreed: Int64?) {
        let members = cluster.running
        let end = Self.now + Self.limit * 1_000_000_000
        var known: Int64?
        while Self.now < end {
            let infos = try poll.infos(members)
            let all = infos.allSatisfy { Int($0.fields["cluster_known_nodes"] ?? "") ?? 0 >= count }
            if all && known == nil { known = Self.now }
            if all && infos.allSatisfy({ $0.fields["cluster_state"] == "ok" }),
                try poll.agree(members, known: count, replicas: replicas)
            {
                return (known, Self.now)
            }
            try poll.rest()
        }
        return (known, nil)
    }

    /// Waits until every replica of theirs has copied its master: before, it does not stand.
    private func waitForCopies() throws(InteropError) {
        if program.isOurs { return }
        let end = Self.now + 60_000_000_000
        while Self.now < end {
            let waiting = try poll.ask(cluster.running, "INFO", "replication").contains { answer in
                let text = answer.reply?.string ?? ""
                return text.contains("role:slave") && !text.contains("master_link_status:up")
            }
            if !waiting { return }
            try poll.rest()
        }
    }
}

// MARK: - Cost

extension BusBench {
    /// What went on in a time in which nothing was asked.
    private struct Use {
        var seconds: Double
        /// Milliseconds of processor time a node and second.
        var processor: Double
        /// Bytes over loopback in all.
        var bytes: Double
    }

    private func watch(seconds: Int) throws(InteropError) -> Use {
        let ids = cluster.running.map(\.processID)
        func processor() -> Int64 {
            ids.reduce(0) { $0 + (ProcessUsage.processorNanoseconds(of: $1) ?? 0) }
        }
        let (start, before, machine) = (Self.now, processor(), MachineUsage())
        let own = SystemClock.processorNanoseconds()
        try deadline.sleep(milliseconds: seconds * 1000)
        let (used, end, later) = (processor() - before, Self.now, MachineUsage())
        let spent = Self.seconds(start, end)
        if let machine, let later {
            let mine = Double(used + SystemClock.processorNanoseconds() - own) / 1e9
            otherCores = max(
                otherCores, (later.busySeconds - machine.busySeconds - mine) / spent)
        }
        let bytes = (later?.loopbackBytes ?? 0) - (machine?.loopbackBytes ?? 0)
        return Use(
            seconds: spent, processor: Double(used) / 1e6 / Double(ids.count) / spent,
            bytes: Double(bytes))
    }

    private func steady() throws(InteropError) {
        let nodes = cluster.running
        try deadline.sleep(milliseconds: Self.settleSeconds * 1000)
        let before = try sent(nodes)
        let use = try watch(seconds: plan.steadySeconds)
        let messages = try sent(nodes) - before
        let count = Double(nodes.count)
        note(.processor, use.processor)
        var (memory, resident, descriptors) = (0, 0, 0)
        for node in nodes {
            guard let usage = ProcessUsage(of: node.processID) else { continue }
            memory += usage.proportionalBytes
            resident += usage.residentBytes
            descriptors += usage.descriptors
        }
        note(.memory, Double(memory) / count / 1e6)
        note(.resident, Double(resident) / count / 1e6)
        note(.descriptors, Double(descriptors) / count)
        note(.messages, messages / count / use.seconds)
        note(.bytes, use.bytes / count / use.seconds / 1000)
        note(.messageBytes, messages > 0 ? use.bytes / messages : nil)
    }

    /// Messages that all of these have sent so far.
    private func sent(_ nodes: [ServerProcess]) throws(InteropError) -> Double {
        try poll.infos(nodes).reduce(0) {
            $0 + (Double($1.fields["cluster_stats_messages_sent"] ?? "") ?? 0)
        }
    }
}

// MARK: - Failover

extension BusBench {
    /// Seconds from the kill to each step; nil for one that did not come.
    private struct Failover {
        var failed: Double?
        var promoted: Double?
        var agreed: Double?
        var rejoined: Double?
    }

    private func failover() throws(InteropError) {
        var rounds: [Failover] = []
        for round in 0..<plan.rounds {
            // Whoever leads the shard of this node, which one after the other have all.
            let rows = try cluster.nodes[0].nodes()
            let masters = rows.filter { row in
                row.isMaster && !row.slots.isEmpty && rows.contains { $0.master == row.id }
            }.sorted { $0.port < $1.port }
            guard !masters.isEmpty else { break }
            let row = masters[round * 7 % masters.count]
            guard let victim = cluster.nodes.first(where: { $0.port == row.port }) else { break }
            let successors = cluster.nodes.filter { node in
                rows.contains { $0.port == node.port && $0.master == row.id }
            }
            let result = try failover(victim, row, successors)
            rounds.append(result)
            if result.rejoined == nil { break }
            try deadline.sleep(milliseconds: 1000)
        }
        note(rounds.map(\.failed), median: .failed)
        note(rounds.map(\.promoted), median: .promoted)
        note(rounds.map(\.agreed), median: .failover, worst: .failoverWorst)
        note(rounds.map(\.rejoined), median: .rejoin)
    }

    private func failover(
        _ victim: ServerProcess, _ row: ClusterNodesRow, _ successors: [ServerProcess]
    ) throws(InteropError) -> Failover {
        var result = Failover()
        let survivors = cluster.running.filter { $0 !== victim }
        let start = Self.now
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        poll.forget(victim)
        var failed: [Int: Int64] = [:]
        let end = start + Self.limit * 1_000_000_000
        while Self.now < end {
            var well = 0
            for info in try poll.infos(survivors) {
                let lost = Int(info.fields["cluster_slots_fail"] ?? "") ?? 0
                let suspected = Int(info.fields["cluster_slots_pfail"] ?? "") ?? 0
                if lost > 0 && failed[info.node.port] == nil { failed[info.node.port] = info.at }
                if info.fields["cluster_state"] == "ok" && lost == 0 && suspected == 0 { well += 1 }
            }
            if result.promoted == nil {
                let roles = try poll.ask(successors, "ROLE")
                let successor = roles.first { $0.reply?.elements?.first?.string == "master" }
                result.promoted = successor.map { Self.seconds(start, $0.at) }
            }
            if result.promoted != nil && well == survivors.count,
                try poll.agree(survivors, known: cluster.nodes.count, allowsFailures: true),
                try isInherited(row, by: successors, survivors[0])
            {
                result.agreed = Self.seconds(start, Self.now)
                break
            }
            try poll.rest()
        }
        // One that fails and is replaced between two looks was never seen as failed.
        if failed.count == survivors.count, let last = failed.values.max() {
            result.failed = Self.seconds(start, last)
        }
        let again = Self.now
        try victim.restart()
        let replicas = cluster.nodes.count - plan.masters
        let well = try waitUntilWell(known: cluster.nodes.count, replicas: replicas)
        result.rejoined = well.agreed.map { Self.seconds(again, $0) }
        try waitForCopies()
        return result
    }

    /// Whether one of the successors owns the slots that the master had.
    private func isInherited(
        _ row: ClusterNodesRow, by successors: [ServerProcess], _ witness: ServerProcess
    ) throws(InteropError) -> Bool {
        let owner = try witness.nodes().first { $0.slots == row.slots && $0.isMaster }
        return owner.map { owner in successors.contains { $0.port == owner.port } } ?? false
    }
}

// MARK: - Joining

extension BusBench {
    private func join() throws(InteropError) {
        var joins: [Double?] = []
        var forgets: [Double?] = []
        let old = cluster.nodes
        for round in 0..<plan.joins {
            let new = try cluster.add(program)
            let id = try new.text("CLUSTER", "MYID")
            let start = Self.now
            try cluster.meet(new, old[(round * 7 + 1) % old.count])
            joins.append(try waitUntilKnown(new, id, old).map { Self.seconds(start, $0) })
            new.send(.kill)
            _ = new.wait(milliseconds: 5000)
            poll.forget(new)
            let told = Self.now
            try old[0].command("CLUSTER", "FORGET", id)
            forgets.append(try waitUntilForgotten(old).map { Self.seconds(told, $0) })
            // Where it does not spread, all are told; those that have forgotten refuse.
            _ = try poll.ask(old, "CLUSTER", "FORGET", id)
            try deadline.sleep(milliseconds: 1000)
            cluster.remove(new)
        }
        note(joins, median: .join, worst: .joinWorst)
        note(forgets, median: .forget)
    }

    private func waitUntilKnown(
        _ new: ServerProcess, _ id: String, _ old: [ServerProcess]
    ) throws(InteropError) -> Int64? {
        let end = Self.now + Self.limit * 1_000_000_000
        var waiting = old
        var isComplete = false
        while Self.now < end {
            for answer in try poll.ask(waiting, "CLUSTER", "NODES") {
                let rows = (try? ClusterNodesText.parse(answer.reply?.string ?? "")) ?? []
                guard rows.contains(where: { $0.id == id && !$0.isHandshake }) else { continue }
                waiting.removeAll { $0 === answer.node }
            }
            if !isComplete {
                let rows = try new.nodes()
                isComplete = rows.count > old.count && !rows.contains(where: \.isHandshake)
            }
            if waiting.isEmpty && isComplete { return Self.now }
            try poll.rest()
        }
        return nil
    }

    private func waitUntilForgotten(_ old: [ServerProcess]) throws(InteropError) -> Int64? {
        let end = Self.now + Self.forgetLimit * 1_000_000_000
        while Self.now < end {
            let infos = try poll.infos(old)
            if infos.allSatisfy({ $0.fields["cluster_known_nodes"] == "\(old.count)" }) {
                return Self.now
            }
            try poll.rest()
        }
        return nil
    }
}
