// The keys of a command, and the words in which it is sent elsewhere. Nearly every command is settled
// by one look at a set of slots that are ours beyond doubt; for the others ClusterCore/Routing decides
// where they belong.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import RESP

/// Slots whose commands are served here without further questions.
struct Routes {
    private var slots = SlotSet()
    private var isMaster = true
    /// Cleared whenever the rules may have changed something.
    var isFresh = false

    @inline(__always)
    mutating func serves(_ slot: Slot, _ node: Node) -> Bool {
        if !isFresh { refresh(node) }
        return slots.contains(slot)
    }

    mutating func takesWrites(_ node: Node) -> Bool {
        if !isFresh { refresh(node) }
        return isMaster
    }

    private mutating func refresh(_ node: Node) {
        isFresh = true
        let state = node.host.machine.state
        isMaster = state.me.isMaster
        guard state.health.isOK, isMaster else {
            slots = SlotSet()
            return
        }
        slots = state.me.slots
        for move in state.slots.migrating.list { slots.remove(move.slot) }
    }
}

enum Routing {
    private static let codes = ["MOVED", "ASK", "TRYAGAIN", "CROSSSLOT", "CLUSTERDOWN"]

    private static let unowned = "CLUSTERDOWN Hash slot not served"

    static func isRedirection(_ text: String) -> Bool { codes.contains { text.hasPrefix($0) } }

    /// Why a command is not served here; nil when it is.
    static func refusal(of spec: CommandSpec, _ client: Client, _ node: Node) -> String? {
        // One key in a slot of ours: nothing else can be asked.
        if spec.keys == .one, client.transaction.queue == nil {
            let slot = client.requests.withWord(1) { KeySlot.of($0) }
            client.requests.slot = slot
            if node.routes.serves(slot, node) { return nil }
        }
        let refusal = judge(spec, client, node)
        if refusal != nil && Dispatch.isExec(spec) { Transactions.abandon(client, node.store) }
        return refusal
    }

    /// The keys of a command, or of all that wait for EXEC, as far as routing asks.
    private struct Keys {
        var first: [UInt8] = []
        var slot: Slot?
        var isUnassigned = false
        var isCrossing = false
        /// They are shard channels, or some are.
        var areChannels = false
        /// There are two that differ.
        var hasSeveral = false
        var present = 0
        var missing = 0
    }

    private static func judge(
        _ spec: CommandSpec, _ client: Client, _ node: Node
    ) -> String? {
        let isExec = Dispatch.isExec(spec)
        var keys = Keys()
        if isExec {
            guard var requests = client.transaction.queue?.requests.copy else { return nil }
            while (try? requests.next()) == true {
                guard let queued = requests.withArgument(0, { CommandTable.index.find($0) })
                else { continue }
                collect(queued, requests, isQueued: true, &keys, node)
            }
        } else {
            collect(spec, client.requests.copy, isQueued: false, &keys, node)
        }
        guard let slot = keys.slot else { return nil }
        if keys.isCrossing { return "CROSSSLOT Keys in request don't hash to the same slot" }
        if !keys.isUnassigned { client.requests.slot = slot }
        var query = SlotQuery(slot)
        query.writes =
            spec.flags.contains(.write)
            || isExec && client.transaction.queue?.flags.contains(.write) == true
        query.isAsking = client.session.isAsking || spec.flags.contains(.asking)
        query.allowsReplica = client.session.isReadOnly
        query.movesKeys = spec.flags.contains(.migrate)
        query.hasSeveralKeys = keys.hasSeveral
        (query.present, query.missing) = (keys.present, keys.missing)
        query.isShardChannel = keys.areChannels
        query.channelsWhenDown = node.options.allowShardChannelsWhenDown
        query.readsWhenDown = node.options.allowReadsWhenDown
        query.holdsCopy = node.replication.holdsCopy
        return words(
            node.host.machine.state.route(query), slot, client.origin.family, node)
    }

