// The list of checkers. The world tells them of each moment here and nowhere else, and the first
// violation that one of them finds ends the run. Whether all come to agree is asked at the end, of
// ConvergenceChecker.

/// The checkers of a run, in the order in which they are told: a new one is a file and a line here.
typealias AllCheckers =
    Both<
        SafetyChecker,
        Both<
            StepChecker,
            Both<
                SuccessorChecker,
                Both<
                    AcknowledgementChecker, ResourceChecker
                >
            >
        >
    >

/// Something that looks at a run and says when an invariant does not hold.
protocol Checker: Sendable {
    init(_ setup: WorldSetup)

    /// Sees a moment. Whoever has no use for one says so: a new moment does not compile until each
    /// checker has an answer.
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation?
}

/// Two checkers as one. They are told without a look-up: moments are many.
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

/// What the checkers of a run came to.
struct Checking: Sendable {
    private var checkers: AllCheckers
    /// The first invariant that did not hold.
    private(set) var violation: Violation?
    /// Acts of the operator after which no rule can bring all to agree.
    private(set) var exemptions: [Exemption] = []
    /// All did not come to agree, and those are why.
    private(set) var isExempted = false

    /// Microseconds between two looks at all nodes together.
    static let surveyInterval: Int64 = 200_000

    init(_ setup: WorldSetup) { checkers = AllCheckers(setup) }

    @inline(__always)
    mutating func see(_ occurrence: Occurrence, _ world: WorldView) -> Violation? {
        checkers.see(occurrence, world)
    }

    /// The first violation is the run's.
    mutating func found(_ violation: Violation) { self.violation = self.violation ?? violation }

    mutating func exempt(_ exemption: Exemption) { exemptions.append(exemption) }

    /// All did not come to agree. Returns whether that is excused.
    mutating func excuse() -> Bool {
        isExempted = !exemptions.isEmpty
        return isExempted
    }
}

extension World {
    /// Tells all checkers of a moment. Nothing else does.
    @inline(__always)
    mutating func tell(_ occurrence: Occurrence) {
        let view = view
        if let violation = checking.see(occurrence, view) { fail(violation) }
    }

    var view: WorldView { WorldView(now: now, nodes: nodes, machines: machines) }

    /// An invariant does not hold: the run ends.
    mutating func fail(_ violation: Violation) {
        guard self.violation == nil else { return }
        trace.record(now, "BROKEN \(violation.invariant.rawValue): \(violation.text)")
        checking.found(Violation(violation.invariant, violation.text, time: now))
    }

    var violation: Violation? { checking.violation }
}
