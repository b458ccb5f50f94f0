// How interest in a rumor is lost: blind or by the partner's answer, by a coin or a counter.

import Determinism

extension Rumor {
    @inline(__always)
    mutating func countSend(of node: Int) {
        meter.updates += 1
        guard limit != nil, options.interest == .blind else { return }
        mark(node, Mark.sent)
    }

    /// What the receiver says of an update reaches its sender.
    @inline(__always)
    mutating func tell(_ sender: Int, by receiver: Int, needed: Bool) {
        guard limit != nil, options.interest == .feedback else { return }
        if isDelayed {
            send(needed ? .needed : .unnecessary, receiver, sender)
        } else if options.loss == 0 || network.delivers(from: receiver, to: sender, &random) {
            judgePush(sender, needed: needed)
        }
    }

    @inline(__always)
    mutating func judgePush(_ sender: Int, needed: Bool) {
        if needed { reset(sender) } else { loseInterest(sender) }
    }

    /// Several may ask one node in a round: at the end of it its counter is reset if any of them needed
    /// the update, else it grows by one.
    ///
    /// - Source: CSL-89-1, the footnote of table 3.
    @inline(__always)
    mutating func judgeAnswer(_ node: Int, needed: Bool) {
        guard limit != nil, options.interest == .feedback else { return }
        guard isByRounds else { return judgePush(node, needed: needed) }
        mark(node, needed ? Mark.needed : Mark.unnecessary)
    }

    private mutating func mark(_ node: Int, _ bit: UInt8) {
        if marks[node] == 0 { marked.append(UInt32(node)) }
        marks[node] |= bit
    }

    /// A useful contact begins the count anew: k are to be unnecessary one after another.
    private mutating func reset(_ node: Int) {
        if usesCounters && options.resetsCounter { counters[node] = 0 }
    }

    private mutating func loseInterest(_ node: Int) {
        guard let limit else { return }
        switch options.stop {
        case .coin: guard limit == 1 || random.below(limit) == 0 else { return }
        case .counter:
            if counters[node] < .max { counters[node] += 1 }
            guard counters[node] >= limit else { return }
        }
        if isByRounds { leaving.append(UInt32(node)) } else { people.remove(node, in: round) }
    }

    /// What the contacts of a round, or of one call, come to.
    mutating func judge() {
        for number in marked {
            let node = Int(number)
            let mark = marks[node]
            marks[node] = 0
            if mark & Mark.sent != 0 {
                loseInterest(node)
            } else if mark & Mark.needed != 0 {
                reset(node)
            } else if people.phase(node) == .infective {
                loseInterest(node)
            }
        }
        marked.removeAll(keepingCapacity: true)
        for node in leaving { people.remove(Int(node), in: round) }
        leaving.removeAll(keepingCapacity: true)
        if options.connectionLimit != nil {
            for node in callsTaken.indices { callsTaken[node] = 0 }
        }
    }

    /// One that hears of a rumor again from the backup spreads it like a new one.
    mutating func begin(anew node: Int) {
        if usesCounters { counters[node] = 0 }
    }
}
