// SWIM: a group of nodes that all know each other probe one another, and one of them crashes. The
// news is that it is dead. Decided here: who probes whom in a protocol period and what a failed
// probe comes to; what a member makes of what it is told is in SwimViews, the formulas beside it
// are in SwimTheory.

import Determinism

/// One run of SWIM, with or without Lifeguard. A round is a protocol period; node 0 crashes in
/// round 0, and so do those that are down for good; the news is that node 0 is dead. A node has
/// heard it once it holds node 0 for dead, spreads it while it still has sends left, and is then
/// removed.
///
/// In each period a node probes the next member of its list and waits for the answer until the
/// period ends: its own, or one by way of `indirectChecks` others. Everything that is said goes on
/// top of these messages. A slow node comes to its turn in one period of `slowFactor`: only then it
/// reads and answers what came in the meantime, so that its answers are late, and so it finds the
/// answers to its own probe late, too, and suspects members that are well. Whatever takes a round
/// of `delay` is late in the same way.
///
/// A run until quiet ends when all know and nothing is left to be said. Where loss, slow nodes,
/// coming and going or a partition make suspicion without end it takes all of `roundsLimit`, which
/// makes it the run by which false positives are measured. Parts that have declared each other dead
/// stay apart when a partition heals, as nobody probes the dead.
/// - Source: Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group
///   Membership Protocol", DSN 2002, sections 3.1 (probe), 4.1 (piggyback), 4.2 (suspicion), 4.3
///   (order); Dadgar, Phillips, Currey, "Lifeguard", arXiv 1707.00788, with the constants of
///   memberlist.
struct Swim {
    let options: LabOptions
    var random: SplitMix64
    var network: Network
    var people: Population
    var meter = Meter()
    var round = 0
    /// Whose death is the news.
    static let crashed = 0

    let sends: Int
    let patience: SwimPatience
    let isInstant: Bool
    /// The rank that each node holds each other one at: that of node j with node i is at i * nodes
    /// + j.
    var views: [UInt16]
    /// What each node still has to say.
    var rumors: [SwimRumors]
    var suspicions: [[SwimSuspicion]]
    /// Of each node, as it gives it out itself.
    var incarnations: [UInt16]
    /// The highest rank at which each node was declared dead, so that one false alarm counts once.
    var declared: [UInt16]
    /// What was heard in this round and counts at the end of it.
    var arrived: [(at: UInt16, news: SwimNews)] = []
    /// Nodes that have sent the news as often as they may.
    var leaving: [Int] = []
    var counts = SwimCounts()

    /// 0 for a node that is well; Lifeguard's multiple of the probe interval is one more.
    private(set) var health: [Int]
    private var nextProbe: [Int]
    private var order: SwimProbeOrder
    private var mail: [[Letter]]
    /// Whom each node answers late in this round.
    private var askers: [[UInt16]]
    private var everyone: [Int]
    /// What goes on top of the message that is being sent.
    private var load: [SwimNews] = []
    /// Of that, what is then sent no more.
    private var spent: [SwimNews] = []

    /// A message that waits for its time, or for its receiver to read it.
    private struct Letter {
        let due: Int
        let news: [SwimNews]
        let asker: UInt16?
    }

