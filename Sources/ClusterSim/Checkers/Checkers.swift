// The list of checkers. Each occurrence in the world is passed to all of them here and nowhere else, and the
// first violation ends the run. Whether the nodes agree in the end is checked by ConvergenceChecker, which is
// not in this list.

/// The checkers of a run, in the order in which they see an occurrence. A new one is a file and a line here.
typealias AllCheckers =
    Both<
        SafetyChecker,
        Both<
            StepChecker,
            Both<
                SuccessorChecker,
                Both<
                    AcknowledgementChecker,
                    Both<
                        ResourceChecker,
                        Both<
                            CopyChecker, StrangerChecker
                        >
                    >
                >
            >
        >
    >

/// Something that looks at a run and says when an invariant does not hold.
protocol Checker: Sendable {
    init(_ setup: WorldSetup)

    /// Sees an occurrence. The switch over it has no `default`: a new case does not compile until each
    /// checker says what it does with it.
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation?
}

/// Two checkers as one type, so that they are called without dynamic dispatch: occurrences are many.
struct Both<First: Checker, Second: Checker>: Checker {
    private var first: First
    private var second: Second

    init(_ setup: WorldSetup) {
        first = First(setup)
        second = Second(setup)
    }

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        let violation = first.see(occurrence, world)
        let other = second.see(occurrence, world)
        return violation ?? other
    }
}

/// The checkers of a run, and what they have found.
struct Checking: Sendable {
    private var checkers: AllCheckers
    /// Beside the list, since it counts as well.
    private(set) var losses: LossChecker
    /// The first invariant that did not hold.
    private(set) var violation: Violation?
    /// Acts of the operator after which no rule can make all nodes agree.
    private(set) var exemptions: [Exemption] = []
    /// The nodes did not agree in the end, which those acts excuse.
    private(set) var isExempted = false

    /// Microseconds between two looks at all nodes together.
    static let surveyInterval: Int64 = 200_000

    init(_ setup: WorldSetup) {
        checkers = AllCheckers(setup)
        losses = LossChecker(setup)
    }

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        let violation = checkers.see(occurrence, world)
        guard !world.servers.isEmpty else { return violation }
        return violation ?? losses.see(occurrence, world)
    }

    /// The first violation is the run's.
    mutating func found(_ violation: Violation) { self.violation = self.violation ?? violation }

    mutating func exempt(_ exemption: Exemption) { exemptions.append(exemption) }

    /// The nodes did not agree in the end. Returns whether that is excused.
    mutating func excuse() -> Bool {
        isExempted = !exemptions.isEmpty
        return isExempted
    }
}

extension World {
    /// Passes an occurrence to all checkers. Nothing else does.
    @inline(__always)
    mutating func tell(_ occurrence: Occurrence) {
        let view = view
        if let violation = checking.see(occurrence, view) { fail(violation) }
    }

    var view: WorldView {
        WorldView(now: now, nodes: nodes, machines: machines, servers: data?.servers ?? [])
    }

    /// An invariant does not hold: the run ends.
    mutating func fail(_ violation: Violation) {
        guard self.violation == nil else { return }
        trace.record(now, "BROKEN \(violation.invariant.rawValue): \(violation.text)")
        checking.found(Violation(violation.invariant, violation.text, time: now))
    }

    var violation: Violation? { checking.violation }
}
