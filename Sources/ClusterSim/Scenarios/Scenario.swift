// What is played by name: one thing that happens to a quiet cluster, with all checkers on, and ends in
// figures. How each goes is in ScenarioActs; what a figure means is said here.

/// A named course of events.
package enum Scenario: String, CaseIterable, Sendable {
    case masterCrash = "master-crash"
    case partitionMinority = "partition-minority"
    case rollingRestart = "rolling-restart"
    case massFailure = "mass-failure"
    case addressChange = "address-change"
    case twoClustersMeet = "two-clusters-meet"
    case flappingLink = "flapping-link"
    case clockJump = "clock-jump"
    case rejoinStorm = "rejoin-storm"
    case formation
    case join

    /// One line for a list.
    package var summary: String {
        switch self {
        case .masterCrash: "a master dies and its replica takes over"
        case .partitionMinority: "nearly half of the masters are cut off, and come back"
        case .rollingRestart: "one node after the other is started again, replicas first"
        case .massFailure: "nearly half of the masters die at one moment"
        case .addressChange: "a node comes back at another address"
        case .twoClustersMeet: "two whole clusters, each with all slots, are made one by mistake"
        case .flappingLink: "the link of two masters goes up and down ten times"
        case .clockJump: "the wall clocks of a third jump by hours, then a master dies"
        case .rejoinStorm: "all nodes lose power and come back within a second"
        case .formation: "nodes meet until all know all and serve"
        case .join: "a new node meets one, until all know it"
        }
    }

    /// Names with commas.
    package static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Whether processes start again from their disks.
    var restarts: Bool {
        switch self {
        case .rollingRestart, .addressChange, .rejoinStorm: true
        case .masterCrash, .partitionMinority, .massFailure, .twoClustersMeet, .flappingLink,
            .clockJump, .formation, .join:
            false
        }
    }

    /// Why it cannot be played with these sizes, if so.
    package func refusal(_ options: SimOptions) -> String? {
        switch self {
        case .masterCrash, .partitionMinority, .massFailure, .clockJump:
            if options.masters < 3 { return "\(rawValue) needs three masters for a majority" }
            if options.replicas < 1 { return "\(rawValue) needs a replica that takes over" }
        case .flappingLink:
            if options.masters < 3 { return "\(rawValue) needs three masters" }
        case .rollingRestart, .addressChange, .twoClustersMeet, .rejoinStorm, .formation, .join:
            break
        }
        return nil
    }

    /// Nodes for so many masters and replicas.
    func nodeCount(_ count: Int) -> Int {
        switch self {
        case .twoClustersMeet: 2 * count
        case .join: count + 1
        case .masterCrash, .partitionMinority, .rollingRestart, .massFailure, .addressChange,
            .flappingLink, .clockJump, .rejoinStorm, .formation:
            count
        }
    }
}

/// A figure of one run.
package struct Measured: Equatable, Sendable {
    package enum Unit: String, Sendable {
        case milliseconds = "ms"
        case messages = "messages/s"
        case bytes = "bytes/s"
        /// Microseconds of processor time a second.
        case processor = "us/s"
        /// A number of something.
        case count = ""
    }

    package var name: String
    package var value: Double
    package var unit: Unit

    package init(name: String, value: Double, unit: Unit = .milliseconds) {
        self.name = name
        self.value = value
        self.unit = unit
    }
}
