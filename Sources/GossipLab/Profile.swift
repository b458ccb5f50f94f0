// Systems that spread news in production, or in the paper that made them known: each with its
// settings, every one with its source, and what the laboratory runs in its place. The data is in
// ProfilesMemberlist, ProfilesDatabases and ProfilesOthers.

/// One setting of a named system.
package struct Setting: Equatable, Sendable {
    package let name: String
    /// Nil where it was not published; the source then says so.
    package let value: String?
    /// Empty where the value has none.
    package let unit: String
    /// Repository, commit, file and line, or page, as far as it was looked up.
    package let source: String

    init(_ name: String, _ value: String?, _ unit: String, _ source: String) {
        self.name = name
        self.value = value
        self.unit = unit
        self.source = source
    }
}

/// A named system.
///
/// Where what is documented is not what the code does there are two of them, and the name ends in
/// `-documented` or `-as-coded`.
package struct Profile: Sendable {
    /// As the command line has it.
    package let name: String
    /// One line.
    package let title: String
    package let settings: [Setting]
    /// What the laboratory runs in its place, and what that leaves out.
    package let notes: [String]
    /// Why the laboratory runs nothing for it; nil where it does.
    package let reason: String?
    private let make: (@Sendable (_ nodes: Int) -> LabOptions)?

    init(
        _ name: String, _ title: String, settings: [Setting], notes: [String],
        run: @escaping @Sendable (_ nodes: Int) -> LabOptions
    ) {
        self.name = name
        self.title = title
        self.settings = settings
        self.notes = notes
        reason = nil
        make = run
    }

    /// One that the laboratory cannot run.
    init(
        _ name: String, _ title: String, settings: [Setting], notes: [String],
        notRunBecause reason: String
    ) {
        self.name = name
        self.title = title
        self.settings = settings
        self.notes = notes
        self.reason = reason
        make = nil
    }

    /// How the laboratory runs it with so many nodes; nil where it does not. A fan-out is that of
    /// the system, or all the others where there are fewer.
    package func options(nodes: Int) -> LabOptions? {
        guard var options = make?(nodes) else { return nil }
        options.nodes = nodes
        options.fanout = Swift.max(1, Swift.min(options.fanout, nodes - 1))
        if options.topology == .random {
            options.contacts = Swift.max(1, Swift.min(options.contacts, nodes - 1))
            // One node has no contacts, and needs none.
            if nodes < 2 { options.topology = .complete }
        }
        options.profile = name
        return options
    }

    /// In the order in which lists and tables have them.
    package static let all: [Profile] =
        [redisCluster] + memberlists + [serf] + consul + [swim, lifeguard, cassandra, scyllaDB]
        + akka + riak + [
            dynamo, bitcoin, hyperledgerFabric, influxDBEnterprise, cockroachDB, gossipSub, s3,
        ]

    package static func named(_ name: String) -> Profile? { all.first { $0.name == name } }
}

/// How a source is marked that nobody looked up for this list.
func fromMemory(_ place: String) -> String { "\(place); from memory, not looked up" }
