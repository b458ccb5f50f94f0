// Reads the text of a kept plan. Whatever is not understood, is missing, is out of its range or
// names a node that there is not is an error with its line: a plan that was read is one that can be
// carried out.

import ClusterCore
import ClusterWire

extension KeptPlan {
    /// Reads what `text` writes.
    package init(_ text: String) throws(PlanError) {
        var parser = KeptPlanParser()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            parser.line += 1
            let words = line.split(separator: " ")
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            if first == "from" {
                try parser.addFault(words)
            } else {
                try parser.set(String(first), Array(words.dropFirst()))
            }
        }
        self = try parser.plan()
    }
}

private struct KeptPlanParser {
    /// From 1.
    var line = 0
    private var settings: [(name: String, words: [Substring], line: Int)] = []
    private var faults: [PlannedFault] = []
    private var faultLines: [Int] = []
    private var catches: [PlantedBug] = []

    /// Greatest times of a plan, in seconds, and of what is slow, in microseconds.
    private static let longestSeconds: Int64 = 1_000_000
    private static let longestDelay: Int64 = 60_000_000

    private func fail(_ text: String, at line: Int? = nil) -> PlanError {
        PlanError(line: line ?? self.line, text: text)
    }

    // MARK: Settings

    private static let names = [
        "seed", "masters", "replicas", "node-timeout", "delay", "loss", "disk", "config-epochs",
        "monotonic-clocks", "validity-factor", "replica-data", "end",
    ]

    mutating func set(_ name: String, _ words: [Substring]) throws(PlanError) {
        if name == "catches" {
            guard words.count == 1, let bug = PlantedBug(name: String(words[0])) else {
                throw fail("catches names one bug that can be planted")
            }
            return catches.append(bug)
        }
        guard Self.names.contains(name) else { throw fail("\(name) is no setting of a plan") }
        guard !settings.contains(where: { $0.name == name }) else {
            throw fail("\(name) is given twice")
        }
        settings.append((name, words, line))
    }

    func plan() throws(PlanError) -> KeptPlan {
        let masters = Int(try number("masters", in: 1...Int64(SimOptions.nodeLimit)))
        let replicas = Int(
            try number("replicas", in: 0...Int64(SimOptions.nodeLimit - masters)))
        var environment = EnvironmentProfile(
            delay: try range("delay"),
            lossPerMillion: Int(try number("loss", in: 0...1_000_000, unit: "per million")),
            diskDelay: try range("disk"),
            assignsEpochs: try choice("config-epochs", yes: "assigned", no: "colliding"),
            hasOwnOrigins: try choice("monotonic-clocks", yes: "own", no: "common"),
            validityFactor: try number("validity-factor", in: 0...1000),
            hasData: try choice("replica-data", yes: ["lagging", "keys"], no: "none"))
        environment.carriesKeys = try setting("replica-data").words == ["keys"]
        let seed = try setting("seed")
        guard seed.words.count == 1, let value = UInt64(seed.words[0]) else {
            throw fail("seed is no number", at: seed.line)
        }
        let last = try setting("end")
        guard last.words.count == 1, let end = Self.microseconds(last.words[0]) else {
            throw fail("end is no number of seconds", at: last.line)
        }
        for (fault, line) in zip(faults, faultLines) {
            guard fault.start <= end, fault.end ?? end <= end else {
                throw fail("the fault is not over at the end of the plan", at: line)
            }
            guard fault.fault.nodes.allSatisfy({ $0 < masters + replicas }) else {
                throw fail("there are only \(masters + replicas) nodes, from n0", at: line)
            }
            if case .partition(let side) = fault.fault, side.count == masters + replicas {
                throw fail("a partition leaves somebody on the other side", at: line)
            }
        }
        var plan = KeptPlan(
            seed: value, masters: masters, replicas: replicas,
            nodeTimeout: try number("node-timeout", in: 100...1_000_000, unit: "ms"),
            environment: environment, faults: FaultPlan(faults: faults, end: end))
        plan.catches = catches
        return plan
    }

    private func setting(_ name: String) throws(PlanError) -> (words: [Substring], line: Int) {
        guard let found = settings.first(where: { $0.name == name }) else {
            throw fail("\(name) is missing")
        }
        return (found.words, found.line)
    }

