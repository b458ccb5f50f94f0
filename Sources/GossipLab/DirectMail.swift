// Direct mail: the origin sends each update to all that it knows. What does not arrive waits in a queue of
// bounded length and is sent again each round until it is too old. What the queue has no room for is lost
// for good, and only the counters know of it.

import Determinism

/// One run of direct mail.
///
/// - Source: Demers et al., CSL-89-1, section 1.2; the bounded queue as hinted hand-off has it.
struct DirectMail {
    private let options: LabOptions
    private var random: SplitMix64
    private var network: Network
    /// Those who have heard of the first update.
    private var people: Population
    private var meter = Meter()
    private var round = 0
    /// Sends that failed, oldest first, from `head` on.
    private var queue: [Waiting] = []
    private var head = 0
    /// Updates that reached each node, over all writes.
    private var delivered = 0

    private struct Waiting {
        let node: UInt32
        let write: UInt32
        let since: Int
    }

    private init(_ options: LabOptions, seed: UInt64) {
        self.options = options
        random = SplitMix64(seed: seed)
        network = Network(options, &random)
        people = Population(network)
        people.inject(at: 0)
        for name in ["sent", "retried", "expired", "overflowed", "refused", "delivered"] {
            meter.add(0, to: name)
        }
    }

    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var mail = DirectMail(options, seed: seed)
        mail.spread()
        var result = RunResult(seed: seed)
        mail.people.mature()
        mail.people.complete(&result, rounds: Double(mail.round))
        result.meter = mail.meter
        result.meter.add(Double(mail.delivered), to: "delivered")
        return result
    }

    /// The same run as it is watched.
    static func history(_ options: LabOptions, seed: UInt64) -> History {
        var mail = DirectMail(options, seed: seed)
        mail.people.keepsRemovals()
        mail.spread()
        return mail.people.history(rounds: mail.round)
    }

    private var waiting: Int { queue.count - head }

    private mutating func spread() {
        meter.endRound(people.compartments)
        while round < options.roundsLimit {
            round += 1
            network.begin(round, &random)
            retry()
            if round <= options.writes { write(UInt32(round)) }
            if options.backup == .antiEntropy && round % options.backupEvery == 0 {
                _ = people.backUp(network, in: round, &meter, &random)
            }
            people.mature()
            meter.endRound(people.compartments)
            let isQuiet = waiting == 0 && round >= options.writes
            if isQuiet && (options.backup == .none || people.allKnow) { return }
            if options.until == .allKnow && people.allKnow { return }
        }
    }

    /// One update goes to everybody, unless the queue is full and the write is refused.
    private mutating func write(_ number: UInt32) {
        if options.queueFull == .refuse, let limit = options.queue, waiting >= limit {
            return meter.add(1, to: "refused")
        }
        for node in 1..<max(1, options.nodes) where !network.isGoneForGood(node) {
            meter.contacts += 1
            meter.asTaught += 1
            meter.add(1, to: "sent")
            if !post(number, to: node) {
                keep(Waiting(node: UInt32(node), write: number, since: round))
            }
        }
    }

    /// - Returns: whether it arrived, which the origin learns.
    private mutating func post(_ number: UInt32, to node: Int) -> Bool {
        meter.updates += 1
        guard network.delivers(from: 0, to: node, &random) else {
            meter.lost += 1
            return false
        }
        delivered += 1
        if number == 1 { people.hear(node, in: round) }
        return true
    }

    private mutating func keep(_ item: Waiting) {
        if let limit = options.queue, waiting >= limit {
            meter.add(1, to: "overflowed")
            // A write that was taken is not taken back: what does not fit of it is lost, as with
            // drop-newest.
            guard options.queueFull == .dropOldest, limit > 0 else { return }
            head += 1
        }
        queue.append(item)
    }

    private mutating func retry() {
        let due = queue[head...]
        queue = []
        head = 0
        for item in due {
            if let age = options.maxAge, round - item.since > age {
                meter.add(1, to: "expired")
                continue
            }
            meter.contacts += 1
            meter.asTaught += 1
            meter.add(1, to: "retried")
            if !post(item.write, to: Int(item.node)) { queue.append(item) }
        }
    }
}
