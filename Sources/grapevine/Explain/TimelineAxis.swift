// Time as a place on the page. Stretches without events are drawn with a part of their length, so that
// what happens within a moment can be told apart beside seconds of waiting.

struct TimelineAxis {
    /// Where the straight pieces begin and end: times, and places from 0 to 1.
    private var knots: [(time: Int64, place: Double)] = []
    private let left: Double
    private let right: Double
    /// Whether any stretch is shortened.
    private(set) var isBent = false

    /// `events` need not be in order.
    init(from: Int64, to: Int64, events: [Int64], left: Double, right: Double) {
        (self.left, self.right) = (left, right)
        let end = max(to, from + 1)
        var times = Set(events.filter { $0 > from && $0 < end })
        times.insert(from)
        times.insert(end)
        // Enough pieces to part what belongs apart; of more the straight line is as good.
        let sorted = times.sorted()
        guard sorted.count <= 400 else {
            knots = [(from, 0), (end, 1)]
            return
        }
        // The square root of a gap: what lasts a hundred times as long takes ten times the room.
        let gaps = zip(sorted, sorted.dropFirst()).map { Double($1 - $0).squareRoot() }
        let sum = gaps.reduce(0, +)
        var place = 0.0
        knots.append((from, 0))
        for (time, gap) in zip(sorted.dropFirst(), gaps) {
            place += gap / sum
            knots.append((time, place))
        }
        isBent = sorted.count > 3
    }

    /// The horizontal place of a time.
    func x(_ time: Int64) -> Double {
        let clamped = min(max(time, knots[0].time), knots[knots.count - 1].time)
        var low = 0
        var high = knots.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if knots[middle].time <= clamped { low = middle } else { high = middle }
        }
        let (a, b) = (knots[low], knots[high])
        let part = b.time > a.time ? Double(clamped - a.time) / Double(b.time - a.time) : 0
        return left + (a.place + (b.place - a.place) * part) * (right - left)
    }

    /// Times worth a label, not too near each other.
    var ticks: [Int64] {
        var list: [Int64] = []
        var last = -Double.infinity
        for knot in knots where x(knot.time) - last >= 62 {
            list.append(knot.time)
            last = x(knot.time)
        }
        return list
    }
}