    private func number(
        _ name: String, in range: ClosedRange<Int64>, unit: String = ""
    ) throws(PlanError) -> Int64 {
        let (words, line) = try setting(name)
        guard let first = words.first, let value = Int64(first), range.contains(value),
            words.dropFirst().joined(separator: " ") == unit
        else {
            let end = unit.isEmpty ? "" : " \(unit)"
            throw fail(
                "\(name) is no number from \(range.lowerBound) to \(range.upperBound)\(end)",
                at: line)
        }
        return value
    }

    private func range(_ name: String) throws(PlanError) -> ClosedRange<Int64> {
        let (words, line) = try setting(name)
        let bounds = (words.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
            .map { Int64($0) }
        guard words.count == 2, words[1] == "us", bounds.count == 2, let least = bounds[0],
            let most = bounds[1], least <= most, most <= Self.longestDelay
        else { throw fail("\(name) is not A-B us, up to a minute", at: line) }
        return least...most
    }

    private func choice(_ name: String, yes: String, no: String) throws(PlanError) -> Bool {
        try choice(name, yes: [yes], no: no)
    }

    private func choice(_ name: String, yes: [String], no: String) throws(PlanError) -> Bool {
        let (words, line) = try setting(name)
        guard words.count == 1, let word = words.first.map({ String($0) }),
            word == no || yes.contains(word)
        else {
            throw fail("\(name) is \(yes.joined(separator: ", ")) or \(no)", at: line)
        }
        return word != no
    }

    /// Seconds with up to six decimals.
    private static func microseconds(_ word: Substring) -> Int64? {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy {
            !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard isNumber, parts.count <= 2, let seconds = Int64(parts[0]), seconds <= longestSeconds
        else { return nil }
        let decimals = parts.count == 2 ? parts[1] : "0"
        guard decimals.count <= 6, let rest = Int64(decimals) else { return nil }
        var scaled = rest
        for _ in decimals.count..<6 { scaled *= 10 }
        return seconds * 1_000_000 + scaled
    }

    // MARK: Faults

    mutating func addFault(_ words: [Substring]) throws(PlanError) {
        guard words.count > 2, let start = Self.microseconds(words[1]) else {
            throw fail(
                "a fault is \"from SECONDS to SECONDS\", or without an end, and what happens")
        }
        var rest = words[2...]
        var end: Int64?
        if rest.first == "to" {
            guard rest.count > 2, let time = Self.microseconds(words[3]), time >= start else {
                throw fail("a fault ends at a number of seconds, not before it begins")
            }
            end = time
            rest = rest.dropFirst(2)
        }
        var reader = FaultReader(words: rest.map(String.init))
        guard let fault = reader.fault(), reader.words.isEmpty else {
            throw fail("\(rest.joined(separator: " ")) is no fault")
        }
        guard !fault.nodes.contains(where: { node in fault.nodes.count { $0 == node } > 1 }) else {
            throw fail("a node is named twice")
        }
        faults.append(PlannedFault(start: start, end: end, fault: fault))
        faultLines.append(line)
    }
}

/// The words of one fault, taken from the front.
private struct FaultReader {
    var words: [String]

    private mutating func word() -> String { words.isEmpty ? "" : words.removeFirst() }

    private mutating func takes(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    private mutating func node() -> Int? {
        let word = word()
        guard word.hasPrefix("n"), let number = UInt16(word.dropFirst()) else { return nil }
        return Int(number)
    }

    private mutating func pair() -> (Int, Int)? {
        guard let one = node(), let other = node() else { return nil }
        return (one, other)
    }

    private mutating func number(_ range: ClosedRange<Int64>, _ unit: String) -> Int64? {
        guard let value = Int64(word()), range.contains(value), takes(unit) else { return nil }
        return value
    }

    private mutating func isHard() -> Bool? { takes("hard") ? true : takes("soft") ? false : nil }

    mutating func fault() -> Fault? {
        let kind = word()
        switch kind {
        case "crash", "power-loss": return death(isSilent: kind == "power-loss")
        case "swap-addresses": return pair().map { .swap($0, $1) }
        case "pause": return node().map { .pause(node: $0) }
        case "partition":
            var side: [Int] = []
            while !words.isEmpty {
                guard let node = node() else { return nil }
                side.append(node)
            }
            return side.isEmpty ? nil : .partition(side: side)
        case "cut": return pair().map { .cut(from: $0, to: $1, mayNotKnowUs: false) }
        case "cut-one-way": return pair().map { .cut(from: $0, to: $1, mayNotKnowUs: true) }
        case "reset-links": return pair().map { .reset($0, $1) }
        case "slow", "slow-disk": return slowness(isDisk: kind == "slow-disk")
        case "refusing-disk": return node().map { .refusingDisk(node: $0) }
        case "clock-jump", "clock-drift": return clock(drifts: kind == "clock-drift")
        case "garbage":
            guard let (from, to) = pair(), let shape = Garbage(rawValue: word()) else { return nil }
            return .garbage(from: from, to: to, shape)
        case "forge": return forgery()
        default: return act(kind).map { .operate($0) }
        }
    }

    private mutating func forgery() -> Fault? {
        guard let lie = Forgery.Lie(rawValue: word()), takes("as"), let name = node(),
            takes("about"), let about = node()
        else { return nil }
        return .forge(Forgery(lie: lie, name: name, about: about, isNear: takes("near")))
    }

    private mutating func death(isSilent: Bool) -> Fault? {
        guard let node = node() else { return nil }
        if takes("new-address") { return .move(node: node, isSilent: isSilent) }
        return .crash(node: node, isSilent: isSilent, losesDisk: takes("lost-disk"))
    }

    private mutating func slowness(isDisk: Bool) -> Fault? {
        guard let node = node(), let delay = number(0...1_000_000_000_000, "us") else { return nil }
        return isDisk ? .slowDisk(node: node, delay: delay) : .slow(node: node, delay: delay)
    }

    private mutating func clock(drifts: Bool) -> Fault? {
        let most: Int64 = 1_000_000_000
        guard let node = node(), let value = number(-most...most, drifts ? "ppm" : "ms") else {
            return nil
        }
        return drifts
            ? .clockDrift(node: node, parts: value) : .clockJump(node: node, milliseconds: value)
    }

    private mutating func act(_ kind: String) -> OperatorAct? {
        switch kind {
        case "failover": return node().map { .failover(node: $0, .asked) }
        case "failover-force": return node().map { .failover(node: $0, .forced) }
        case "failover-takeover": return node().map { .failover(node: $0, .takeover) }
        case "reshard":
            guard let (from, to) = pair(),
                let count = number(1...Int64(Layout.slotCount), "slots")
            else { return nil }
            return .reshard(from: from, to: to, count: Int(count))
        case "replicate": return pair().map { .replicate(node: $0, master: $1) }
        case "reset-without-slots", "reset-owner":
            guard let node = node(), let isHard = isHard() else { return nil }
            return kind == "reset-owner"
                ? .resetOwner(node: node, isHard: isHard)
                : .resetEmpty(node: node, isHard: isHard)
        case "forget":
            guard let node = node() else { return nil }
            if takes("by-half") { return .forget(node: node, byHalf: true) }
            return takes("by-all") ? .forget(node: node, byHalf: false) : nil
        default: return nil
        }
    }
}

extension Fault {
    /// All nodes that it names.
    fileprivate var nodes: [Int] {
        switch self {
        case .crash(let node, _, _), .move(let node, _), .pause(let node), .slow(let node, _),
            .slowDisk(let node, _), .refusingDisk(let node), .clockJump(let node, _),
            .clockDrift(let node, _):
            [node]
        case .swap(let one, let other), .reset(let one, let other), .cut(let one, let other, _),
            .garbage(let one, let other, _):
            [one, other]
        case .forge(let forgery): [forgery.name, forgery.about]
        case .partition(let side): side
        case .operate(let act): act.nodes
        }
    }
}

extension OperatorAct {
    fileprivate var nodes: [Int] {
        switch self {
        case .failover(let node, _), .resetEmpty(let node, _), .resetOwner(let node, _),
            .forget(let node, _):
            [node]
        case .reshard(let one, let other, _), .replicate(let one, let other): [one, other]
        }
    }
}
