// The hooks of a host: what it asks of the server around it, and what it tells it. They are called on the
// host's own thread, while it processes; none of them may call the host back to submit a command or to
// process. Publications will come by a hook of their own.

public import ClusterCore
public import ClusterWire
public import SystemIO

/// A server that is a node of a cluster by means of a `ClusterHost`.
public protocol ClusterServer: AnyObject {
    /// What the data store says of itself, if that has changed since it was last asked; nil: it has not.
    ///
    /// Asked before each step of the rules, so that none of them judges by keys or offsets of the past:
    /// it should cost next to nothing while nothing has changed.
    func takeStoreReport() -> StoreReport?

    /// Follow this master; nil: be one, going on from `offset` if that is further than our own.
    func follow(_ master: NodeAddress?, from offset: ReplicationOffset)

    /// Keys of these slots are not ours any more.
    func dropKeys(in slots: SlotSet)

    /// Writes of clients wait from now on, or may go on: nothing may change meanwhile, not by itself
    /// either. They never wait longer than `ClusterConfig.manualFailoverTimeout` twice over.
    func setWritesPaused(_ arePaused: Bool)

    /// The reply to a command that was submitted and had to wait for a save: as the rules gave it, or
    /// an error if the save failed.
    func answer(_ reply: AdminReply, to client: ClientID)

    /// This node is a master now, or a replica, or follows another master than before.
    func roleChanged(to role: Role)

    /// The rules took a step: what was read of the host's state before may be out of date.
    func stateMayHaveChanged()

    /// This save and all before it are in the place of nodes.conf: no end of the process takes them back.
    func saveIsInPlace(upTo generation: Generation)

    /// This save failed, and those before it of which no success was told.
    func saveFailed(upTo generation: Generation, because error: SystemError)

    /// Whether the process has a descriptor left for one more link.
    var hasRoomForLink: Bool { get }

    /// Something for the log.
    func note(_ note: HostNote)
}

extension ClusterServer {
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
    /// There is.
    public var hasRoomForLink: Bool { true }
    /// Does nothing.
    public func note(_ note: HostNote) {}
}
