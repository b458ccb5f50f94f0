// What WAIT confirmed is kept: a write of which a client was told that a replica has it is held by the master of its
// slot, or a later one of the same key is. Keys are in memory alone, so this can be promised only while a process
// that has the write lives, stands where a majority is, and can be elected. Looked at when a replica becomes
// master, when a process puts another's copy in the place of its own, and in the end. A write is let off, and
// counted by the reason (`Exemption`), in no other case than those listed there.

import ClusterCore
import ClusterWire
import DataPlane

struct LossChecker: Checker {
    /// Why a write that was confirmed may be gone.
    enum Exemption: Int, CaseIterable, Sendable {
        /// Every process that had it has ended, and with it its memory.
        case ended
        /// An operator let a node take over that did not have it, by FORCE or TAKEOVER, moved its slot without its
        /// keys, had the last replica that had it follow another master, or had it or its master forgotten.
        case ordered
        /// It was confirmed by a master that had been replaced and did not know, cut off with its replica.
        case replaced
        /// Something else was wrong beside the master that failed, near the time of the election: the
        /// replica that had it may have been out of reach, or too slow to win.
        case outOfReach
        /// Its master started again, and nobody took its place in all the time that it waited for that: its replicas
        /// copied that it holds nothing.
        case restarted
        /// The master that was elected with it ended before the replica that had it from the one before followed the new
        /// one: with a copy of an earlier history that replica may not stand.
        case notFollowed
        /// Nobody serves its slot in the end.
        case unserved
    }

    private struct Promise {
        let write: ConfirmedWrite
        /// Replicas that had acknowledged it, and those that became master with it.
        var holders: [ProcessName]
    }

    private let keys: [DataKey]
    private let isCertain: Bool
    private let calm: Int64
    /// Microseconds for which a master that starts again waits to be replaced.
    private let silence: Int64
    private var promises: [Promise] = []
    private(set) var exempted = [Int](repeating: 0, count: Exemption.allCases.count)
    private var faults: ActiveFaults
    private var times: [NodeTimes]
    private var moved = SlotSet()

    /// When something last happened to a node, in microseconds; -1: never.
    private struct NodeTimes {
        var started: Int64 = -1
        var promoted: Int64 = -1
        var forced: Int64 = -1
        var elected: Int64 = -1
        var isForgotten = false
        var followed: Int64 = -1
    }

    /// Microseconds within which an operator's order leads to a new master.
    private static let orderTime: Int64 = 10_000_000

    init(_ setup: WorldSetup) {
        keys = DataWorld.keys(masters: setup.options.masters)
        isCertain = setup.environment.lossPerMillion == 0 && setup.environment.assignsEpochs
        calm = 4 * setup.options.nodeTimeout * 1000
        let timeout = setup.options.nodeTimeout
        silence = (timeout + max(2 * timeout, 2000)) * 1000
        faults = ActiveFaults(nodes: setup.options.nodeCount)
        times = [NodeTimes](repeating: NodeTimes(), count: setup.options.nodeCount)
    }

