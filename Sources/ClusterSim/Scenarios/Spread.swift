// How one piece of news spreads on the cluster bus: a quiet cluster, one thing that happens to it, and when
// each node came to know. The rules are the real ones and the network has no faults but loss.

import ClusterCore
import ClusterWire
import Determinism

/// What a cluster hears of.
package enum News: String, CaseIterable, Sendable {
    /// A node met one of them.
    case newNode = "new-node"
    /// One of them died, silently.
    case failure
    /// A slot has a new owner.
    case slot
    /// One of them was told to forget another, which is gone.
    case forgotten
}

/// How a piece of news spread.
package struct Spread: Sendable {
    /// Milliseconds after which each of the nodes that live knew; nil for those that never did.
    package var knownAfter: [Double?] = []
    /// Sent by all nodes since it happened, heartbeats included.
    package var messages: Int64 = 0
    package var bytes: Int64 = 0
    /// Those of them that told the news.
    package var carriers: Int64 = 0
    /// An invariant of the simulator that was violated.
    package var problem: String?
}

/// Who the news is about, for those who count the messages that tell it.
struct NewsSubject: Sendable {
    var news: News
    var id: NodeID
    /// Those that have a new owner.
    var slots: SlotSet

    /// Whether a message tells the news.
    func isTold(by message: Message) -> Bool {
        guard case .full(let header, let body) = message else { return false }
        switch (news, body) {
        case (.failure, .fail(let id)): return id == self.id
        case (.slot, .update(let update)):
            return update.node == id && slots.subtracting(update.slots).isEmpty
        case (.slot, _): return header.sender == id && slots.subtracting(header.slots).isEmpty
        case (.newNode, _) where header.sender == id: return true
        case (.newNode, _), (.failure, _), (.forgotten, _): break
        }
        guard let beat = body.heartbeat else { return false }
        if news == .forgotten {
            return beat.extensions.contains {
                if case .forgottenNode(let id, _) = $0.value { return id == self.id }
                return false
            }
        }
        return (0..<beat.gossip.count).contains { position in
            beat.gossip.node(position) == id
                && (news == .newNode
                    || !beat.gossip.flags(position).isDisjoint(with: [.fail, .pfail]))
        }
    }
}

extension Simulation {
    /// Plays it once.
    /// - Parameters:
    ///   - options: sizes, node timeout, delay and loss; faults have no part in it.
    ///   - limit: milliseconds for which it is followed.
    package static func spread(
        _ news: News, seed: UInt64, _ options: SimOptions, limit: Int64
    ) -> Spread {
        var options = options
        // No faults are drawn where a scenario is played.
        options.scenario = news == .newNode ? .join : .formation
        if news == .newNode { options = options.withoutOne }
        var world = World(seed: seed, options)
        return world.spread(news, limit: limit * 1000)
    }
}

extension SimOptions {
    /// One node fewer: the scenario adds it.
    fileprivate var withoutOne: SimOptions {
        var fewer = self
        if fewer.replicas > 0 {
            fewer.replicas -= 1
        } else {
            fewer.masters = max(1, fewer.masters - 1)
        }
        return fewer
    }
}

extension World {
    fileprivate mutating func spread(_ news: News, limit: Int64) -> Spread {
        var result = Spread()
        let last = nodes.count - 1
        operators.absent = news == .newNode ? last : nil
        // A replica that is not there yet could follow nobody.
        if news == .newNode { operators.replicates = false }
        guard form() != nil else {
            result.problem = violation?.text
            return result
        }
        let calm = max(3_000_000, options.nodeTimeout * 1000)
        run(until: now + calm + Int64(random.below(1_000_000)))
        if news == .forgotten && nodes.count > 1 {
            crash(last, isSilent: true)
            run(until: now + 3 * options.nodeTimeout * 1000)
        }
        operators.absent = nil
        let subject = NewsSubject(
            news: news, id: machines[news == .slot ? newOwner : last].id,
            slots: SlotSet(Slot.all.prefix(1).compactMap { SlotRange($0, $0) }))
        let begun = now
        metrics.begin(at: now)
        metrics.subject = subject
        let origin = happen(news, last)
        let others = nodes.indices.filter { $0 != origin && nodes[$0].isUp && $0 != silent(news) }
        var known = [Double?](repeating: nil, count: others.count)
        while violation == nil, now - begun < limit, known.contains(where: { $0 == nil }) {
            run(until: now + Self.pause)
            for (place, node) in others.enumerated()
            where known[place] == nil && knows(node, subject) {
                known[place] = Double(now - begun) / 1000
            }
        }
        result.knownAfter = known
        result.messages = metrics.messages
        result.bytes = metrics.bytes
        result.carriers = metrics.carriers
        result.problem = violation?.text
        return result
    }

    /// Microseconds between two looks.
    private static let pause: Int64 = 5000

    /// The node that the news is about and that hears nothing itself.
    private func silent(_ news: News) -> Int? {
        news == .failure || news == .forgotten ? nodes.count - 1 : nil
    }

    /// Who takes the first slot.
    private var newOwner: Int { max(0, options.masters - 1) }

    /// Makes the news. Returns who knew it first, if one of them did.
    private mutating func happen(_ news: News, _ last: Int) -> Int? {
        guard nodes.count > 1 else { return 0 }
        switch news {
        case .newNode:
            let asker = random.below(last)
            meet(last, from: asker)
            return last
        case .failure:
            crash(last, isSilent: true)
            return nil
        case .slot:
            // As at the end of a reshard: the new owner takes it with a new epoch.
            let (former, id) = (machines[0].id, machines[newOwner].id)
            command(
                .setSlot(Argument(reading: "0"), .importing(from: Argument(former))), to: newOwner)
            command(.setSlot(Argument(reading: "0"), .node(Argument(id))), to: newOwner)
            return newOwner
        case .forgotten:
            command(.forget(Argument(machines[last].id)), to: 0)
            return 0
        }
    }

    private func knows(_ node: Int, _ subject: NewsSubject) -> Bool {
        switch subject.news {
        case .newNode: machines[node].hasMet(subject.id)
        case .failure: machines[node].holdsFailed(subject.id)
        case .forgotten: !machines[node].knows(subject.id)
        case .slot:
            machines[node].slots(of: subject.id).map {
                subject.slots.subtracting($0).isEmpty
            } ?? false
        }
    }
}
