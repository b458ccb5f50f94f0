// The overlay of a protocol that keeps its neighbours: links in both directions, each with its way
// back, as columns. Where a topology is given the overlay follows it; else it is a random one in
// which all have the same number of neighbours. What is said over a link is decided by its
// protocol.

import Determinism

/// Symmetric links. Those that leave node i are `starts[i]..<starts[i + 1]`.
struct Overlay: Sendable {
    private var starts: [UInt32] = []
    /// Where each link leads.
    private var peers: [UInt32] = []
    /// The same link from the other side.
    private var backs: [UInt32] = []

    /// - Parameter options: `contacts` is the number of neighbours where the topology
    ///   gives no list.
    init(_ network: Network, _ options: LabOptions, _ random: inout SplitMix64) {
        let count = network.count
        var pairs: [UInt64] = []
        switch options.topology {
        case .complete:
            pairs = Self.regular(count, degree: options.contacts, &random)
        case .continents where options.cutLinks == nil, .spatial:
            for node in 0..<count {
                for _ in 0..<options.contacts {
                    guard let other = network.partner(of: node, &random) else { break }
                    pairs.append(Self.pair(node, other))
                }
            }
        case .ring, .grid, .random, .continents:
            for node in 0..<count {
                for other in network.partners(of: node) where node < other {
                    pairs.append(Self.pair(node, other))
                }
            }
        }
        join(pairs, count)
    }

    var linkCount: Int { peers.count }
    func links(of node: Int) -> Range<Int> { Int(starts[node])..<Int(starts[node + 1]) }
    func peer(_ link: Int) -> Int { Int(peers[link]) }
    func back(_ link: Int) -> Int { Int(backs[link]) }

    /// Random, with as many neighbours for each as were asked for but for a few that have fewer.
    /// It holds together: it begins with a ring in a random order.
    private static func regular(
        _ count: Int, degree: Int, _ random: inout SplitMix64
    ) -> [UInt64] {
        var pairs: [UInt64] = []
        guard count - 1 > degree else {
            for node in 0..<count {
                for other in (node + 1)..<max(node + 1, count) { pairs.append(pair(node, other)) }
            }
            return pairs
        }
        var order = (0..<count).map { UInt32($0) }
        if degree > 1 {
            random.shuffle(&order)
            for place in 0..<count {
                pairs.append(pair(Int(order[place]), Int(order[(place + 1) % count])))
            }
        }
        // Every node has an end for each neighbour that it still lacks; ends are joined in a
        // random order.
        let lacking = degree > 1 ? degree - 2 : degree
        var ends: [UInt32] = []
        ends.reserveCapacity(lacking * count)
        for _ in 0..<lacking { ends += order }
        random.shuffle(&ends)
        for place in stride(from: 1, to: ends.count, by: 2) {
            pairs.append(pair(Int(ends[place - 1]), Int(ends[place])))
        }
        return pairs
    }

    /// The same for both directions.
    private static func pair(_ a: Int, _ b: Int) -> UInt64 {
        UInt64(min(a, b)) << 32 | UInt64(max(a, b))
    }

    /// Each pair once, and nobody with itself.
    private mutating func join(_ pairs: [UInt64], _ count: Int) {
        var kept: [UInt64] = []
        kept.reserveCapacity(pairs.count)
        for pair in pairs.sorted() where pair != kept.last && pair >> 32 != pair & 0xFFFF_FFFF {
            kept.append(pair)
        }
        starts = [UInt32](repeating: 0, count: count + 1)
        for pair in kept {
            starts[Int(pair >> 32) + 1] += 1
            starts[Int(pair & 0xFFFF_FFFF) + 1] += 1
        }
        for node in 0..<count { starts[node + 1] += starts[node] }
        var next = starts
        peers = [UInt32](repeating: 0, count: kept.count * 2)
        backs = peers
        for pair in kept {
            let (a, b) = (Int(pair >> 32), Int(pair & 0xFFFF_FFFF))
            let (there, back) = (next[a], next[b])
            next[a] += 1
            next[b] += 1
            peers[Int(there)] = UInt32(b)
            peers[Int(back)] = UInt32(a)
            backs[Int(there)] = back
            backs[Int(back)] = there
        }
    }
}
