// What a bench of the bus measures: the figures with their units, and at which size of cluster, node
// timeout and number of rounds. How each is measured stands in BusBench.

/// One thing that is measured.
package enum BenchFigure: String, CaseIterable, Sendable {
    case formingKnown = "forming, until all know each other"
    case forming = "forming, until all agree and serve"
    case replicas = "replicas attached, until all list them"
    case processor = "CPU of an idle node"
    case isolatedProcessor = "CPU of a node that knows nobody"
    case memory = "memory (PSS) of a node"
    case resident = "memory (RSS) of a node"
    case descriptors = "descriptors of a node"
    case messages = "messages that a node sends"
    case bytes = "bytes that a node sends"
    case messageBytes = "bytes of a message"
    case failed = "kill -9 of a master, until all mark it FAIL, median"
    case promoted = "kill -9 of a master, until its replica is promoted, median"
    case failover = "kill -9 of a master, until all survivors agree, median"
    case failoverWorst = "kill -9 of a master, until all survivors agree, worst"
    case rejoin = "the killed master started again, until all list it, median"
    case join = "a new node MEETs one, until all know it, median"
    case joinWorst = "a new node MEETs one, until all know it, worst"
    case forget = "FORGET told to one, until all have forgotten, median"

    package var unit: String {
        switch self {
        case .processor, .isolatedProcessor: "ms/s"
        case .memory, .resident: "MB"
        case .descriptors: "open"
        case .messages: "1/s"
        case .bytes: "KB/s"
        case .messageBytes: "B"
        default: "s"
        }
    }
}

/// A part of the life of a cluster that is measured.
package enum BenchPhase: String, CaseIterable, Sendable {
    case form, steady, failover, join
}

/// One size of cluster, and what is measured of it.
package struct BenchPlan: Equatable, Sendable {
    package var nodes: Int
    /// Milliseconds.
    package var nodeTimeout: Int
    package var phases: Set<BenchPhase>
    /// Masters that are killed, one after the other.
    package var rounds = 5
    /// Nodes that join, one after the other.
    package var joins = 3
    package var steadySeconds = 30

    package init(nodes: Int, nodeTimeout: Int, phases: Set<BenchPhase>) {
        self.nodes = nodes
        self.nodeTimeout = nodeTimeout
        self.phases = phases
    }

    var masters: Int { (nodes + 1) / 2 }

    package var title: String { "\(nodes) nodes, node timeout \(nodeTimeout) ms" }
}

/// A figure that was measured.
package struct BenchReading: Sendable {
    package var plan: BenchPlan
    package var figure: BenchFigure
    /// nil when it did not come to pass in time.
    package var value: Double?
    /// Of how many values it is the middle or the worst, and how many of them did not come to pass.
    package var count: Int
    package var missing: Int
}

/// All that was measured of one program.
package struct BenchReadings: Sendable {
    package var program: String
    package var readings: [BenchReading] = []
    /// Cores that were busy with anything else while nothing happened here, at most.
    package var otherCores: Double = 0
}
