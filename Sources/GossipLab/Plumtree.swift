// Plumtree: a broadcast that builds its own tree. The news goes along eager links; lazy links
// carry only its name, and mend the tree where the news does not come. Who is whose neighbour is
// decided by Overlay, what is lost by Network. The optimisation of the tree is left
// out: with one sender and equal delays the tree is of shortest paths.

import Determinism

/// All links are eager at first. A payload that was known already makes its link lazy at both ends
/// (PRUNE). Lazy links carry IHAVE; a node that hears of what it has not got waits, then asks the
/// first who announced it (GRAFT), which makes that link eager and brings the payload, then the
/// next.
///
/// Several broadcasts follow each other, all from node 0: the first builds the tree, the last is
/// counted. Nodes that are down fail after the first, so that the second mends the tree and a
/// third finds it mended. Their neighbours notice, as HyParView does by its connections, and drop
/// their links; they look for no others, so that an overlay may fall apart.
/// - Source: Leitão, Pereira and Rodrigues, "Epidemic broadcast trees" (SRDS 2007), section 3.
package enum Plumtree {
    static func run(_ options: LabOptions, seed: UInt64) -> RunResult {
        var random = SplitMix64(seed: seed)
        var course = PlumtreeCourse(options, &random)
        var result = RunResult(seed: seed)
        for broadcast in 1...options.broadcasts {
            let isLast = broadcast == options.broadcasts
            course.broadcast(isLast: isLast, hasFailed: isLast || broadcast > 1, &random)
            if broadcast == 1 {
                result.figures.append(
                    ("payloads of the first broadcast", Double(course.count(of: .payload))))
            } else if broadcast == 2 {
                result.figures.append(
                    ("grafts of the second broadcast", Double(course.count(of: .graft))))
            }
        }
        course.complete(&result)
        return result
    }

    /// Messages of eager flooding over an overlay that holds together: each node sends to all its
    /// neighbours but the one from which it heard.
    /// - Parameter links: the sum of the neighbours of all nodes.
    package static func floodPayloads(nodes: Int, links: Int) -> Int { links - (nodes - 1) }
}

/// The overlay with its tree, and one broadcast at a time.
private struct PlumtreeCourse {
    enum Kind: UInt8, Sendable { case payload, iHave, graft, prune }

    /// What is sent over a link.
    private struct Message: Sendable {
        let kind: Kind
        let link: UInt32
    }

    private let options: LabOptions
    private let overlay: Overlay
    private var network: Network
    private var isEager: [Bool]
    private var has: [Bool]
    /// The round in which a node stops waiting; 0 when it does not wait.
    private var waitsUntil: [UInt32]
    private var waiting = 0
    /// Links over which an announcement came, in order, as a list of each node: `none` ends it.
    private var firstAnnounced: [UInt32]
    private var lastAnnounced: [UInt32]
    private var nextAnnounced: [UInt32]
    private var messages: RoundQueue<Message>
    private var timers: RoundQueue<UInt32>
    private var population: Population
    private var meter = Meter()
    private var counts = [0, 0, 0, 0]
    private var isLast = false
    /// Whether the nodes that fail have failed.
    private var hasFailed = false
    private var round = 0
    /// Rounds until the first who announced is asked (timer 1), and until the next is (timer 2):
    /// as long as the way of a request and its answer. In a tree that was mended a payload may come
    /// later than that; then a link is grafted in vain and pruned again.
    private let patience: Int

    private static let none = UInt32.max

    init(_ options: LabOptions, _ random: inout SplitMix64) {
        self.options = options
        network = Network(options, &random)
        overlay = Overlay(network, options, &random)
        population = Population(network)
        let nodes = options.nodes
        isEager = [Bool](repeating: true, count: overlay.linkCount)
        has = [Bool](repeating: false, count: nodes)
        waitsUntil = [UInt32](repeating: 0, count: nodes)
        firstAnnounced = [UInt32](repeating: Self.none, count: nodes)
        lastAnnounced = firstAnnounced
        nextAnnounced = [UInt32](repeating: Self.none, count: overlay.linkCount)
        patience = 2 * (1 + options.delay.upperBound)
        messages = RoundQueue(horizon: 1 + options.delay.upperBound)
        timers = RoundQueue(horizon: patience)
    }

    /// Messages of a kind in this broadcast.
    func count(of kind: Kind) -> Int { counts[Int(kind.rawValue)] }

    mutating func broadcast(isLast: Bool, hasFailed: Bool, _ random: inout SplitMix64) {
        self.isLast = isLast
        self.hasFailed = hasFailed
        begin()
        deliver(at: 0, from: nil, &random)
        if isLast {
            population.inject(at: 0)
            meter.endRound(population.compartments)
        }
        var telling: [UInt32] = [0]
        while round < options.roundsLimit && !(messages.isEmpty && waiting == 0)
            && !(isLast && options.until == .allKnow && population.allKnow)
        {
            round += 1
            if isLast {
                network.begin(round, &random)
                population.mature()
            }
            for message in messages.take(round) { receive(message, &random) }
            for node in timers.take(round) { expire(Int(node), &random) }
            guard isLast else { continue }
            for node in telling { population.remove(Int(node), in: round) }
            telling = population.fresh
            meter.endRound(population.compartments)
        }
    }

