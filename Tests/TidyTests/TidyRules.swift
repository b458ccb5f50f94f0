// The tables that the tidy tests go by: which target may import what, the order of the rules, and what
// is excepted, each with its reason. The list of exceptions may only shrink: one that nothing needs any
// more is a failure.

/// The arrows between targets. No others.
enum Arrows {
    static let allowed: [String: Set<String>] = [
        "ClusterWire": [], "Determinism": [], "Text": [], "Capture": [], "CLinux": [],
        "RESP": ["Text"],
        "SystemIO": ["Glibc", "Darwin", "CLinux"],
        "ClusterCore": ["ClusterWire", "Determinism"],
        "ClusterSim": ["ClusterCore", "ClusterWire", "Determinism"],
        "GossipLab": ["Determinism", "Glibc", "Darwin"],
        "Playback": ["Capture", "ClusterCore", "ClusterWire", "Determinism"],
        "ClusterHost": ["ClusterCore", "ClusterWire", "Determinism", "SystemIO"],
        "ClusterNode": [
            "Capture", "ClusterCore", "ClusterHost", "ClusterWire", "Determinism", "RESP",
            "SystemIO", "Text",
        ],
        "Interop": ["RESP", "SystemIO", "Capture", "Playback", "Synchronization"],
        "grapevine": [
            "ClusterWire", "ClusterCore", "ClusterSim", "Determinism", "GossipLab", "RESP",
            "Capture", "Playback", "SystemIO", "ClusterNode", "Interop", "Synchronization", "Text",
        ],
        "Support": ["SystemIO", "Synchronization", "Testing"],
    ]
}

/// The rules of ClusterCore/Rules from the top caller down: a rule calls only rules below it.
enum RuleOrder {
    static let names = [
        "Receive", "Settle", "Identity", "Gossip", "Handshake", "Attention", "Links",
        "Election", "ElectionOrder", "Voting", "FailureDetection", "Heartbeats", "ReplicaMigration",
        "SlotOwnership", "Replication",
        "Roles", "ManualFailover", "Extensions", "Epochs", "Promises", "HealthCheck", "Compose",
    ]
}

/// What the tests look for, by name.
enum Rule: String, CaseIterable {
    case imports, fileLength, functionLength, impurity, hashedOrder, upwardCall, forcing, opening
}

/// A place where a rule does not hold, and why that is right.
struct Exemption {
    let rule: Rule
    let path: String
    /// What is found there, as the test names it; empty for all.
    let what: String
    let reason: String
}

enum Exemptions {
    static let all: [Exemption] = [
        Exemption(
            rule: .upwardCall, path: "Sources/ClusterCore/Rules/Promises.swift", what: "",
            reason: "once a save is confirmed, what waited for it is done: it calls back who asked"),
        Exemption(
            rule: .hashedOrder, path: "Sources/ClusterCore/Reports/Words.swift", what: "",
            reason: "a set of forbidden bytes, asked and never iterated"),
        Exemption(
            rule: .hashedOrder, path: "Sources/ClusterCore/Reports/SlotsReport.swift", what: "",
            reason: "replies by owner, looked up and never iterated"),
        Exemption(
            rule: .hashedOrder, path: "Sources/ClusterCore/Commands/AdminCommand.swift", what: "",
            reason: "commands by word, looked up and never iterated"),
    ]
}
