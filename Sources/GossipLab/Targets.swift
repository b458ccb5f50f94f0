// Whom a node sends to when it sends to several in one round: so many partners, all different
// unless that is not asked for. Who can be a partner is decided by Network.

import Determinism

enum Targets {
    /// Draws so many partners of a node into `list`; fewer when it has no more.
    static func draw(
        _ wanted: Int, of node: Int, in network: Network, _ options: LabOptions,
        into list: inout [Int], _ random: inout SplitMix64
    ) {
        list.removeAll(keepingCapacity: true)
        if options.withReplacement || wanted == 1 {
            for _ in 0..<wanted {
                if let partner = network.partner(of: node, &random) { list.append(partner) }
            }
            return
        }
        let known = network.partnerCount(of: node)
        if wanted > known / rejectionShare && options.topology != .spatial {
            // Drawing again until all differ would take long: the first of a shuffled list.
            list = network.partners(of: node)
            guard wanted < list.count else { return }
            for place in 0..<wanted {
                list.swapAt(place, place + random.below(list.count - place))
            }
            list.removeSubrange(wanted...)
            return
        }
        // Of a spatial choice the far ones may be too unlikely to be ever drawn, hence the bound.
        var attempts = wanted * attemptsForEach
        while list.count < wanted && attempts > 0 {
            attempts -= 1
            guard let partner = network.partner(of: node, &random) else { return }
            if !list.contains(partner) { list.append(partner) }
        }
    }

    /// Up to one in so many of the partners are drawn one by one.
    private static let rejectionShare = 8
    private static let attemptsForEach = 64
}
