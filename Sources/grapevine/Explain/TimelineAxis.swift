// Time as a place on the page. Stretches without events are drawn with a part of their length, so that
// what happens within a moment can be told apart beside seconds of waiting.

struct TimelineAxis {
    /// Where the straight pieces begin and end: times, and places from 0 to 1.
    private var points: [(time: Int64, place: Double)] = []
    private let left: Double
    private let right: Double
    /// Whether any stretch is shortened.
    private(set) var isCompressed = false

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
            points = [(from, 0), (end, 1)]
            return
        }
        // The square root of a gap: what lasts a hundred times as long takes ten times the room.
        let gaps = zip(sorted, sorted.dropFirst()).map { Double($1 - $0).squareRoot() }
        let sum = gaps.reduce(0, +)
        var place = 0.0
        points.append((from, 0))
        for (time, gap) in zip(sorted.dropFirst(), gaps) {
            place += gap / sum
            points.append((time, place))
        }
        isCompressed = sorted.count > 3
    }

    /// The horizontal place of a time.
    func x(_ time: Int64) -> Double {
        let clamped = min(max(time, points[0].time), points[points.count - 1].time)
        var low = 0
        var high = points.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if points[middle].time <= clamped { low = middle } else { high = middle }
        }
        let (a, b) = (points[low], points[high])
        let part = b.time > a.time ? Double(clamped - a.time) / Double(b.time - a.time) : 0
        return left + (a.place + (b.place - a.place) * part) * (right - left)
    }

    /// Times worth a label, not too near each other.
    var ticks: [Int64] {
        var list: [Int64] = []
        var last = -Double.infinity
        for point in points where x(point.time) - last >= 62 {
            list.append(point.time)
            last = x(point.time)
        }
        return list
    }
}
