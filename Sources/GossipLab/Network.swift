// What lies between the nodes: who may be whose partner, who is up, which parts are apart, which messages
// are lost and how long they take. It draws; what is drawn means is decided by the strategies.

import Determinism

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The network of one run.
struct Network: Sendable {
    let count: Int
    private let options: LabOptions
    /// Contacts of each node in a topology that is not complete: those of node i are
    /// `contacts[starts[i]..<starts[i + 1]]`.
    private var starts: [UInt32] = []
    private var contacts: [UInt32] = []
    /// Weights of the distances on a line, summed, in a spatial topology.
    private var distances: [Double] = []
    /// Nodes that are down; empty when none can be.
    private var isDown: [Bool] = []
    private var isGone: [Bool] = []
    /// Nodes that are not down for good.
    let upCount: Int
    private let firstPart: Int
    private(set) var isParted = false

    init(_ options: LabOptions, _ random: inout SplitMix64) {
        self.options = options
        count = options.nodes
        firstPart = Int((Double(options.nodes) * options.share).rounded())
        let gone = min(options.nodes - 1, Int((Double(options.nodes) * options.down).rounded()))
        upCount = options.nodes - gone
        if gone > 0 || options.churn > 0 {
            isDown = [Bool](repeating: false, count: count)
        }
        if gone > 0 {
            // The origin, node 0, is up.
            var left = gone
            while left > 0 {
                let node = 1 + random.below(count - 1)
                if !isDown[node] {
                    isDown[node] = true
                    left -= 1
                }
            }
        }
        isGone = isDown
        build(&random)
    }

    // MARK: Who is there

    /// Whether all are always up.
    var isWhole: Bool { isDown.isEmpty }
    /// Whether nothing that is sent is ever lost or late.
    var isPerfect: Bool {
        isDown.isEmpty && options.loss == 0 && options.partition == nil
            && options.topology != .continents && options.delay.upperBound == 0
    }

    @inline(__always)
    func isUp(_ node: Int) -> Bool { isDown.isEmpty || !isDown[node] }

    /// Whether it is down for good: it counts as no node of the population.
    func isGoneForGood(_ node: Int) -> Bool { !isGone.isEmpty && isGone[node] }

    /// Whether a node acts in a round: a slow one acts in one of several.
    @inline(__always)
    func acts(_ node: Int, in round: Int) -> Bool {
        if !isDown.isEmpty && isDown[node] { return false }
        return !isSlow(node) || (round + node) % options.slowFactor == 0
    }

    /// Whether it is one of the slow minority, the last nodes.
    @inline(__always)
    func isSlow(_ node: Int) -> Bool {
        guard hasSlowNodes else { return false }
        return Double(node) >= Double(count) * (1 - options.slow)
    }

    var hasSlowNodes: Bool { options.slow > 0 && options.slowFactor > 1 }

    /// Nodes come and go, parts part and are joined.
    mutating func begin(_ round: Int, _ random: inout SplitMix64) {
        isParted = options.partition?.contains(round) ?? false
        guard options.churn > 0 else { return }
        for node in 1..<count where !isGone[node] {
            if isDown[node] {
                if random.chance(options.comeBack) { isDown[node] = false }
            } else if random.chance(options.churn) {
                isDown[node] = true
            }
        }
    }

    /// In the first part of a partition, or on the first continent.
    @inline(__always)
    func isInFirstPart(_ node: Int) -> Bool { node < firstPart }

    /// Whether what one says to the other passes from a part of the nodes to the other.
    @inline(__always)
    func crosses(_ node: Int, _ other: Int) -> Bool {
        isInFirstPart(node) != isInFirstPart(other)
    }

    /// Whether a message arrives: nobody is down, apart, or unlucky.
    @inline(__always)
    func delivers(from: Int, to: Int, _ random: inout SplitMix64) -> Bool {
        if !isDown.isEmpty && isDown[to] { return false }
        if isParted && crosses(from, to) { return false }
        return options.loss == 0 || !random.chance(options.loss)
    }

    /// Rounds that a message takes beyond its own.
    func delay(_ random: inout SplitMix64) -> Int {
        let span = options.delay.upperBound - options.delay.lowerBound
        return options.delay.lowerBound + (span == 0 ? 0 : random.below(span + 1))
    }

    // MARK: Partners

    /// Draws whom a node calls; nil when it knows nobody.
    @inline(__always)
    func partner(of node: Int, _ random: inout SplitMix64) -> Int? {
        if options.topology == .complete
            || options.topology == .continents && options.cutLinks == nil
        {
            if options.draw == .all { return random.below(count) }
            guard count > 1 else { return nil }
            let drawn = random.below(count - 1)
            return drawn < node ? drawn : drawn + 1
        }
        return contact(of: node, &random)
    }

    /// How many a node can call.
    func partnerCount(of node: Int) -> Int {
        switch options.topology {
        case .complete, .spatial: count - 1
        case .continents where options.cutLinks == nil: count - 1
        case .ring, .grid, .random, .continents: Int(starts[node + 1] - starts[node])
        }
    }

