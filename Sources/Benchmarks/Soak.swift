// A cluster of theirs and ours that goes on for minutes while one master after the other is killed and
// comes back. What must hold all that time: no node of ours suspects a living one, every shard gets a
// new master, and nodes of ours do not grow. It reads the logs of ours as they are written, so that a doubt of
// a moment is seen as well.

import ClusterClient
package import Interop
import RESP
import SystemIO

/// What a soak is made of.
package struct SoakPlan: Equatable, Sendable {
    /// Half of them ours; about half of each program masters.
    package var nodes = 100
    /// Milliseconds.
    package var nodeTimeout = 5000
    package var minutes = 10
    /// Seconds between two kills.
    package var interval = 20

    package init() {}

    var kills: Int { max(1, minutes * 60 / interval) }
    /// Milliseconds for which a killed master is away: longer than any failover should take.
    var absence: Int { interval * 600 }
}

/// The nodes of ours that were never killed, at one moment.
package struct SoakSample: Sendable {
    /// Seconds since the first kill.
    package var second: Int
    /// Bytes a node.
    package var residentMean: Int
    package var residentMost: Int
    package var descriptorsMean: Int
    package var descriptorsMost: Int

    package init(
        second: Int, residentMean: Int, residentMost: Int, descriptorsMean: Int,
        descriptorsMost: Int
    ) {
        self.second = second
        self.residentMean = residentMean
        self.residentMost = residentMost
        self.descriptorsMean = descriptorsMean
        self.descriptorsMost = descriptorsMost
    }
}

/// What became of a soak.
package struct SoakResult: Sendable {
    package var plan: SoakPlan
    package var programs: [String]
    /// Seconds from each kill until a new master had the slots; nil where none had in time.
    package var failovers: [Double?] = []
    /// Lines of our logs that doubt a node that lived, with who wrote them.
    package var doubts: [String] = []
    /// Lines of our logs about nodes that had been killed.
    package var foundedDoubts = 0
    package var samples: [SoakSample] = []
    /// In what nodes differed at the end; nil when they agreed.
    package var disagreement: String?

    package init(plan: SoakPlan, programs: [String]) {
        self.plan = plan
        self.programs = programs
    }

    /// What did not hold, a line each.
    package var failures: [String] {
        var lines = doubts.map { "a living node was marked PFAIL or FAIL: \($0)" }
        let lost = failovers.count { $0 == nil }
        if lost > 0 { lines.append("\(lost) shards had no new master in time") }
        if foundedDoubts == 0 { lines.append("no log of ours tells of any that was killed") }
        if let disagreement { lines.append("at the end: \(disagreement)") }
        guard let first = samples.first, let last = samples.last, samples.count > 1 else {
            return lines + ["memory was not measured"]
        }
        let grown = last.residentMean - first.residentMean
        if grown > max(first.residentMean / 10, Self.toleratedBytes) {
            lines.append("nodes of ours grew by \(grown / 1024) KB each")
        }
        if last.descriptorsMost > first.descriptorsMost + Self.toleratedDescriptors {
            lines.append(
                "descriptors grew from \(first.descriptorsMost) to \(last.descriptorsMost)")
        }
        return lines
    }

    /// An allocator's pages come and go.
    private static let toleratedBytes = 256 * 1024
    /// Whoever looks holds a connection, and so does who comes back.
    private static let toleratedDescriptors = 4
}

