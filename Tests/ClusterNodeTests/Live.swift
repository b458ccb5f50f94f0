// What the tests with real processes share: our executable beside the test bundle, the servers that
// this machine has, and one suite in which they run one after the other, since they measure time.
// How ours and theirs get on is played by `grapevine interop`, which Tests/run calls as well.

import Interop
import SystemIO
import Testing

/// The parent of all suites that start processes: one test at a time.
@Suite(.serialized) struct LiveTests {}

enum Live {
    /// The redis-server on `PATH`.
    static let redis = ReferenceServer.installed(.redis)
    static let noRedis: Comment = "no redis-server on PATH: install it, such as by apt-get"
    static let redisCLI = ProgramSearch.find("redis-cli")

    /// Node timeout of clusters in tests.
    static let nodeTimeout = 1000

    /// Our executable, in the folder of the test bundle.
    static func ours() throws -> ServerProgram {
        .ours("\(File.folder(of: try File.ownExecutable()))/grapevine")
    }

    static func theirs() throws -> ServerProgram { .reference(try #require(redis)) }

    /// Nodes of ours that form a cluster.
    static func ownCluster(
        _ count: Int, masters: Int, nodeTimeout: Int = nodeTimeout
    ) throws -> MixedCluster {
        let cluster = try MixedCluster(
            Array(repeating: try ours(), count: count), nodeTimeoutMilliseconds: nodeTimeout)
        try cluster.form(cluster.nodes, masters: masters)
        return cluster
    }
}

enum ProgramSearch {
    /// A program on `PATH`.
    static func find(_ name: String) -> String? {
        (Environment.value("PATH") ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first(where: File.isExecutable)
    }
}
