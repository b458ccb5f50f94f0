// A round of a rumor that nobody drops, in a complete graph where every message arrives: the case in which
// millions of nodes are run. It does what Rumor does, call by call and draw by draw, and nothing else.

import Determinism

extension Rumor {
    /// Whether no switch is on that a plain round does not know.
    var isPlain: Bool {
        options.strategy == .rumor && limit == nil && options.clock == .rounds
            && options.usedKnowledge == .round && options.topology == .complete
            && options.draw == .others && network.isPerfect && options.connectionLimit == nil
            && options.fanout == 1 && !options.noRepeat && !options.noSendBack
            && options.slow == 0 && options.backup == .none && options.nodes > 1
    }

    /// Everyone calls, and an update goes by push, pull or both.
    mutating func runPlainRound() {
        let (pushes, pulls) = (options.mode.pushes, options.mode.pulls)
        let others = options.nodes - 1
        var updates = 0
        for caller in 0..<options.nodes {
            var target = random.below(others)
            target += target >= caller ? 1 : 0
            let mine = people.phase(caller) == .infective
            let its = people.phase(target) == .infective
            let (carries, answers) = (pushes && mine, pulls && its && !(pushes && mine))
            updates += (carries ? 1 : 0) + (answers ? 1 : 0)
            guard mine != its else { continue }
            if carries {
                people.hear(target, in: round)
            } else if answers {
                people.hear(caller, in: round)
            }
        }
        count(calls: options.nodes, updates: updates)
    }

    /// Those who know call, and the update goes by push.
    mutating func runPlainPush(_ active: [UInt32]) {
        let others = options.nodes - 1
        for number in active {
            let caller = Int(number)
            var target = random.below(others)
            target += target >= caller ? 1 : 0
            if people.phase(target) == .susceptible { people.hear(target, in: round) }
        }
        count(calls: active.count, updates: active.count)
    }

    private mutating func count(calls: Int, updates: Int) {
        meter.contacts += calls
        meter.asTaught += calls * options.mode.messagesAsTaught
        meter.updates += updates
    }
}
