// The tables that the tidy tests go by: which target may import what, and what is excepted, each with its reason. The list of exceptions may only shrink: one that nothing needs any
// more is a failure.

/// The arrows between targets. No others.
enum Arrows {
    static let allowed: [String: Set<String>] = [
        "ClusterWire": [], "Determinism": [], "Text": [], "Capture": [], "CLinux": [],
        "RESP": ["Text"],
        "SystemIO": ["Glibc", "Darwin", "CLinux", "Synchronization"],
        "ClusterCore": ["ClusterWire", "Determinism"],
        "ClusterSim": ["ClusterCore", "ClusterWire", "DataPlane", "Determinism", "RESP"],
        "GossipLab": ["Determinism", "Glibc", "Darwin"],
        "Playback": ["Capture", "ClusterCore", "ClusterWire", "Determinism"],
        "ClusterHost": ["ClusterCore", "ClusterWire", "Determinism", "SystemIO"],
        "DataPlane": ["ClusterWire", "Determinism", "RESP"],
        "ClusterNode": [
            "Capture", "ClusterCore", "ClusterHost", "ClusterWire", "DataPlane", "RESP",
            "SystemIO", "Text",
        ],
        "ClusterClient": ["ClusterWire", "RESP", "SystemIO"],
        "Interop": [
            "Capture", "ClusterClient", "ClusterWire", "Playback", "RESP", "SystemIO",
            "Synchronization",
        ],
        "Benchmarks": [
            "ClusterClient", "ClusterCore", "ClusterWire", "Determinism", "GossipLab", "Interop",
            "RESP", "SystemIO",
        ],
        "grapevine": [
            "Benchmarks", "ClusterClient", "ClusterWire", "ClusterCore", "ClusterSim",
            "Determinism", "GossipLab", "RESP", "Capture", "Playback", "SystemIO", "ClusterNode",
            "Interop", "Synchronization", "Text",
        ],
        "Support": ["SystemIO", "Synchronization", "Testing"],
    ]
}

/// What the tests look for, by name.
enum Rule: String, CaseIterable {
    case imports, fileLength, impurity, hashedOrder, forcing, opening
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
            rule: .hashedOrder, path: "Sources/ClusterCore/Reports/SlotsReport.swift", what: "",
            reason: "replies by owner, looked up and never iterated")
    ]
}
