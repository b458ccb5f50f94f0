// swift-tools-version: 6.2
// A foreign key-value server that is a node of a cluster by means of the public products alone.

import PackageDescription

let package = Package(
    name: "keyvalue",
    platforms: [.macOS("26.0")],
    dependencies: [.package(name: "grapevine", path: "../..")],
    targets: [
        .executableTarget(
            name: "keyvalue",
            dependencies: [
                .product(name: "ClusterCore", package: "grapevine"),
                .product(name: "ClusterHost", package: "grapevine"),
                .product(name: "ClusterWire", package: "grapevine"),
            ])
    ]
)
