// Values of the bus as JSON.

import ClusterWire
import Text

extension JSONText {
    /// An id as its forty characters, or null for none.
    mutating func id(_ node: NodeID) {
        guard !node.isZero else { return null() }
        latin1 { node.forEachByte($0) }
    }

    mutating func field(_ name: String, _ node: NodeID) {
        field(name) { $0.id(node) }
    }

    /// Slots as pairs of first and last.
    mutating func field(_ name: String, _ slots: SlotSet) {
        list(name) { json in
            slots.forEachRange { first, last in
                json.list { pair in
                    pair.number(first)
                    pair.number(last)
                }
            }
        }
    }
}
