// Who owned which of the 16384 slots at the beginning of a capture and at its end, as two strips.

import ClusterWire
import Playback
import Text

extension TimelineDrawing {
    private typealias Strip = [(owner: NodeID, slots: SlotSet)]

    /// Colours that are told apart by people who see red and green alike, and on paper.
    private static let colours = [
        "#4477aa", "#ddaa33", "#228833", "#cc6677", "#66ccee", "#aa3377", "#999933", "#bbbbbb",
        "#882255", "#44aa99", "#ee8866", "#332288",
    ]

    var slotFigure: String {
        let (before, after) = (owners(atStart: true), owners(atStart: false))
        // A shard keeps its colour: who was given the slots of another looks different.
        var seen: Set<NodeID> = []
        let order = (before + after).map(\.owner).filter { seen.insert($0).inserted }
        let was = Dictionary(before.map { ($0.owner, $0.slots) }) { first, _ in first }
        let isNow = Dictionary(after.map { ($0.owner, $0.slots) }) { first, _ in first }
        let colours = Dictionary(
            uniqueKeysWithValues: order.enumerated().map {
                ($1, Self.colours[$0 % Self.colours.count])
            })
        let legend = order.map { id in
            let now = isNow[id] ?? SlotSet()
            let then = was[id] ?? SlotSet()
            let change = then == now ? "\(now.count)" : "\(then.count) → \(now.count)"
            return "<li><svg viewBox=\"0 0 20 20\"><rect width=\"20\" height=\"20\" rx=\"3\" "
                + "fill=\"\(colours[id] ?? "")\"/></svg>\(Markup.escape(words.name(id))) "
                + "(\(id.short)): \(change) slots</li>"
        }
        let isSame = before.elementsEqual(after) { $0.owner == $1.owner && $0.slots == $1.slots }
        return """
            <div class="scroll"><svg class="wide" viewBox="0 0 1000 \(isSame ? 66 : 112)" role="img" \
            aria-label="owners of the slots before and after">
            \(strip(isSame ? "always" : "before", before, colours, y: 8))
            \(isSame ? "" : strip("after", after, colours, y: 54))
            \(scale(y: isSame ? 58 : 104))
            </svg></div>
            <ul class="legend">\(legend.joined(separator: "\n"))</ul>
            """
    }

    /// Masters with slots, by their first slot.
    private func owners(atStart: Bool) -> Strip {
        var list: Strip = []
        for (place, node) in observed.nodes.enumerated() {
            var slots = SlotSet()
            if !atStart {
                slots = node.replacedBy == nil ? observed.ownSlots(of: place) : slots
            } else if let first = node.first?.selfReport {
                slots = first.isReplica ? slots : first.slots
            } else {
                // It sent no header itself: the first claim that others reported for it.
                slots = node.hearsay.first?.slots ?? slots
            }
            if !slots.isEmpty { list.append((node.id, slots)) }
        }
        return list.sorted { ($0.slots.first?.index ?? 0) < ($1.slots.first?.index ?? 0) }
    }

    private func strip(
        _ name: String, _ owners: Strip, _ colours: [NodeID: String], y: Int
    ) -> String {
        var parts =
            SVG.text(52, y + 22, name, style: "soft", anchor: "end")
            + "<rect x=\"60\" y=\"\(y)\" width=\"920\" height=\"34\" fill=\"none\" "
            + "class=\"lane\"/>"
        // Narrow ranges get a hair of width and stand in front, or one slot would be invisible.
        let ranges = owners.flatMap { entry in
            entry.slots.ranges.prefix(1000).map { (entry.owner, $0) }
        }
        for (owner, range) in ranges.sorted(by: { $0.1.count > $1.1.count }) {
            let x = 60 + Double(range.first.index) * 920 / 16384
            let width = max(2, Double(range.count) * 920 / 16384)
            parts += SVG.rectangle(
                fill: colours[owner] ?? "", x: x, y: y, width: width, height: 34,
                title: "\(words.name(owner)): \(range)")
        }
        return parts
    }

    private func scale(y: Int) -> String {
        [0, 4096, 8192, 12288, 16383].map { slot in
            let anchor = slot == 0 ? "start" : slot == 16383 ? "end" : "middle"
            return SVG.text(
                60 + slot * 920 / 16384, y, "\(slot)", style: "soft", anchor: anchor)
        }.joined()
    }
}
