// What this node remembers of its own part in the cluster: whether it ever joined one, how its process came
// to be a master, and where it was before. What follows from it is for the rules HealthCheck and Handshake.

import ClusterWire

/// This node's own past, as far as it counts.
package struct Membership: Equatable, Sendable {
    /// It was never part of a cluster that served: it has nobody to wait for.
    package private(set) var hasNeverJoined = true
    /// Started as a master from its file, and a master ever since: others may have replaced it meanwhile.
    private(set) var returnedAsMaster = false
    /// It keeps silent, and what it was asked meanwhile is not answered.
    private(set) var isSilent = false
    /// Where this node was before it was where it is; empty when that is not known.
    private(set) var formerIP = IPText()
    /// Somebody has reached this process at its address.
    private(set) var wasReached = false

    /// It serves, or may have served before its process began.
    mutating func join() { hasNeverJoined = false }
    /// It comes back from its file.
    mutating func load(hasNeverJoined: Bool, isMaster: Bool) {
        self.hasNeverJoined = hasNeverJoined
        returnedAsMaster = !hasNeverJoined && isMaster
    }
    /// It follows a master: nobody can have replaced it.
    mutating func becomeReplica() { returnedAsMaster = false }
    /// It begins anew.
    mutating func reset() { (hasNeverJoined, returnedAsMaster) = (true, false) }
    mutating func keepSilent() { isSilent = true }
    mutating func endSilence() { isSilent = false }
    /// A connection came to its address.
    mutating func noteReached() { wasReached = true }
    /// It leaves this address for another.
    mutating func leave(_ ip: IPText) { if !ip.isEmpty { formerIP = ip } }
}
