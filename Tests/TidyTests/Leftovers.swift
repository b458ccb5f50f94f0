// What does not follow the rules about declarations yet, or has a reason not to. A list may only shrink:
// what is better than its line says is a failure, too, until the line is changed or taken out.

enum Rules {
    /// Targets whose own enums are switched over whole.
    static let wholeSwitches = [
        "ClusterWire", "ClusterCore", "ClusterSim", "ClusterHost", "Playback", "ClusterNode",
        "DataPlane",
    ]
}

extension Rules {
    /// What a value of an open type is called, whose named members look like the cases of an enum: message
    /// types are numbers, and a peer may send any.
    static let openSubjects = ["type", "MessageType"]
}

/// Names that a protocol of the standard library explains.
enum Witnesses {
    static let names = ["==", "<", "hash", "description", "rawValue"]
}

enum Leftovers {
    /// How many switches over enums of ours have a default, a file.
    static let defaults: [(path: String, count: Int, reason: String)] = [
        (
            "Sources/ClusterCore/Machine/AdminReply.swift", 1,
            "one case is an error, no other can be"
        )
    ]

    /// Functions of more than 50 lines: a part of the line that names them, and how long they are.
    static let longFunctions: [(path: String, head: String, lines: Int)] = []

    /// Types that store more than 12 properties.
    static let largeTypes: [(path: String, name: String, reason: String)] = [
        (
            "Sources/Benchmarks/Soak.swift", "Soak",
            "one run and all that it counts"
        ),
        (
            "Sources/Capture/TCPHalf.swift", "TCPHalf",
            "the state of one direction of TCP, as its specification lists it"
        ),
        (
            "Sources/ClusterClient/ClusterNodesText.swift", "ClusterNodesRow",
            "the fields of a line of CLUSTER NODES"
        ),
        (
            "Sources/ClusterCore/Machine/ClusterConfig.swift", "ClusterConfig",
            "a property for each setting"
        ),
        (
            "Sources/ClusterCore/Reports/NodesFileLine.swift", "ParsedLine",
            "the fields of a line of nodes.conf"
        ),
        (
            "Sources/ClusterCore/State/ClusterState.swift", "ClusterState",
            "one memory for each rule"
        ),
        (
            "Sources/ClusterSim/World/World.swift", "World",
            "all that there is in a world"
        ),
        (
            "Sources/ClusterCore/State/KnownNode.swift", "KnownNode",
            "a row of the table of nodes, kept flat for the sake of its size"
        ),
        (
            "Sources/ClusterNode/Config/NodeOptions.swift", "NodeOptions",
            "a property for each directive"
        ),
        (
            "Sources/ClusterSim/Scenarios/RunMetrics.swift", "RunMetrics",
            "a property for each figure"
        ),
        (
            "Sources/ClusterSim/World/SimOptions.swift", "SimOptions",
            "a property for each option"
        ),
        (
            "Sources/ClusterSim/World/VirtualNetwork.swift", "VirtualNetwork",
            "the links of a simulation and what befalls them"
        ),
        (
            "Sources/ClusterSim/World/VirtualNode.swift", "VirtualNode",
            "a node of the simulation with its disk and its data"
        ),
        (
            "Sources/ClusterWire/Header.swift", "Header",
            "the fields of the header on the wire"
        ),
        (
            "Sources/GossipLab/LabOptions.swift", "LabOptions",
            "a property for each option"
        ),
        (
            "Sources/GossipLab/Plumtree.swift", "PlumtreeCourse",
            "the state of one run as columns"
        ),
        (
            "Sources/GossipLab/PushSumCourse.swift", "PushSumCourse",
            "the state of one run as columns"
        ),
        (
            "Sources/GossipLab/ReplicaOptions.swift", "ReplicaOptions",
            "a property for each option"
        ),
        (
            "Sources/GossipLab/ReplicaOptions.swift", "ReplicaReport",
            "a property for each figure"
        ),
        (
            "Sources/GossipLab/Replicas.swift", "Replicas",
            "the state of one run as columns"
        ),
        (
            "Sources/GossipLab/RingRepair.swift", "Ring",
            "the state of one run as columns"
        ),
        (
            "Sources/GossipLab/Rumor.swift", "Rumor",
            "the state of one run as columns"
        ),
        (
            "Sources/GossipLab/RunResult.swift", "Summary",
            "a property for each figure"
        ),
        (
            "Sources/GossipLab/Swim.swift", "Swim",
            "the state of one run as columns"
        ),
        (
            "Sources/grapevine/Gossip/GossipReplicasOptions.swift", "ReplicaCall",
            "a property for each option"
        ),
    ]

    /// Times of the core that begin as 0.
    static let zeroTimes: [(place: String, reason: String)] = []
}
