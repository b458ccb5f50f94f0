// What a rule is given in one step: the time, the settings and a random generator to read, and lists for the
// effects that it asks for at once and for the work that is left to the end of the step.

import ClusterWire
import Determinism

/// Work that rules ask for and `EndOfStep` does once, at the end of the step.
struct Pending: OptionSet {
    let rawValue: UInt8

    static let election = Pending(rawValue: 1)
    static let health = Pending(rawValue: 2)
    static let save = Pending(rawValue: 4)
    static let syncedSave = Pending(rawValue: 8)
    /// Broadcast our role, slots and epochs, once they are on disk.
    static let broadcast = Pending(rawValue: 16)
    /// Tell masters with slots, and the replicas of the suspects, of new PFAIL.
    static let suspicions = Pending(rawValue: 32)
    /// A master was marked FAIL: vote requests of its replicas may have waited for that.
    static let votes = Pending(rawValue: 64)
    /// A command waits for the save of what it changed: the save is not put off.
    static let awaited = Pending(rawValue: 128)
}

/// One step's working set.
struct StepContext {
    private(set) var now: Instant
    var config: ClusterConfig
    var random: SplitMix64
    var pending: Pending = []
    private let planted: PlantedBug
    private(set) var effects: [Effect] = []

    init(
        now: Instant, config: ClusterConfig, random: SplitMix64, planted: PlantedBug = []
    ) {
        self.now = now
        self.planted = planted
        self.config = config
        self.random = random
    }

    /// A step begins: nothing is asked for yet.
    mutating func begin(at now: Instant) {
        self.now = now
        pending = []
    }

    /// A step ends. Returns what it asks for.
    mutating func end() -> [Effect] {
        let all = effects
        effects = []
        return all
    }

    /// Whether this machine was made with a planted bug.
    @inline(__always)
    func has(_ bug: PlantedBug) -> Bool {
        !planted.isEmpty && planted.contains(bug)
    }

    /// Whether a master in this condition may be replaced by an election.
    func countsAsFailed(_ condition: Condition) -> Bool {
        condition.isFailed || has(.voteForSuspected) && condition.isPFail
    }

    /// Up to `count` of the nodes, drawn without replacement when there are more.
    mutating func sample(_ count: Int, of handles: [NodeHandle]) -> [NodeHandle] {
        guard handles.count > count else { return handles }
        var rest = handles
        for index in 0..<count {
            rest.swapAt(index, index + random.below(rest.count - index))
        }
        return Array(rest.prefix(count))
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }
    /// For the one effect that precedes the others: the save.
    mutating func emitFirst(_ effect: Effect) { effects.insert(effect, at: 0) }
    mutating func note(_ note: Note) { effects.append(.note(note)) }

    /// This node says nothing to others for now.
    mutating func dropMessages() {
        effects.removeAll { effect in
            switch effect {
            case .send, .broadcast: true
            case .persist, .connect, .close, .timer, .pauseWrites, .replicate, .dropKeys, .deliver,
                .reply, .note:
                false
            }
        }
    }

    mutating func reply(_ reply: AdminReply, to client: ClientID) {
        effects.append(.reply(reply, to: client))
    }

    /// What is answered in this step is answered when this save is in place.
    mutating func holdReplies(until generation: Generation) {
        for index in effects.indices {
            if case .reply(let reply, let client, _) = effects[index] {
                effects[index] = .reply(reply, to: client, after: generation)
            }
        }
    }
}