    /// All whom a node can call, where they are few.
    func partners(of node: Int) -> [Int] {
        guard !starts.isEmpty else { return (0..<count).filter { $0 != node } }
        return contacts[Int(starts[node])..<Int(starts[node + 1])].map { Int($0) }
    }

    private func contact(of node: Int, _ random: inout SplitMix64) -> Int? {
        if options.topology == .spatial { return spatialPartner(of: node, &random) }
        let first = Int(starts[node])
        let number = Int(starts[node + 1]) - first
        guard number > 0 else { return nil }
        return Int(contacts[first + random.below(number)])
    }

    /// On a line, at distance d with a weight of d^-a (CSL-89-1, section 3); each side as likely, and
    /// drawn again when nobody is there.
    private func spatialPartner(of node: Int, _ random: inout SplitMix64) -> Int? {
        guard count > 1, let total = distances.last else { return nil }
        while true {
            let wanted = random.unit() * total
            var (low, high) = (0, distances.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if distances[middle] > wanted { high = middle } else { low = middle + 1 }
            }
            let other = random.next() & 1 == 0 ? node - low - 1 : node + low + 1
            if other >= 0 && other < count { return other }
        }
    }

    // MARK: Building

    private mutating func build(_ random: inout SplitMix64) {
        let count = count
        switch options.topology {
        case .complete: break
        case .spatial:
            var sum = 0.0
            for distance in 1..<max(2, count) {
                sum += pow(Double(distance), -options.distanceExponent)
                distances.append(sum)
            }
        case .ring:
            build { node in
                count < 3
                    ? [1 - node].filter { $0 >= 0 && $0 < count }
                    : [(node + count - 1) % count, (node + 1) % count]
            }
        case .grid: buildGrid()
        case .random: buildRandom(&random)
        case .continents: if let links = options.cutLinks { buildContinents(links, &random) }
        }
    }

    private mutating func build(_ list: (Int) -> [Int]) {
        starts = [0]
        for node in 0..<count {
            contacts += list(node).map { UInt32($0) }
            starts.append(UInt32(contacts.count))
        }
    }

    /// As square as may be; the last row may be short.
    private mutating func buildGrid() {
        let width = max(1, Int(Double(count).squareRoot().rounded(.up)))
        let count = count
        build { node in
            var list: [Int] = []
            if node % width > 0 { list.append(node - 1) }
            if node % width < width - 1 && node + 1 < count { list.append(node + 1) }
            if node >= width { list.append(node - width) }
            if node + width < count { list.append(node + width) }
            return list
        }
    }

    /// Each draws so many others; whoever was drawn has the other for a contact, too.
    private mutating func buildRandom(_ random: inout SplitMix64) {
        var pairs: [(UInt32, UInt32)] = []
        let wanted = min(options.contacts, count - 1)
        // The node that drew each last: its contacts are told apart in one look.
        var drawnBy = [Int](repeating: -1, count: count)
        for node in 0..<count {
            var drawn = 0
            while drawn < wanted {
                var other = random.below(count - 1)
                if other >= node { other += 1 }
                guard drawnBy[other] != node else { continue }
                drawnBy[other] = node
                drawn += 1
                pairs.append((UInt32(node), UInt32(other)))
            }
        }
        join(pairs)
    }

    /// Whole within each continent is too much to store: each node has contacts at random on its own,
    /// and so many pairs are joined across.
    private mutating func buildContinents(_ links: Int, _ random: inout SplitMix64) {
        var pairs: [(UInt32, UInt32)] = []
        for (first, size) in [(0, firstPart), (firstPart, count - firstPart)] where size > 1 {
            for node in 0..<size {
                for _ in 0..<min(options.contacts, size - 1) {
                    var other = random.below(size - 1)
                    if other >= node { other += 1 }
                    pairs.append((UInt32(first + node), UInt32(first + other)))
                }
            }
        }
        for _ in 0..<links {
            pairs.append(
                (
                    UInt32(random.below(firstPart)),
                    UInt32(firstPart + random.below(count - firstPart))
                ))
        }
        join(pairs)
    }

    /// Contacts of both ends, each once.
    private mutating func join(_ pairs: [(UInt32, UInt32)]) {
        var degrees = [UInt32](repeating: 0, count: count + 1)
        for (a, b) in pairs {
            degrees[Int(a)] += 1
            degrees[Int(b)] += 1
        }
        var places = [UInt32](repeating: 0, count: count + 1)
        for node in 0..<count { places[node + 1] = places[node] + degrees[node] }
        let offsets = places
        var all = [UInt32](repeating: 0, count: pairs.count * 2)
        for (a, b) in pairs {
            all[Int(places[Int(a)])] = b
            places[Int(a)] += 1
            all[Int(places[Int(b)])] = a
            places[Int(b)] += 1
        }
        starts = [0]
        for node in 0..<count {
            let list = all[Int(offsets[node])..<Int(offsets[node + 1])].sorted()
            var last: UInt32?
            for other in list where other != last {
                contacts.append(other)
                last = other
            }
            starts.append(UInt32(contacts.count))
        }
    }
}