    private static func collect(
        _ spec: CommandSpec, _ request: RequestParser, isQueued: Bool, _ keys: inout Keys,
        _ node: Node
    ) {
        let state = node.host.machine.state
        let places = KeyFinder.places(of: spec, in: request)
        if spec.namesShardChannels { keys.areChannels = true }
        for place in places {
            guard !keys.isUnassigned && !keys.isCrossing else { return }
            let slot = request.withArgument(place) { KeySlot.of($0) }
            if let first = keys.slot {
                if slot != first {
                    keys.isCrossing = true
                    return
                }
                if !keys.hasSeveral && request.argument(place) != keys.first {
                    keys.hasSeveral = true
                }
            } else {
                keys.slot = slot
                // A key may have half a gigabyte: it is copied only if there may be another.
                if isQueued || places.count > 1 { keys.first = request.argument(place) }
                keys.isUnassigned = state.slots.owner(of: slot) == nil
            }
            if state.isMigratingOrImporting(slot) && !spec.namesShardChannels {
                let isThere = request.withArgument(place) { node.store.holds($0) }
                if isThere { keys.present += 1 } else { keys.missing += 1 }
            }
        }
    }

    /// The reply in the reference's words; nil when the command is served here.
    private static func words(
        _ route: SlotRoute, _ slot: Slot, _ family: AddressFamily, _ node: Node
    ) -> String? {
        switch route {
        case .serve: nil
        case .moved(let owner): redirection("MOVED", slot, to: owner, family, node)
        case .ask(let target): redirection("ASK", slot, to: target, family, node)
        case .tryAgain: "TRYAGAIN Multiple keys request during rehashing of slot"
        case .down(.unowned): unowned
        case .down(.cluster): "CLUSTERDOWN The cluster is down"
        case .down(.writesOnly): "CLUSTERDOWN The cluster is down and only accepts read commands"
        }
    }

    private static func redirection(
        _ word: String, _ slot: Slot, to id: NodeID, _ family: AddressFamily, _ node: Node
    ) -> String {
        let nodes = node.host.machine.state.nodes
        guard let handle = nodes.find(id) else { return unowned }
        let row = nodes[handle]
        let host = Endpoint.text(row, node.options.cluster, family) ?? ""
        return "\(word) \(slot) \(host):\(row.clientPort)"
    }
}

/// The keys of a request.
enum KeyFinder {
    static func places(of spec: CommandSpec, in request: RequestParser) -> [Int] {
        if spec.flags.contains(.migrate) { return migratePlaces(request) }
        if spec.flags.contains(.countedKeys) { return countedPlaces(spec, request) }
        guard spec.keys.first > 0 else { return [] }
        return Array(spec.keys.places(in: request.argumentCount))
    }

    /// `MSETEX number key value …`: none if the number is not right, which the command refuses then.
    private static func countedPlaces(_ spec: CommandSpec, _ request: RequestParser) -> [Int] {
        let number = request.withArgument(1) { strictInteger($0) }
        guard
            let pairs = SetManyCommands.pairs(number, words: request.argumentCount)
        else { return [] }
        let first = spec.keys.first
        return Array(stride(from: first, to: first + pairs * spec.keys.step, by: spec.keys.step))
    }

    /// `MIGRATE host port key …`, or with an empty key the words after KEYS.
    static func migratePlaces(_ request: RequestParser) -> [Int] {
        guard request.argumentCount > 3 else { return [] }
        guard request.withArgument(3, { $0.isEmpty }) else { return [3] }
        var index = 6
        while index < request.argumentCount {
            if request.argument(index, is: "keys") {
                return Array((index + 1)..<max(index + 1, request.argumentCount))
            }
            let words = request.argument(index, is: "auth") ? 2 : 1
            index += request.argument(index, is: "auth2") ? 3 : words
        }
        return [3]
    }
}
