// Where a command on a slot belongs, as a table: what this node believes, what the command asks, and the
// answer. Node "a" owns the slots 0 to 99 and is a replica of nobody, unless a row says otherwise.

import ClusterWire
import Determinism
import Testing

@testable import ClusterCore

@Suite struct SlotRouteTests {
    /// What this node is when it is asked.
    enum Place: Sendable {
        case owner
        /// Slot 5 is leaving for "b".
        case migrating
        /// Slot 200 of "b" is on its way here.
        case importing
        /// A replica of "b", which owns 100 to 16383.
        case replica
        /// The owner, in a cluster that does not serve.
        case down
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let place: Place
        let slot: Int
        let route: SlotRoute
        var change: @Sendable (inout SlotQuery) -> Void = { _ in }
        var testDescription: String { "\(place), slot \(slot): \(route)" }
    }

    private static let rows: [Row] = [
        Row(place: .owner, slot: 5, route: .serve),
        Row(place: .owner, slot: 200, route: .moved(to: id("b"))),
        // Of another's slot nothing is served by asking for it, nor by READONLY on a master.
        Row(place: .owner, slot: 200, route: .moved(to: id("b"))) { $0.isAsking = true },
        Row(place: .owner, slot: 200, route: .moved(to: id("b"))) {
            ($0.allowsReplica, $0.holdsCopy) = (true, true)
        },
        // A slot that is leaving: keys that are here are served, others are asked for elsewhere.
        Row(place: .migrating, slot: 5, route: .serve) { $0.present = 1 },
        Row(place: .migrating, slot: 5, route: .ask(id("b"))) { $0.missing = 1 },
        Row(place: .migrating, slot: 5, route: .tryAgain) {
            ($0.present, $0.missing, $0.hasSeveralKeys) = (1, 1, true)
        },
        Row(place: .migrating, slot: 5, route: .serve) { ($0.movesKeys, $0.missing) = (true, 1) },
        // A slot that is coming: only who says ASKING is served, with all keys or one.
        Row(place: .importing, slot: 200, route: .moved(to: id("b"))) { $0.present = 1 },
        Row(place: .importing, slot: 200, route: .serve) { ($0.isAsking, $0.missing) = (true, 1) },
        Row(place: .importing, slot: 200, route: .tryAgain) {
            ($0.isAsking, $0.missing, $0.hasSeveralKeys) = (true, 1, true)
        },
        Row(place: .importing, slot: 200, route: .serve) {
            ($0.isAsking, $0.present, $0.hasSeveralKeys) = (true, 2, true)
        },
        Row(place: .importing, slot: 200, route: .serve) { $0.movesKeys = true },
        // Shard channels stay at the source until the slot has moved, and a replica serves those of its master.
        Row(place: .migrating, slot: 5, route: .serve) { $0.isShardChannel = true },
        Row(place: .importing, slot: 200, route: .moved(to: id("b"))) { $0.isShardChannel = true },
        Row(place: .importing, slot: 200, route: .serve) {
            ($0.isShardChannel, $0.isAsking, $0.hasSeveralKeys) = (true, true, true)
        },
        Row(place: .replica, slot: 200, route: .serve) { $0.isShardChannel = true },
        Row(place: .down, slot: 5, route: .serve) { $0.isShardChannel = true },
        Row(place: .down, slot: 5, route: .down(.cluster)) {
            ($0.isShardChannel, $0.channelsWhenDown, $0.readsWhenDown) = (true, false, true)
        },
        // A replica reads its master's slots, if it holds a copy and the client wants it.
        Row(place: .replica, slot: 200, route: .serve) {
            ($0.allowsReplica, $0.holdsCopy) = (true, true)
        },
        Row(place: .replica, slot: 200, route: .moved(to: id("b"))) { $0.allowsReplica = true },
        Row(place: .replica, slot: 200, route: .moved(to: id("b"))) { $0.holdsCopy = true },
        Row(place: .replica, slot: 200, route: .moved(to: id("b"))) {
            ($0.allowsReplica, $0.holdsCopy, $0.writes) = (true, true, true)
        },
        // A cluster that is down serves nothing, or reads where the server says so.
        Row(place: .down, slot: 5, route: .down(.cluster)),
        Row(place: .down, slot: 5, route: .serve) { $0.readsWhenDown = true },
        Row(place: .down, slot: 5, route: .down(.writesOnly)) {
            ($0.readsWhenDown, $0.writes) = (true, true)
        },
        Row(place: .down, slot: 300, route: .down(.unowned)) { $0.readsWhenDown = true },
    ]

    private static func state(_ place: Place) -> ClusterState {
        var state = ClusterState(myself: id("a"), shard: ShardID(id("a")), address: address("a"))
        var row = KnownNode(
            id: id("b"), shard: ShardID(id("b")), address: address("b"), createdAt: 1)
        row.role = .master
        guard let other = state.nodes.add(row) else { return state }
        var context = StepContext(
            now: Instant(monotonic: 1, wall: 1), config: ClusterConfig(),
            random: SplitMix64(seed: 1))
        state.health.judge(isOK: place != .down, .slotUncovered)
        state.assign(slots("0-99"), to: place == .replica ? nil : .myself, &context)
        if place != .down { state.assign(slots("100-16383"), to: other, &context) }
        switch place {
        case .owner, .down: break
        case .migrating: state.slots.migrating[slot(5)] = id("b")
        case .importing: state.slots.importing[slot(200)] = id("b")
        case .replica: state.setRole(.replica(of: id("b")), of: .myself, &context)
        }
        return state
    }

    @Test(arguments: rows)
    func `a command goes where its slot is served`(_ row: Row) {
        var query = SlotQuery(slot(row.slot))
        row.change(&query)
        let state = Self.state(row.place)
        #expect(state.route(query) == row.route)
        #expect(
            state.isMigratingOrImporting(query.slot)
                == [.migrating, .importing].contains(row.place))
    }
}
