// Anti-entropy behind a rumor or direct mail: it finds those whom they left out.

import Determinism

extension Population {
    /// Every node compares what it has with one other, both ways.
    ///
    /// - Returns: who did not know.
    /// - Source: Demers et al., CSL-89-1, section 1.5.
    mutating func backUp(
        _ network: Network, in round: Int, _ meter: inout Meter, _ random: inout SplitMix64
    ) -> [Int] {
        var repaired: [Int] = []
        for node in 0..<network.count where network.acts(node, in: round) {
            guard let other = network.partner(of: node, &random) else { continue }
            meter.contacts += 1
            meter.asTaught += Mode.pushPull.messagesAsTaught
            guard network.delivers(from: node, to: other, &random) else {
                meter.lost += 1
                continue
            }
            let (mine, its) = (knewBefore(node), knewBefore(other))
            guard mine != its else { continue }
            meter.updates += 1
            let lacking = mine ? other : node
            if hear(lacking, in: round) {
                repaired.append(lacking)
                meter.add(1, to: "repaired")
            }
        }
        return repaired
    }
}