/// Plays one.
package final class Soak {
    private let plan: SoakPlan
    private let cluster: MixedCluster
    private let deadline: Deadline
    private let say: (String) -> Void
    private var result: SoakResult
    private var masters: [ServerProcess] = []
    private var logs: [Int: LogTail] = [:]
    private var ids: [Int: String] = [:]
    /// By port: whether it was killed and is away, and when it came back.
    private var isAway: Set<Int> = []
    private var backAt: [Int: Int64] = [:]
    private var everKilled: Set<Int> = []
    private var usages: [(second: Int, of: [Int: ProcessUsage])] = []
    private var lastLook = SystemClock.monotonicMilliseconds()

    private static let lookMilliseconds = 250
    /// A log is read a moment after it was written.
    private static let excuseMilliseconds: Int64 = 1000
    private static let successorLimitTimeouts = 4
    private static let settleMilliseconds = 60_000

    /// Seconds after the first kill of the first sample, and between two: at least five in all.
    private var sampleSeconds: Int { min(60, plan.minutes * 12) }

    private init(
        _ servers: [ReferenceServer], ours: ServerProgram, _ plan: SoakPlan,
        _ deadline: Deadline, _ say: @escaping (String) -> Void
    ) throws(InteropError) {
        self.plan = plan
        self.deadline = deadline
        self.say = say
        result = SoakResult(plan: plan, programs: servers.map(\.description))
        var environment = ClusterEnvironment()
        environment.deadline = deadline
        let programs = (0..<plan.nodes).map { index in
            index % 2 == 0 ? ours : .reference(servers[index / 2 % servers.count])
        }
        cluster = try MixedCluster(
            programs, nodeTimeoutMilliseconds: plan.nodeTimeout,
            directives: ["--repl-diskless-sync-delay", "0"], environment: environment)
        for node in cluster.ours {
            node.directives += ["--loglevel", "verbose"]
            try node.command("CONFIG", "SET", "loglevel", "verbose")
        }
    }

    /// Plays a soak to its end.
    /// - Parameter say: told what goes on, a line each.
    package static func run(
        with servers: [ReferenceServer], ours: ServerProgram, _ plan: SoakPlan,
        stop: StopRequest, say: @escaping (String) -> Void
    ) throws(InteropError) -> SoakResult {
        let soak = try Soak(servers, ours: ours, plan, Deadline(seconds: nil, stop: stop), say)
        try soak.play()
        soak.cluster.end()
        return soak.result
    }

    private func play() throws(InteropError) {
        try form()
        let start = SystemClock.monotonicMilliseconds()
        for kill in 0..<plan.kills {
            let due = start + Int64(kill * plan.interval) * 1000
            try watch(until: due, since: start)
            try killOne(kill)
            try watch(until: due + Int64(plan.absence), since: start)
            for node in cluster.nodes where isAway.contains(node.port) { try bringBack(node) }
        }
        try watch(until: start + Int64(plan.kills * plan.interval) * 1000, since: start)
        let end = SystemClock.monotonicMilliseconds() + Int64(Self.settleMilliseconds)
        repeat {
            result.disagreement = try cluster.disagreement()
            try look()
            try deadline.sleep(milliseconds: Self.lookMilliseconds)
        } while result.disagreement != nil && SystemClock.monotonicMilliseconds() < end
        sample(since: start)
        summarize()
    }

    /// Of each program half are masters, and the others follow those: not every version can copy what
    /// another has.
    private func form() throws(InteropError) {
        var replicas: [ServerProcess] = []
        var programs: [ServerProgram] = []
        for node in cluster.nodes where !programs.contains(node.program) {
            programs.append(node.program)
        }
        for program in programs {
            let members = cluster.nodes.filter { $0.program == program }
            masters += members.prefix(members.count / 2)
            replicas += members.dropFirst(members.count / 2)
        }
        say("\(plan.nodes) nodes, \(masters.count) of them masters, at \(plan.nodeTimeout) ms")
        try cluster.form(masters, masters: masters.count, withinMilliseconds: 120_000)
        for replica in replicas { try cluster.meet(masters[0], replica) }
        try cluster.waitUntilAgreed(withinMilliseconds: 120_000)
        for program in programs {
            let leaders = masters.filter { $0.program == program }
            for (index, replica) in replicas.filter({ $0.program == program }).enumerated() {
                try cluster.replicate(replica, leaders[index % leaders.count])
            }
        }
        try cluster.waitUntilAgreed(withinMilliseconds: 120_000)
        try cluster.waitUntilServing()
        for node in cluster.nodes { ids[node.port] = try node.text("CLUSTER", "MYID") }
        for node in cluster.ours { logs[node.port] = LogTail(node.logPath) }
        // Replicas of theirs copy their masters.
        try deadline.sleep(milliseconds: 3 * plan.nodeTimeout)
        for port in logs.keys { _ = logs[port]?.newLines() }
        lastLook = SystemClock.monotonicMilliseconds()
    }

    // MARK: - Killing

    private func killOne(_ number: Int) throws(InteropError) {
        guard let witness = cluster.running.first else { return }
        let rows = try witness.nodes()
        // Turns go over ours and theirs, whoever leads the shard by now.
        let candidates = cluster.running.filter { node in
            guard let row = rows.first(where: { $0.port == node.port }) else { return false }
            return row.isMaster && !row.slots.isEmpty && node.program.isOurs == (number % 2 == 0)
                && rows.contains { $0.master == row.id && !$0.isFailing && $0.isConnected }
        }
        guard !candidates.isEmpty else { return result.failovers.append(nil) }
        let victim = candidates[number * 7 % candidates.count]
        guard let row = rows.first(where: { $0.port == victim.port }) else { return }
        isAway.insert(victim.port)
        everKilled.insert(victim.port)
        let start = SystemClock.monotonicMilliseconds()
        victim.send(.kill)
        _ = victim.wait(milliseconds: 5000)
        let time = try waitForSuccessor(of: row, since: start)
        result.failovers.append(time)
        let words = time.map { "\(Int($0 * 1000)) ms" } ?? "none in time"
        say("kill \(number + 1) of \(plan.kills): \(victim.name), new master after \(words)")
    }

    /// Until one of ours and one of theirs both name another owner of the slots.
    private func waitForSuccessor(
        of row: ClusterNodesRow, since start: Int64
    ) throws(InteropError) -> Double? {
        let limit = start + Int64(Self.successorLimitTimeouts * plan.nodeTimeout)
        let running = cluster.running
        let witnesses = [
            running.last { $0.program.isOurs }, running.last { !$0.program.isOurs },
        ].compactMap { $0 }
        while SystemClock.monotonicMilliseconds() < limit {
            var agreeing = 0
            for witness in witnesses {
                let owner = try witness.nodes().first { $0.isMaster && $0.slots == row.slots }
                if let owner, owner.id != row.id { agreeing += 1 }
            }
            let now = SystemClock.monotonicMilliseconds()
            if agreeing == witnesses.count { return Double(now - start) / 1000 }
            try look()
            try deadline.sleep(milliseconds: 20)
        }
        return nil
    }

    private func bringBack(_ node: ServerProcess) throws(InteropError) {
        try node.restart()
        isAway.remove(node.port)
        backAt[node.port] = SystemClock.monotonicMilliseconds()
    }

    // MARK: - Watching

    private func watch(until end: Int64, since start: Int64) throws(InteropError) {
        while SystemClock.monotonicMilliseconds() < end {
            try look()
            let second = Int(SystemClock.monotonicMilliseconds() - start) / 1000
            if second >= (usages.count + 1) * sampleSeconds { sample(since: start) }
            try deadline.sleep(milliseconds: Self.lookMilliseconds)
        }
    }

    /// Reads what nodes of ours wrote since the last look.
    private func look() throws(InteropError) {
        try deadline.check()
        let begun = SystemClock.monotonicMilliseconds()
        let excused = lastLook - Self.excuseMilliseconds
        for node in cluster.ours {
            for line in logs[node.port]?.newLines() ?? [] {
                guard let id = Self.doubted(line),
                    let port = ids.first(where: { $0.value == id })?.key
                else { continue }
                if isAway.contains(port) || backAt[port, default: .min] >= excused {
                    result.foundedDoubts += 1
                } else {
                    result.doubts.append("\(node.name): \(line)")
                }
            }
        }
        lastLook = begun
    }

    /// The node that a line of a log of ours suspects or takes for failed.
    private static func doubted(_ line: Substring) -> String? {
        let words = line.split(separator: " ")
        func word(after mark: String) -> String? {
            words.firstIndex { $0 == mark }
                .flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
        }
        if line.contains(" possibly failing") { return word(after: "NODE") }
        if line.contains("Marking node ") { return word(after: "node") }
        if line.contains("FAIL message received") { return word(after: "about") }
        return nil
    }

    private func sample(since start: Int64) {
        var all: [Int: ProcessUsage] = [:]
        for node in cluster.ours { all[node.port] = ProcessUsage(of: node.processID) }
        usages.append((Int(SystemClock.monotonicMilliseconds() - start) / 1000, all))
    }

    /// Only those that were never killed went through all of it.
    private func summarize() {
        for (second, all) in usages {
            let whole = all.filter { !everKilled.contains($0.key) }.values
            guard !whole.isEmpty else { continue }
            let resident = whole.map(\.residentBytes)
            let descriptors = whole.map(\.descriptors)
            result.samples.append(
                SoakSample(
                    second: second, residentMean: resident.reduce(0, +) / whole.count,
                    residentMost: resident.max() ?? 0,
                    descriptorsMean: descriptors.reduce(0, +) / whole.count,
                    descriptorsMost: descriptors.max() ?? 0))
        }
    }
}

/// A log that grows, read as far as it goes.
private struct LogTail {
    private let path: String
    private var offset = 0

    private static let longestRead = 64 << 20

    init(_ path: String) { self.path = path }

    /// Whole lines that were written since this was last asked.
    mutating func newLines() -> [Substring] {
        guard let size = try? File.size(path), size > offset,
            let bytes = try? File.read(path, from: offset, limitBytes: Self.longestRead),
            let end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        else { return [] }
        offset += end + 1
        return String(decoding: bytes[...end], as: UTF8.self).split(separator: "\n")
    }
}
