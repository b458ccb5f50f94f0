// Which part of the core may call which: each calls only what stands below it, and state calls no rule at
// all. A tidy test reads this list, holds it against the files of the folders, and looks for calls that go
// up. What is in none of the lists (messages, inputs, effects, notes, settings) may be used by all.

enum Order {
    /// From the top caller down, each named as its file.
    static let commands = [
        "Commands",  // one switch from command to handler
        "ReadCommands", "TopologyCommands", "FailoverCommand", "SlotCommands", "SetSlotCommand",
        "EpochCommands",
    ]

    /// From the top caller down, each named as its file, with what it decides.
    static let rules = [
        "Receive",  // which rules see a message, and in which order
        "EndOfStep",  // what is done once, after all rules
        "DueTimes",  // when a tick must look at a node again
        "Identity",  // which node sent a message on a connection
        "Gossip",  // what to take from what others say about third nodes
        "Handshake",  // how two nodes come to know each other, and where
        "Addresses",  // where a node is, and who answers there
        "Links",  // when to connect and when to drop a link
        "ProvenConnections",  // which connection in a node's name is its own
        "Claims",  // what is said of a node elsewhere than on our own link to it
        "Election",  // the candidate's side
        "ElectionOrder",  // whose turn it is to ask for votes
        "Voting",  // the voter's side
        "FailureDetection",  // PFAIL, FAIL, and when either is taken back
        "Heartbeats",  // whom to ping, and when
        "ReplicaMigration",  // when a replica moves to a master without replicas
        "SlotOwnership",  // who gets a slot when claims differ
        "Replication",  // our offset, and how old our copy is
        "Publishing",  // who is sent a publication, and who is handed one
        "Roles",  // master and replica
        "ManualFailover",  // a failover that an operator asks for
        "Extensions",  // names, shard and forgotten nodes
        "Epochs",  // learning and raising currentEpoch and configEpoch
        "Saving",  // when to save, and what a save that ended means
        "HealthCheck",  // whether the cluster serves
        "Returning",  // whether a master that comes back empty waits to be replaced
        "Sending",  // one message on a connection, or one to all
        "Compose",  // what a message says
    ]
}
