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
        .executable(name: "grapevine", targets: ["grapevine"]),
    ],
    targets: [
        library("ClusterWire"),
        library("ClusterCore", ["ClusterWire"]),
        library("ClusterSim", ["ClusterCore", "ClusterWire"]),
        library("RESP"),
        library("Capture"),
        library("Playback", ["Capture", "ClusterCore", "ClusterWire"]),
        .target(name: "CLinux"),
        library("SystemIO", ["CLinux"]),
        library("Interop", ["RESP", "SystemIO", "Capture", "Playback"]),
        library("ClusterNode", ["Capture", "ClusterCore", "ClusterWire", "RESP", "SystemIO"]),
        .executableTarget(
            name: "grapevine",
            dependencies: [
                "ClusterCore", "ClusterWire", "ClusterSim", "RESP", "Capture", "Playback",
                "SystemIO", "ClusterNode", "Interop",
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
        tests("ClusterCoreTests", ["ClusterCore", "ClusterWire"]),
        tests("ClusterSimTests", ["ClusterSim", "ClusterCore", "ClusterWire"]),
        tests("RESPTests", ["RESP"]),
        tests("SystemIOTests", ["SystemIO"]),
        tests("CaptureTests", ["Capture"]),
        tests("PlaybackTests", ["Playback", "Capture", "ClusterCore", "ClusterWire"]),
        tests("InteropTests", ["Interop", "Capture", "Playback", "SystemIO"]),
        tests(
            "ClusterNodeTests",
            [
                "ClusterNode", "ClusterCore", "ClusterWire", "ClusterSim", "RESP", "SystemIO",
                "Interop",
            ]),
        tests(
            "CommandLineTests",
            [
                "ClusterCore", "ClusterWire", "ClusterSim", "RESP", "Capture", "Playback",
                "SystemIO", "ClusterNode", "Interop",
            ]),
        tests("TidyTests", []),
    ]
)
