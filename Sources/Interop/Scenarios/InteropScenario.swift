// What a scenario is: a name, when it applies, and what it does with nodes of ours and servers of one
// version. The same code runs with that server alone in all places, which shows whether a failure lies
// in it. What it works with is ScenarioContext; running and judging them is ScenarioRunner.

import ClusterClient
import SystemIO

/// One thing that must hold between our nodes and a server of the reference.
package struct InteropScenario: Sendable {
    /// As it is called on the command line.
    package let name: String
    /// What holds when it passes.
    package let summary: String
    /// What it takes to be played at all.
    let need: Need?
    /// Seconds that a play may take as a whole, whatever its steps wait for.
    let limitSeconds: Int
    /// Whether it can be played with the server in our nodes' places, to see whose a failure is.
    let isComparable: Bool
    let play: @Sendable (ScenarioContext) throws(InteropError) -> Void

    init(
        _ name: String, _ summary: String,
        needs need: Need? = nil, limitSeconds: Int = 90, isComparable: Bool = true,
        _ play: @escaping @Sendable (ScenarioContext) throws(InteropError) -> Void
    ) {
        self.name = name
        self.summary = summary
        self.need = need
        self.limitSeconds = limitSeconds
        self.isComparable = isComparable
        self.play = play
    }

    /// What a scenario cannot be played without.
    enum Need: Sendable {
        /// A version from which the server has what it is about, in words.
        case version(Int, Int, String)
        /// The same of Valkey alone.
        case valkey(Int, Int, String)
        case redisCLI
        /// A server of the other family that gives extension 4 its other meaning.
        case otherDialect

        /// Why it cannot apply to a server; nil when it can.
        func obstacle(_ server: ReferenceServer, among all: [ReferenceServer]) -> String? {
            switch self {
            case .version(let major, let minor, let what):
                server.isAtLeast(major, minor) ? nil : "\(what) \(major).\(minor)"
            case .valkey(let major, let minor, let what):
                server.kind == .valkey && server.isAtLeast(major, minor)
                    ? nil : "\(what) Valkey \(major).\(minor)"
            case .redisCLI: RedisCLI.path == nil ? "no redis-cli is installed" : nil
            case .otherDialect: Dialects.obstacle(server, among: all)
            }
        }
    }

    /// All of them, in the order of the matrix.
    package static let all: [InteropScenario] =
        joining + naming + moving + movingKeys + crashing + partitions + handingOver + disturbing
        + publishing
        + membership + files + dialects
}
