// Rumor mongering and anti-entropy: what happens when one node calls another. Both are one exchange, in
// which an update goes by push, by pull or both ways; in anti-entropy nobody ever loses interest, and what
// is sent is only what the other lacks. Who calls when is in RumorClock.

import Determinism

/// One run of rumor mongering or anti-entropy.
///
/// - Source: Demers et al., "Epidemic algorithms for replicated database maintenance", CSL-89-1,
///   sections 1.3 (anti-entropy) and 1.4 (complex epidemics: blind or feedback, counter or coin, push or
///   pull, minimization, connection limit, hunting).
struct Rumor {
    let options: LabOptions
    var random: SplitMix64
    var network: Network
    var people: Population
    var meter = Meter()
    /// The round that is under way.
    var round = 0
    /// The time of a call, where it is not that of its round.
    var time: Double?

    /// Contacts, or sends when blind, until interest is lost; nil: never.
    let limit: Int?
    let compares: Bool
    /// Every call is made one by one, even where a plain round would do.
    var spellsOut = false
    /// What is known is judged at the call, and what was heard counts at once.
    let isInstant: Bool
    /// What a node does in a round is judged at the end of it.
    let isByRounds: Bool
    let isDelayed: Bool
    private let countsCrossings: Bool
    let usesCounters: Bool

    /// Unnecessary contacts of each node, or its sends when blind.
    var counters: [UInt16] = []
    /// What came of the answers of each node in this round.
    var marks: [UInt8] = []
    var marked: [UInt32] = []
    /// Nodes that have lost interest in this round.
    var leaving: [UInt32] = []
    var callsTaken: [UInt16] = []
    private var heardFrom: [UInt32] = []
    private var sentTo: [[UInt32]] = []
    private var targets: [Int] = []
    /// The call in which each node was last a target, where targets are too many to be looked through.
    private var stamps: [UInt32] = []
    private var stamp: UInt32 = 0
    /// Those who heard and are infective at once, until somebody asks.
    var newcomers: [UInt32] = []
    /// What is on its way, by the round of arrival.
    private var mail: [[Letter]] = []
    private(set) var underway = 0
    /// Databases that were compared, and of them those of one that knows and one that does not.
    private var (compared, differing) = (0, 0)

    struct Letter {
        enum Kind: UInt8 { case call, callWithUpdate, answer, needed, unnecessary }
        var kind: Kind
        var from: UInt32
        var to: UInt32
    }

    enum Mark {
        static let needed: UInt8 = 1
        static let unnecessary: UInt8 = 2
        static let sent: UInt8 = 4
    }