    var exemptedCount: Int { exempted.reduce(0, +) }

    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .started(let node): times[node].started = world.now
        case .faultBegan(let fault):
            faults.began(fault, at: world.now)
            if case .operate(.forget(let node, _)) = fault { times[node].isForgotten = true }
        case .faultEnded(let fault): faults.ended(fault, at: world.now)
        case .noted(.manualFailoverStarted(by: _, kind: .forced), by: let node),
            .noted(.manualFailoverStarted(by: _, kind: .takeover), by: let node):
            times[node].forced = world.now
        case .noted(.reconfigured, by: let node): times[node].followed = world.now
        case .noted(.electionWon, by: let node): times[node].elected = world.now
        case .data(let data): return see(data, world)
        case .noted, .received, .forged, .took, .said, .stepped, .answered, .saved, .ended,
            .surveyed:
            break
        }
        return nil
    }

    private mutating func see(_ occurrence: DataOccurrence, _ world: WorldView) -> Violation? {
        switch occurrence {
        case .confirmed(let write):
            guard !moved.contains(keys[write.key].slot) else { return nil }
            promises.append(Promise(write: write, holders: write.replicas))
        case .promoted(let node): return promoted(node, world)
        case .copied(let node, from: let source, _): return copied(node, from: source, world)
        case .moved(let slots): move(slots)
        case .settled(let groups): return settled(groups, world)
        case .read: break
        }
        return nil
    }

    private mutating func excuse(_ reason: Exemption) { exempted[reason.rawValue] += 1 }

    private mutating func move(_ slots: [Slot]) {
        for slot in slots { moved.insert(slot) }
        let count = promises.count
        promises.removeAll { moved.contains(keys[$0.write.key].slot) }
        exempted[Exemption.ordered.rawValue] += count - promises.count
    }

    // MARK: Who has it

    private func has(_ promise: Promise, _ node: Int, _ world: WorldView) -> Bool {
        guard let server = world.servers[node] else { return false }
        return server.number(of: keys[promise.write.key]) >= promise.write.number
    }

    /// Processes that live and have it.
    private func living(_ promise: Promise, _ world: WorldView) -> [Int] {
        promise.holders.filter {
            world.nodes[$0.node].isUp && world.nodes[$0.node].incarnation == $0.incarnation
        }.map(\.node).filter { has(promise, $0, world) }
    }

    // MARK: A new master

    private mutating func promoted(_ node: Int, _ world: WorldView) -> Violation? {
        times[node].promoted = world.now
        let isForced = times[node].forced >= 0 && world.now - times[node].forced < Self.orderTime
        if !isForced, times[node].elected == world.now,
            world.servers[node]?.replication.log.secondID == nil
        {
            return Violation(
                .electedCopy, "n\(node) is elected without a copy of its master's keys")
        }
        let slots = world.machines[node].state.me.slots
        let process = ProcessName(node: node, incarnation: world.nodes[node].incarnation)
        var rest: [Promise] = []
        for var promise in promises {
            guard slots.contains(keys[promise.write.key].slot) else {
                rest.append(promise)
                continue
            }
            if has(promise, node, world) {
                if !promise.holders.contains(process) { promise.holders.append(process) }
                rest.append(promise)
                continue
            }
            let holders = living(promise, world).filter {
                !world.machines[$0].state.me.isMaster
            }
            if holders.isEmpty {
                excuse(.ended)
            } else if isForced {
                excuse(.ordered)
            } else if holders.allSatisfy({ mayHaveLost($0, world) }) {
                excuse(.outOfReach)
            } else {
                return Violation(
                    .keptWrites,
                    "n\(node) is elected without \(text(promise)), which n\(holders[0]) has")
            }
        }
        promises = rest
        return nil
    }

    private func text(_ promise: Promise) -> String {
        let key = String(decoding: keys[promise.write.key].name, as: UTF8.self)
        return "write \(promise.write.number) of \(key), confirmed at \(promise.write.at) us"
    }

    /// Whether a replica may have been out of reach, or slow, when votes were asked for.
    private func mayHaveLost(_ node: Int, _ world: WorldView) -> Bool {
        guard isCertain, let last = faults.lastAround(node) else { return true }
        return last >= 0 && world.now - last <= calm
    }

    // MARK: Another's copy

    /// A process put another's copy in the place of what it held.
    private mutating func copied(
        _ node: Int, from source: Int, _ world: WorldView
    ) -> Violation? {
        let process = ProcessName(node: node, incarnation: world.nodes[node].incarnation)
        var rest: [Promise] = []
        for var promise in promises {
            guard promise.holders.contains(process), !has(promise, node, world) else {
                rest.append(promise)
                continue
            }
            promise.holders.removeAll { $0 == process }
            guard living(promise, world).isEmpty else {
                rest.append(promise)
                continue
            }
            guard let reason = reasonOfLoss(promise, of: node, by: source, world) else {
                return Violation(
                    .keptWrites,
                    "n\(node) copies n\(source) and loses \(text(promise)), which nobody else has")
            }
            excuse(reason)
        }
        promises = rest
        return nil
    }

    /// Why the master whose copy was taken does not have it, if it need not.
    private func reasonOfLoss(
        _ promise: Promise, of node: Int, by source: Int, _ world: WorldView
    ) -> Exemption? {
        let slot = keys[promise.write.key].slot
        guard world.machines[source].state.me.slots.contains(slot) else { return .ordered }
        if times[source].promoted >= 0, promise.write.at >= times[source].promoted {
            return .replaced
        }
        // Who is forgotten is no replica that its master would wait for.
        if times[node].isForgotten || times[source].isForgotten { return .ordered }
        guard times[source].started > promise.write.at else { return nil }
        if times[node].followed > times[source].started { return .notFollowed }
        return world.now - times[source].started >= silence ? .restarted : nil
    }

    // MARK: The end

    private mutating func settled(_ groups: [[Int]], _ world: WorldView) -> Violation? {
        for promise in promises {
            let slot = keys[promise.write.key].slot
            let owner = groups.joined().first {
                world.machines[$0].state.me.isMaster
                    && world.machines[$0].state.me.slots.contains(slot)
            }
            guard let owner else {
                excuse(.unserved)
                continue
            }
            if has(promise, owner, world) { continue }
            let holders = living(promise, world)
            guard !groups.joined().contains(where: { holders.contains($0) }) else {
                return Violation(
                    .keptWrites, "in the end n\(owner) does not have \(text(promise))")
            }
            excuse(holders.isEmpty ? .ended : .outOfReach)
        }
        return nil
    }
}
