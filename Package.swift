// swift-tools-version: 6.2
// The cluster bus of Redis and Valkey in Swift: a node, a laboratory and a harness.
// No dependencies: the toolchain and the C library are all it needs.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target with the settings that all share.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A test target with the settings that all share.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let package = Package(
    name: "grapevine",
    platforms: [.macOS("26.0")],
    products: [
        .library(name: "ClusterWire", targets: ["ClusterWire"]),
        .library(name: "ClusterCore", targets: ["ClusterCore"]),
        .library(name: "ClusterHost", targets: ["ClusterHost"]),
        .executable(name: "grapevine", targets: ["grapevine"]),
    ],
    targets: [
        library("Determinism"),
        library("Text"),
        library("ClusterWire"),
        library("ClusterCore", ["ClusterWire", "Determinism"]),
        library(
            "ClusterSim", ["ClusterCore", "ClusterWire", "DataPlane", "Determinism", "RESP"]),
        library("GossipLab", ["Determinism"]),
        library("RESP", ["Text"]),
        library("Capture"),
        library("Playback", ["Capture", "ClusterCore", "ClusterWire", "Determinism"]),
        .target(name: "CLinux"),
        library("SystemIO", ["CLinux"]),
        library("ClusterClient", ["ClusterWire", "RESP", "SystemIO"]),
        library(
            "Interop",
            ["Capture", "ClusterClient", "ClusterWire", "Playback", "RESP", "SystemIO"]),
        library(
            "Benchmarks",
            [
                "ClusterClient", "ClusterCore", "ClusterWire", "Determinism", "GossipLab",
                "Interop", "RESP", "SystemIO",
            ]),
        library("DataPlane", ["ClusterWire", "Determinism", "RESP"]),
        library("ClusterHost", ["ClusterCore", "ClusterWire", "Determinism", "SystemIO"]),
        library(
            "ClusterNode",
            [
                "Capture", "ClusterCore", "ClusterHost", "ClusterWire", "DataPlane", "RESP",
                "SystemIO", "Text",
            ]),
        .executableTarget(
            name: "grapevine",
            dependencies: [
                "Benchmarks", "ClusterClient", "ClusterCore", "ClusterWire", "ClusterSim",
                "Determinism", "GossipLab", "RESP", "Capture", "Playback", "SystemIO",
                "ClusterNode", "Interop", "Text",
            ],
            swiftSettings: settings,
            linkerSettings: [
                .unsafeFlags(
                    ["-static-executable"], .when(platforms: [.linux], configuration: .release))
            ]),
        .target(
            name: "TestSupport", dependencies: ["SystemIO"], path: "Tests/Support",
            swiftSettings: settings),
        .executableTarget(
            name: "misbehaving", dependencies: ["RESP", "SystemIO"], path: "Tests/Misbehaving",
            swiftSettings: settings),
        tests("ClusterWireTests", ["ClusterWire"]),
        tests("ClusterCoreTests", ["ClusterCore", "ClusterWire", "Determinism"]),
        tests("ClusterSimTests", ["ClusterSim", "ClusterCore", "ClusterWire", "Determinism"]),
        tests("DeterminismTests", ["Determinism"]),
        tests("GossipLabTests", ["GossipLab", "Determinism"]),
        tests("TextTests", ["Text", "RESP"]),
        tests("RESPTests", ["RESP"]),
        tests("SystemIOTests", ["SystemIO"]),
        tests("CaptureTests", ["Capture"]),
        tests("PlaybackTests", ["Playback", "Capture", "ClusterCore", "ClusterWire"]),
        tests("DataPlaneTests", ["DataPlane", "ClusterWire", "Determinism", "RESP"]),
        tests("ClusterClientTests", ["ClusterClient"]),
        tests("InteropTests", ["Interop", "Capture", "ClusterClient", "Playback", "SystemIO"]),
        tests("BenchmarksTests", ["Benchmarks"]),
        tests(
            "ClusterHostTests",
            [
                "ClusterHost", "ClusterClient", "ClusterCore", "ClusterNode", "ClusterWire",
                "Interop", "SystemIO",
            ]),
        tests(
            "ClusterNodeTests",
            [
                "ClusterNode", "ClusterClient", "ClusterCore", "ClusterWire", "ClusterSim",
                "DataPlane", "Determinism", "RESP", "SystemIO", "Interop",
            ]),
        tests(
            "CommandLineTests",
            [
                "ClusterClient", "ClusterCore", "ClusterWire", "ClusterSim", "Determinism",
                "GossipLab", "RESP", "Capture", "Playback", "SystemIO", "ClusterNode", "Interop",
                "Text",
            ]),
        tests("TidyTests", []),
    ]
)
