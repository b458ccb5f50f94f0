// Values of the bus as JSON.

import ClusterWire
import Text

extension JSONText {
    /// An id as its forty characters, or null for none.
    mutating func id(_ node: NodeID) {
        guard !node.isZero else { return null() }
        latin1 { node.forEachByte($0) }
    }
}
