// The one place that counts: contacts, messages and bytes of a run, and how many nodes are susceptible,
// infective and removed at the end of each round.

/// How many nodes are in each of the states of an epidemic (Demers et al., CSL-89-1, section 1).
package struct Compartments: Equatable, Sendable {
    package var susceptible: Int
    package var infective: Int
    package var removed: Int
    package var all: Int { susceptible + infective + removed }

    package init(susceptible: Int, infective: Int, removed: Int) {
        self.susceptible = susceptible
        self.infective = infective
        self.removed = removed
    }
}

/// What is counted in a run.
package struct Meter: Sendable {
    /// Calls of one node at another, those rejected, lost or in vain included.
    package var contacts = 0
    /// Messages of these contacts as they are usually counted: push 1, pull 2, push-pull 3.
    package var asTaught = 0
    /// Messages that carry the update, lost ones included: Demers' traffic times n.
    package var updates = 0
    /// Bytes, where a strategy knows them.
    package var bytes: Double?
    package var lost = 0
    package var rejected = 0
    /// Contacts between the two continents.
    package var crossings = 0
    /// Other counts of a strategy, in its order.
    package private(set) var counters: [(name: String, value: Double)] = []
    /// One for each round, from round 0.
    package private(set) var curve: [Compartments] = []

    package init() {}

    /// Adds to a counter of a strategy's own, which exists from then on.
    package mutating func add(_ value: Double, to name: String) {
        if let index = counters.firstIndex(where: { $0.name == name }) {
            counters[index].value += value
        } else {
            counters.append((name, value))
        }
    }

    /// A round has ended.
    package mutating func endRound(_ states: Compartments) { curve.append(states) }
}
