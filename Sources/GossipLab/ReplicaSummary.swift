// What many runs of replicas came to together: each figure with its name, as a distribution over the seeds.
// The runs themselves are those of Replicas; how a figure is told to a person is decided elsewhere.

/// A figure of a run of replicas.
package enum ReplicaFigure: String, CaseIterable, Sendable {
    /// 1 when all held the same live entries at the end, else 0: its mean is the share of the runs.
    case allTheSame
    /// Of the runs that came to it.
    case roundsUntilSame
    case mostSiblings, siblingsAtEnd
    case resurrectedKeys, resurrectedCopies, wakings
    case reads, staleReads, readRepairs
    case writesIgnored
    case wrongAccepted, mostWrong, wrongAtEnd
    /// Of the runs in which a node held a wrong state at the end of some round.
    case lastWrong
    case checksumRefusals, jumpRefusals
    case hinted, hintsDelivered, hintsExpired, hintsOverflowed
    /// Per node, as all that follow.
    case contacts, asTaught, updates, lost, bytes

    /// What a run of so many nodes came to; nil where it has no such figure.
    package func value(of report: ReplicaReport, nodes: Int) -> Double? {
        func perNode(_ value: Double) -> Double { value / Double(max(1, nodes)) }
        return switch self {
        case .allTheSame: report.sameSince == nil ? 0 : 1
        case .roundsUntilSame: report.roundsUntilSame.map(Double.init)
        case .mostSiblings: Double(report.mostSiblings)
        case .siblingsAtEnd: Double(report.siblingsAtEnd)
        case .resurrectedKeys: Double(report.resurrectedKeys)
        case .resurrectedCopies: Double(report.resurrectedCopies)
        case .wakings: Double(report.allWakings)
        case .reads: Double(report.reads)
        case .staleReads: Double(report.staleReads)
        case .readRepairs: Double(report.readRepairs)
        case .writesIgnored: Double(report.writesIgnored)
        case .wrongAccepted: Double(report.wrongAccepted)
        case .mostWrong: Double(report.mostWrong)
        case .wrongAtEnd: Double(report.wrongAtEnd)
        case .lastWrong: report.lastWrong.map(Double.init)
        case .checksumRefusals: Double(report.checksumRefusals)
        case .jumpRefusals: Double(report.jumpRefusals)
        case .hinted: Double(report.hinted)
        case .hintsDelivered: Double(report.hintsDelivered)
        case .hintsExpired: Double(report.hintsExpired)
        case .hintsOverflowed: Double(report.hintsOverflowed)
        case .contacts: perNode(Double(report.meter.contacts))
        case .asTaught: perNode(Double(report.meter.asTaught))
        case .updates: perNode(Double(report.meter.updates))
        case .lost: perNode(Double(report.meter.lost))
        case .bytes: perNode(report.meter.bytes ?? 0)
        }
    }
}

/// What the runs of one set of options came to.
package struct ReplicaSummary: Sendable {
    package let options: ReplicaOptions
    package private(set) var runs = 0
    /// In the order of the figures.
    private var values = [[Double]](repeating: [], count: ReplicaFigure.allCases.count)

    package init(_ options: ReplicaOptions) { self.options = options }

    package mutating func add(_ report: ReplicaReport) {
        runs += 1
        for (place, figure) in ReplicaFigure.allCases.enumerated() {
            guard let value = figure.value(of: report, nodes: options.nodes) else { continue }
            values[place].append(value)
        }
    }

    /// Each figure; nil when no run has it.
    package var figures: [(figure: ReplicaFigure, stat: Stat?)] {
        zip(ReplicaFigure.allCases, values).map { ($0, $1.isEmpty ? nil : Stat($1)) }
    }
}
