// The links of the machine that plays a node, and the connections of the capture that they stand for. When
// they open and close is decided in DifferentialReplay.

import ClusterCore

/// Links by the connection that each of them stands for.
struct ReplayLinks {
    /// Links that the node made, by the address that they lead to, and the addresses by link.
    private var outbound: [String: LinkID] = [:]
    private var targets: [LinkID: String] = [:]
    /// Numbers of the links that others made, by stream.
    private var inbound: [Int: UInt32] = [:]
    private var nextInbound: UInt32 = 0

    /// - Returns: a link for a stream that leads to the node; nil when it has one.
    mutating func accept(_ stream: Int) -> LinkID? {
        guard inbound[stream] == nil else { return nil }
        defer { nextInbound += 1 }
        inbound[stream] = nextInbound
        return .inbound(nextInbound)
    }

    func inbound(_ stream: Int) -> LinkID? { inbound[stream].map { .inbound($0) } }

    mutating func closeInbound(_ stream: Int) -> LinkID? {
        inbound.removeValue(forKey: stream).map { .inbound($0) }
    }

    /// The machine made a link to an address; one that it had there is forgotten.
    mutating func connect(_ link: LinkID, to target: String) {
        if let former = outbound.updateValue(link, forKey: target) { targets[former] = nil }
        targets[link] = target
    }

    func outbound(to target: String) -> LinkID? { outbound[target] }

    mutating func closeOutbound(to target: String) -> LinkID? {
        guard let link = outbound.removeValue(forKey: target) else { return nil }
        targets[link] = nil
        return link
    }

    /// The machine closed a link that it had made.
    mutating func close(_ link: LinkID) {
        if let target = targets.removeValue(forKey: link) { outbound[target] = nil }
    }
}