    private mutating func begin() {
        round = 0
        counts = [0, 0, 0, 0]
        waiting = 0
        messages.removeAll()
        timers.removeAll()
        for node in 0..<options.nodes {
            has[node] = false
            waitsUntil[node] = 0
            firstAnnounced[node] = Self.none
        }
    }

    // MARK: The rules

    /// A node has the payload: it passes it on, and its name where the link is lazy.
    private mutating func deliver(at node: Int, from back: Int?, _ random: inout SplitMix64) {
        has[node] = true
        if waitsUntil[node] > 0 {
            waitsUntil[node] = 0
            waiting -= 1
        }
        if isLast { population.hear(node, in: round) }
        for link in overlay.links(of: node) where link != back {
            send(isEager[link] ? .payload : .iHave, over: link, &random)
        }
    }

    private mutating func receive(_ message: Message, _ random: inout SplitMix64) {
        let back = overlay.back(Int(message.link))
        let node = overlay.peer(Int(message.link))
        guard !hasFailed || network.isUp(node) else { return }
        switch message.kind {
        case .payload:
            if has[node] {
                isEager[back] = false
                send(.prune, over: back, &random)
            } else {
                isEager[back] = true
                deliver(at: node, from: back, &random)
            }
        case .prune:
            isEager[back] = false
        case .iHave:
            guard !has[node] else { return }
            note(announcedOver: back, at: node)
            if waitsUntil[node] == 0 { wait(node) }
        case .graft:
            isEager[back] = true
            if has[node] { send(.payload, over: back, &random) }
        }
    }

    /// The payload did not come in time: the next who announced it is asked.
    private mutating func expire(_ node: Int, _ random: inout SplitMix64) {
        guard waitsUntil[node] == UInt32(round) else { return }
        waitsUntil[node] = 0
        waiting -= 1
        let link = firstAnnounced[node]
        guard link != Self.none else { return }
        firstAnnounced[node] = nextAnnounced[Int(link)]
        isEager[Int(link)] = true
        send(.graft, over: Int(link), &random)
        wait(node)
    }

    private mutating func wait(_ node: Int) {
        waitsUntil[node] = UInt32(round + patience)
        waiting += 1
        timers.add(UInt32(node), at: round + patience)
    }

    private mutating func note(announcedOver link: Int, at node: Int) {
        nextAnnounced[link] = Self.none
        if firstAnnounced[node] == Self.none {
            firstAnnounced[node] = UInt32(link)
        } else {
            nextAnnounced[Int(lastAnnounced[node])] = UInt32(link)
        }
        lastAnnounced[node] = UInt32(link)
    }

    /// What is sent when a node hears arrives in the next round at the earliest.
    private mutating func send(_ kind: Kind, over link: Int, _ random: inout SplitMix64) {
        let node = overlay.peer(overlay.back(link))
        let other = overlay.peer(link)
        if hasFailed && (network.isGoneForGood(other) || !network.isUp(node)) { return }
        counts[Int(kind.rawValue)] += 1
        if isLast && options.topology == .continents && network.crosses(node, other) {
            meter.crossings += 1
        }
        let arrives =
            hasFailed
            ? network.delivers(from: node, to: other, &random)
            : options.loss == 0 || !random.chance(options.loss)
        guard arrives else {
            if isLast { meter.lost += 1 }
            return
        }
        messages.add(
            Message(kind: kind, link: UInt32(link)), at: round + 1 + network.delay(&random))
    }

    // MARK: What came of it

    func complete(_ result: inout RunResult) {
        population.complete(&result, rounds: Double(round))
        result.meter = meter
        result.meter.contacts = counts.reduce(0, +)
        result.meter.asTaught = result.meter.contacts
        result.meter.updates = count(of: .payload)
        let kinds: [(Kind, String)] = [
            (.payload, "payloads"), (.iHave, "ihave"), (.graft, "graft"), (.prune, "prune"),
        ]
        for (kind, name) in kinds {
            result.meter.add(Double(count(of: kind)), to: name)
        }
        result.meter.add(Double(floodPayloads), to: "payloads of eager flooding")
        let reached = has.count(where: { $0 })
        if reached > 1 {
            let redundancy = Double(count(of: .payload)) / Double(reached - 1) - 1
            result.figures.append(("relative message redundancy", redundancy))
        }
    }

    /// What the nodes that were reached would have sent had they sent to all neighbours.
    private var floodPayloads: Int {
        var (links, reached) = (0, 0)
        for node in 0..<options.nodes where has[node] {
            reached += 1
            links += overlay.links(of: node).count {
                !network.isGoneForGood(overlay.peer($0))
            }
        }
        return Plumtree.floodPayloads(nodes: reached, links: links)
    }
}
