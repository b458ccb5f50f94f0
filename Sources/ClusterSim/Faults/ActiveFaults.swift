// What is wrong with a world at a moment, and since when: some invariants hold only where one thing went
// wrong and nothing else did.

/// Faults that go on, and when the last one began or ended.
struct ActiveFaults: Sendable {
    /// Faults that go on and are of one node alone, by node.
    private var own: [Int]
    /// When the last of these began or ended, by node; -1 for never.
    private var ownAt: [Int64]
    private var shared = 0
    private var sharedAt: Int64 = -1

    init(nodes count: Int) {
        own = [Int](repeating: 0, count: count)
        ownAt = [Int64](repeating: -1, count: count)
    }

    mutating func began(_ fault: Fault, at time: Int64) { count(fault, 1, time) }
    mutating func ended(_ fault: Fault, at time: Int64) { count(fault, -1, time) }

    private mutating func count(_ fault: Fault, _ change: Int, _ time: Int64) {
        switch fault {
        case .crash(let node, _, _), .move(let node, _), .pause(let node), .slow(let node, _),
            .slowDisk(let node, _), .refusingDisk(let node):
            own[node] += change
            ownAt[node] = time
        case .clockJump, .clockDrift: break  // no invariant goes by wall clocks
        case .swap, .partition, .cut, .reset, .garbage, .forge, .operate:
            shared += change
            sharedAt = time
        }
    }

    /// When something last was wrong with others than this node; nil when something still is.
    func lastBesides(_ node: Int) -> Int64? {
        guard shared == 0 else { return nil }
        var last = sharedAt
        for other in own.indices where other != node {
            guard own[other] == 0 else { return nil }
            last = max(last, ownAt[other])
        }
        return last
    }

    /// When something last was wrong with this node alone or with the ways between nodes; nil when something
    /// still is.
    func lastAround(_ node: Int) -> Int64? {
        guard shared == 0, own[node] == 0 else { return nil }
        return max(sharedAt, ownAt[node])
    }

    /// When something last began or ended that is wrong with this node alone; -1 for never.
    func last(of node: Int) -> Int64 { ownAt[node] }
}
