// What a node needs of the store of its keys, apart from the commands of clients: what the rules are
// told, and what they ask for. A store that copies from a master, or hands keys over to another,
// changes behind this.

import ClusterCore
import ClusterWire

/// The data of a node, as the rules see it.
protocol DataStore: AnyObject {
    /// What it says of itself.
    var report: StoreReport { get }
    /// Whether `report` has changed since it was last marked as told.
    var hasNews: Bool { get }
    func markTold()

    /// Whether a replica's reads can be answered from here.
    var holdsCopy: Bool { get }

    func countKeys(in slot: Slot) -> Int
    /// Names of keys in a slot, the newest first.
    func keys(in slot: Slot, limit: Int) -> [[UInt8]]

    /// These slots are another's now.
    func dropKeys(in slots: SlotSet)
    /// Nothing may change, also not by itself, until this is taken back.
    func holdChanges(_ isHeld: Bool)
    /// Follow this master; nil: be one, going on from `offset` if that is further than our own.
    func follow(_ master: NodeAddress?, from offset: ReplicationOffset)
}