    init(_ options: LabOptions, seed: UInt64) {
        self.options = options
        random = SplitMix64(seed: seed)
        network = Network(options, &random)
        people = Population(network, crashed: 1)
        let count = options.nodes
        sends = SwimTheory.sends(multiplier: options.retransmitMultiplier, nodes: count)
        patience = SwimPatience(
            multiplier: options.suspicionMultiplier, nodes: count, shrinks: options.lifeguard)
        isInstant = options.usedKnowledge == .instant
        views = [UInt16](repeating: 0, count: count * count)
        rumors = [SwimRumors](repeating: SwimRumors(), count: count)
        suspicions = [[SwimSuspicion]](repeating: [], count: count)
        incarnations = [UInt16](repeating: 0, count: count)
        declared = [UInt16](repeating: 0, count: count)
        health = [Int](repeating: 0, count: count)
        nextProbe = [Int](repeating: 1, count: count)
        order = SwimProbeOrder(count: count)
        mail = [[Letter]](repeating: [], count: count)
        askers = [[UInt16]](repeating: [], count: count)
        everyone = (0..<count).map { $0 }
    }

    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var swim = Swim(options, seed: seed)
        swim.meter.endRound(swim.people.compartments)
        while !swim.isOver, swim.round < options.roundsLimit { swim.turn() }
        return swim.result(seed: seed)
    }

    // MARK: Rounds

    /// Whether nobody is ever suspected without being down.
    private var isCalm: Bool {
        options.loss == 0 && options.churn == 0 && options.partition == nil
            && options.delay.upperBound == 0 && !network.hasSlowNodes
    }

    private var isOver: Bool {
        guard people.allKnow else { return false }
        if options.until == .allKnow || people.count == 0 { return true }
        return isCalm && people.infective == 0 && rumors.allSatisfy(\.isEmpty)
            && suspicions.allSatisfy(\.isEmpty)
    }

    /// Whether it takes part: it has not crashed and is not down.
    func isUp(_ node: Int) -> Bool { node != Self.crashed && network.isUp(node) }

    /// One protocol period: time runs out for those who are suspected, what waited is read,
    /// everybody probes, and what was said counts.
    mutating func turn() {
        round += 1
        network.begin(round, &random)
        for node in 0..<options.nodes where isUp(node) && network.acts(node, in: round) {
            // One that was held up finds its alarms first and its letters after them.
            expire(node)
            read(node)
        }
        if isInstant { random.shuffle(&everyone) }
        for node in everyone where isUp(node) && network.acts(node, in: round) {
            for asker in askers[node] { send(node, Int(asker)) }
            askers[node].removeAll(keepingCapacity: true)
            if nextProbe[node] <= round { probe(node) }
        }
        for (node, news) in arrived { learn(Int(node), news) }
        arrived.removeAll(keepingCapacity: true)
        people.mature()
        for node in leaving { people.remove(node, in: round) }
        leaving.removeAll(keepingCapacity: true)
        meter.endRound(people.compartments)
    }

    private mutating func read(_ node: Int) {
        guard !mail[node].isEmpty else { return }
        let waiting = mail[node]
        mail[node].removeAll(keepingCapacity: true)
        for letter in waiting {
            guard letter.due <= round else {
                mail[node].append(letter)
                continue
            }
            for news in letter.news { learn(node, news) }
            if let asker = letter.asker { askers[node].append(asker) }
        }
    }

    // MARK: Probing

    private mutating func probe(_ node: Int) {
        guard let target = nextTarget(of: node) else { return forget(node) }
        counts.probes += 1
        var hasAnswer = ask(node, target)
        var nacksMissing = 0
        if !hasAnswer {
            for helper in helpers(of: node, target) {
                meter.contacts += 1
                guard send(node, helper) else {
                    nacksMissing += 1
                    continue
                }
                let heard = ask(helper, target)
                // Without Lifeguard a helper that got no answer says nothing.
                guard heard || options.lifeguard else { continue }
                if !send(helper, node) {
                    nacksMissing += 1
                } else if heard {
                    hasAnswer = true
                }
            }
        }
        if options.lifeguard { judge(node, hasAnswer, nacksMissing) }
        nextProbe[node] = round + 1 + health[node]
        if !hasAnswer { suspect(target, by: node) }
    }

    /// A ping and its answer.
    /// - Returns: whether the answer is there in time.
    private mutating func ask(_ node: Int, _ target: Int) -> Bool {
        meter.contacts += 1
        return send(node, target, isPing: true) && send(target, node)
    }

    /// The next of its list that it does not hold for dead.
    private mutating func nextTarget(of node: Int) -> Int? {
        for _ in 1..<max(2, options.nodes) {
            guard let next = order.next(of: node, &random) else { return nil }
            if view(node, next).claim != .dead { return next }
        }
        return nil
    }

    /// Others, each once, through whom the target is asked.
    private mutating func helpers(of node: Int, _ target: Int) -> [Int] {
        let wanted = min(options.indirectChecks, options.nodes - 2)
        var chosen: [Int] = []
        var tries = 0
        while chosen.count < wanted && tries < Self.triesForEach * wanted {
            tries += 1
            let drawn = random.below(options.nodes - 1)
            let helper = drawn < node ? drawn : drawn + 1
            guard helper != target, !chosen.contains(helper) else { continue }
            if view(node, helper).claim != .dead { chosen.append(helper) }
        }
        return chosen
    }

    /// Lifeguard's local health: a probe that fails, each answer that does not even say that it
    /// failed, and having to refute a suspicion of oneself speak against the node itself.
    private mutating func judge(_ node: Int, _ hasAnswer: Bool, _ nacksMissing: Int) {
        if hasAnswer { worsen(node, by: -1) } else { worsen(node, by: 1 + nacksMissing) }
    }

    mutating func worsen(_ node: Int, by points: Int) {
        guard options.lifeguard else { return }
        health[node] = min(Self.worstHealth, max(0, health[node] + points))
    }

    private mutating func suspect(_ target: Int, by node: Int) {
        if isUp(target) {
            counts.falseSuspicions += 1
        } else if target == Self.crashed, counts.firstDetection == nil {
            counts.firstDetection = round
        }
        let held = view(node, target)
        let news = SwimNews(
            subject: UInt16(target), rank: SwimRank(.suspect, held.incarnation),
            accuser: UInt16(node))
        if isInstant { learn(node, news) } else { arrived.append((UInt16(node), news)) }
    }

    /// Nobody is left to whom it could say anything.
    private mutating func forget(_ node: Int) {
        leaving.append(node)
        rumors[node] = SwimRumors()
    }

    // MARK: Messages

    /// Sends a message with what the sender has to say on top of it.
    /// - Returns: whether it is read in this period.
    @discardableResult
    private mutating func send(_ from: Int, _ to: Int, isPing: Bool = false) -> Bool {
        meter.asTaught += 1
        if options.topology == .continents && network.crosses(from, to) { meter.crossings += 1 }
        fill(from, to)
        guard to != Self.crashed, network.delivers(from: from, to: to, &random) else {
            meter.lost += 1
            return false
        }
        let delay = network.delay(&random)
        guard delay == 0 && !network.isSlow(to) else {
            let asker = isPing ? UInt16(from) : nil
            mail[to].append(Letter(due: round + max(1, delay), news: load, asker: asker))
            return false
        }
        for news in load {
            if isInstant { learn(to, news) } else { arrived.append((UInt16(to), news)) }
        }
        return true
    }

    /// Takes what was sent the fewest times first, and what the receiver itself should know: that
    /// it is held for dead or, with Lifeguard, suspected.
    private mutating func fill(_ from: Int, _ to: Int) {
        load.removeAll(keepingCapacity: true)
        let held = view(from, to)
        if held.claim == .dead || held.claim == .suspect && options.lifeguard {
            load.append(SwimNews(subject: UInt16(to), rank: held, accuser: UInt16(from)))
        }
        guard !rumors[from].isEmpty else { return }
        let told = load.count
        spent.removeAll(keepingCapacity: true)
        rumors[from].take(
            Self.updatesLimit, sends: sends, views: views, from: from * options.nodes,
            into: &load, spent: &spent)
        for news in load[told...] where news.isOfDeath(of: Self.crashed) { meter.updates += 1 }
        for news in spent where news.isOfDeath(of: Self.crashed) { leaving.append(from) }
    }

    /// Updates that fit on top of one message.
    private static let updatesLimit = 15
    /// memberlist's AwarenessMaxMultiplier is one more.
    private static let worstHealth = 7
    /// Draws of a helper until there is no other to be found.
    private static let triesForEach = 20
}