    init(_ options: LabOptions, seed: UInt64) {
        self.options = options
        random = SplitMix64(seed: seed)
        network = Network(options, &random)
        people = Population(network)
        compares = options.strategy == .antiEntropy
        limit = compares ? nil : options.interestLimit
        isInstant = options.usedKnowledge == .instant
        isByRounds = options.clock == .rounds
        isDelayed = options.delay.upperBound > 0
        countsCrossings = options.topology == .continents || options.topology == .spatial
        usesCounters = limit != nil && options.stop == .counter
        let count = options.nodes
        if usesCounters { counters = [UInt16](repeating: 0, count: count) }
        if limit != nil { marks = [UInt8](repeating: 0, count: count) }
        if options.connectionLimit != nil { callsTaken = [UInt16](repeating: 0, count: count) }
        if options.fanout > Self.fewTargets { stamps = [UInt32](repeating: 0, count: count) }
        if options.noSendBack { heardFrom = [UInt32](repeating: .max, count: count) }
        if options.noRepeat { sentTo = [[UInt32]](repeating: [], count: count) }
        if isDelayed {
            mail = [[Letter]](repeating: [], count: options.delay.upperBound + 1)
        }
        people.inject(at: 0)
    }

    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var rumor = Rumor(options, seed: seed)
        let rounds = rumor.spread()
        var result = RunResult(seed: seed)
        rumor.people.complete(&result, rounds: rounds)
        result.meter = rumor.meter
        if rumor.compares { result.meter.bytes = rumor.bytesCompared(seed) }
        return result
    }

    /// What comparing cost: of contacts between two that agree in the update, and of those that do not. The
    /// price has chance of its own, so that the run is the same whatever is compared how.
    private func bytesCompared(_ seed: UInt64) -> Double {
        // Who says what is in one of its messages compares by sending one, and is answered by another.
        if let bytes = options.messageBytes { return Double(2 * meter.contacts) * bytes }
        var chance = SplitMix64(seed: ~seed)
        let same = ComparisonCost.contact(options, differing: false, random: &chance).bytes
        let other = ComparisonCost.contact(options, differing: true, random: &chance).bytes
        return Double(compared - differing) * same + Double(differing) * other
    }

    // MARK: A call

    /// A node calls as many others as it may in a round.
    @inline(__always)
    mutating func act(_ caller: Int) {
        if options.fanout == 1 && !options.noRepeat && !options.noSendBack {
            if let target = network.partner(of: caller, &random) { call(caller, target) }
            return
        }
        if !options.withReplacement, 2 * options.fanout > network.partnerCount(of: caller) {
            return actOnMany(caller)
        }
        targets.removeAll(keepingCapacity: true)
        stamp &+= 1
        for _ in 0..<options.fanout {
            guard let target = pick(for: caller) else { return }
            if stamps.isEmpty { targets.append(target) } else { stamps[target] = stamp }
            if options.noRepeat { sentTo[caller].append(UInt32(target)) }
            call(caller, target)
        }
    }

    /// Where most of those that can be called are: they are listed, and so many drawn of the list.
    private mutating func actOnMany(_ caller: Int) {
        targets.removeAll(keepingCapacity: true)
        stamp &+= 1
        var left = network.partners(of: caller).filter { isAllowed($0, for: caller) }
        for _ in 0..<min(options.fanout, left.count) {
            let target = left.remove(swapping: random.below(left.count))
            if options.noRepeat { sentTo[caller].append(UInt32(target)) }
            call(caller, target)
        }
    }

    /// A target that this node may call: not again in this round, and not whom it must not.
    private mutating func pick(for caller: Int) -> Int? {
        for _ in 0..<Self.tries {
            guard let target = network.partner(of: caller, &random) else { return nil }
            if isAllowed(target, for: caller) { return target }
        }
        let left = network.partners(of: caller).filter { isAllowed($0, for: caller) }
        return left.isEmpty ? nil : left[random.below(left.count)]
    }

    /// Targets of a round that are looked through.
    private static let fewTargets = 16
    /// Draws of a target before those that are left are listed.
    private static let tries = 64

    private func isAllowed(_ target: Int, for caller: Int) -> Bool {
        if !options.withReplacement {
            if stamps.isEmpty ? targets.contains(target) : stamps[target] == stamp { return false }
        }
        if options.noSendBack && heardFrom[caller] == UInt32(target) { return false }
        return !options.noRepeat || !sentTo[caller].contains(UInt32(target))
    }

    @inline(__always)
    private mutating func call(_ caller: Int, _ drawn: Int) {
        var target = drawn
        meter.contacts += 1
        meter.asTaught += options.mode.messagesAsTaught
        if options.connectionLimit != nil {
            guard let taker = connect(caller, drawn) else { return }
            target = taker
        }
        if countsCrossings && network.crosses(caller, target) {
            meter.crossings += 1
        }
        let carries = options.mode.pushes && people.phase(caller) == .infective
        if compares {
            compare(caller, target)
        } else {
            if carries { countSend(of: caller) }
            send(carries ? .callWithUpdate : .call, caller, target)
        }
    }

    /// Who takes the call, when not everybody can.
    private mutating func connect(_ caller: Int, _ drawn: Int) -> Int? {
        let limit = options.connectionLimit ?? 0
        var target = drawn
        for hunted in 0...options.hunt {
            if callsTaken[target] < limit {
                callsTaken[target] += 1
                return target
            }
            meter.rejected += 1
            guard hunted < options.hunt, let other = network.partner(of: caller, &random) else {
                return nil
            }
            target = other
        }
        return nil
    }

    @inline(__always)
    mutating func send(_ kind: Letter.Kind, _ from: Int, _ to: Int) {
        guard network.delivers(from: from, to: to, &random) else {
            meter.lost += 1
            return
        }
        guard isDelayed else { return arrive(kind, from, to) }
        let delay = network.delay(&random)
        guard delay > 0 else { return arrive(kind, from, to) }
        let later = (round + delay) % mail.count
        mail[later].append(Letter(kind: kind, from: UInt32(from), to: UInt32(to)))
        underway += 1
    }

    /// What is due in this round arrives.
    mutating func takeMail() {
        guard isDelayed else { return }
        let place = round % mail.count
        let due = mail[place]
        mail[place] = []
        underway -= due.count
        for letter in due where network.isUp(Int(letter.to)) {
            arrive(letter.kind, Int(letter.from), Int(letter.to))
        }
    }

    @inline(__always)
    private mutating func arrive(_ kind: Letter.Kind, _ from: Int, _ to: Int) {
        switch kind {
        case .call: if options.mode.pulls { answer(to, caller: from) }
        case .callWithUpdate:
            let knew = knows(to)
            take(to, from: from, knew: knew)
            if options.mode.pulls && knew && people.phase(to) == .infective {
                bothKnow(caller: from, other: to)
            } else {
                tell(from, by: to, needed: !knew)
            }
        case .answer:
            let knew = knows(to)
            take(to, from: from, knew: knew)
            tell(from, by: to, needed: !knew)
        case .needed: judgePush(to, needed: true)
        case .unnecessary: judgePush(to, needed: false)
        }
    }

    /// Answers one that has not said that it knows.
    @inline(__always)
    private mutating func answer(_ node: Int, caller: Int) {
        guard people.phase(node) == .infective else { return }
        countSend(of: node)
        if isDelayed {
            send(.answer, node, caller)
        } else {
            guard network.delivers(from: node, to: caller, &random) else {
                meter.lost += 1
                return
            }
            let knew = knows(caller)
            take(caller, from: node, knew: knew)
            judgeAnswer(node, needed: !knew)
        }
    }

    @inline(__always)
    private func knows(_ node: Int) -> Bool {
        isInstant || isDelayed ? people.knows(node) : people.knewBefore(node)
    }

    @inline(__always)
    private mutating func take(_ node: Int, from: Int, knew: Bool) {
        guard !knew, people.hear(node, in: round, at: time) else { return }
        if options.noSendBack { heardFrom[node] = UInt32(from) }
        if isInstant {
            people.mature()
            newcomers.append(UInt32(node))
        }
    }

    /// Both have it: the call was unnecessary for both, or only for the one with the smaller counter.
    private mutating func bothKnow(caller: Int, other: Int) {
        guard options.minimizes, usesCounters else {
            tell(caller, by: other, needed: false)
            return judgeAnswer(other, needed: false)
        }
        let (mine, its) = (counters[caller], counters[other])
        if mine <= its { tell(caller, by: other, needed: false) }
        if its <= mine { judgeAnswer(other, needed: false) }
    }

    // MARK: Comparing

    /// Anti-entropy: what one has and the other lacks is sent.
    @inline(__always)
    private mutating func compare(_ caller: Int, _ target: Int) {
        guard network.delivers(from: caller, to: target, &random) else {
            meter.lost += 1
            return
        }
        compared += 1
        let (mine, its) = (knows(caller), knows(target))
        guard mine != its else { return }
        differing += 1
        guard mine ? options.mode.pushes : options.mode.pulls else { return }
        meter.updates += 1
        if mine {
            take(target, from: caller, knew: false)
        } else if network.delivers(from: target, to: caller, &random) {
            take(caller, from: target, knew: false)
        } else {
            meter.lost += 1
        }
    }
}

extension [Int] {
    /// Takes one out; the last has its place then.
    fileprivate mutating func remove(swapping place: Int) -> Int {
        swapAt(place, count - 1)
        return removeLast()
    }
}
