// The hooks of a host: what it asks of the server around it, and what it tells the server. They are called on
// the host's thread, from within `process`, `poll`, `submit`, `ask` and `publish`; a hook must not submit a
// command, publish, or call `process`.

public import ClusterCore
public import ClusterWire
public import SystemIO

/// A server that is a node of a cluster by means of a `ClusterHost`.
public protocol ClusterServer: AnyObject {
    /// The present state of the data store, if it has changed since the last call; nil: it has not.
    ///
    /// Called before each step of the rules, so that no rule works with old keys or offsets: it should cost
    /// next to nothing while nothing has changed.
    func takeStoreReport() -> StoreReport?

    /// Replicate from this master; nil: stop, since this node is a master now. Its replication offset goes on
    /// from `offset` if that is greater than its own. A node that was a replica when it stopped is told by
    /// `ClusterHost.start`.
    func follow(_ master: NodeAddress?, from offset: ReplicationOffset)

    /// Delete the keys of these slots: this node does not own them any more.
    func dropKeys(in slots: SlotSet)

    /// A publication came from another node: hand it to the subscribers of this node, and to nobody else.
    ///
    /// Without `toShard` it is for those who subscribe to its channel or to a pattern that matches it (PUBLISH),
    /// with it for those of the shard channel of that name (SPUBLISH). What this node publishes itself, by
    /// `ClusterHost.publish`, does not come back here.
    func deliver(_ publication: Publication, toShard: Bool)

    /// Pause writes of clients, or let them go on. During a pause no key may change, not by expiry either. A
    /// pause never lasts longer than twice `ClusterConfig.manualFailoverTimeout`.
    func setWritesPaused(_ arePaused: Bool)

    /// The reply to a command for which `ClusterHost.submit` returned `awaitsSave`: the reply of the rules once
    /// the save is written, or an error if the save failed.
    func answer(_ reply: AdminReply, to client: ClientID)

    /// This node is a master now, or a replica, or follows another master than before.
    func roleChanged(to role: Role)

    /// The rules took a step: views and roles that were read from the host before may be out of date.
    func stateMayHaveChanged()

    /// This save and all before it are written in the place of nodes.conf: a crash of the process does not undo
    /// them.
    func saveIsInPlace(upTo generation: Generation)

    /// This save failed, and so did earlier ones for which `saveIsInPlace` was not called.
    func saveFailed(upTo generation: Generation, because error: SystemError)

    /// Whether the process has a descriptor left for one more link.
    var hasRoomForLink: Bool { get }

    /// A line for the log.
    func note(_ note: HostNote)
}

extension ClusterServer {
    /// Does nothing: nobody subscribes here.
    public func deliver(_ publication: Publication, toShard: Bool) {}
    /// Does nothing.
    public func answer(_ reply: AdminReply, to client: ClientID) {}
    /// Does nothing.
    public func roleChanged(to role: Role) {}
    /// Does nothing.
    public func stateMayHaveChanged() {}
    /// Does nothing.
    public func saveIsInPlace(upTo generation: Generation) {}
    /// Does nothing.
    public func saveFailed(upTo generation: Generation, because error: SystemError) {}
    /// True.
    public var hasRoomForLink: Bool { true }
    /// Does nothing.
    public func note(_ note: HostNote) {}
}
