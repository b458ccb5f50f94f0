// Which options cannot go together, each with its reason: an impossible model is refused, not bent.

extension LabOptions {
    /// Why no run can be made of these; nil when one can.
    package var refusal: String? {
        rangeRefusal ?? rumorRefusal ?? clockRefusal ?? networkRefusal ?? strategyRefusal
            ?? swimRefusal ?? laterRefusal
    }

    private var rangeRefusal: String? {
        if nodes < 1 { return "no nodes: --nodes must be 1 or more" }
        if nodes > Self.nodesLimit { return "--nodes may be \(Self.nodesLimit) at most" }
        if !(1...Self.nodesLimit).contains(roundsLimit) {
            return "--rounds-limit must be from 1 to \(Self.nodesLimit)"
        }
        for (name, share) in [
            ("--loss", loss), ("--down", down), ("--churn", churn), ("--come-back", comeBack),
            ("--share", share), ("--slow", slow),
        ] where !(0...1).contains(share) {
            return "\(name) must be from 0 to 1"
        }
        if loss >= 1 { return "with --loss 1 no message ever arrives" }
        if slowFactor < 1 { return "--slow-factor must be 1 or more" }
        return nil
    }

    private var rumorRefusal: String? {
        if let k, k < 1 {
            return "k = 0: interest would be lost before anything is sent; --k must be 1 or more"
        }
        if let k, k > Self.countLimit { return "--k may be \(Self.countLimit) at most" }
        if fanout < 1 { return "--fanout must be 1 or more" }
        if nodes > 1 && !withReplacement && fanout > nodes - 1 {
            return "fan-out \(fanout) among \(nodes) nodes: there are only \(nodes - 1) others"
        }
        if let connectionLimit, connectionLimit < 1 {
            return "--connection-limit 0 would refuse every call"
        }
        if let connectionLimit, connectionLimit > Self.countLimit {
            return "--connection-limit may be \(Self.countLimit) at most"
        }
        if hunt > nodes {
            return "--hunt \(hunt) among \(nodes) nodes: so many others are not there"
        }
        if fanout > Self.targetsLimit / nodes {
            return
                "\(nodes) nodes with a fan-out of \(fanout): \(Self.targetsLimit) calls a round at most"
        }
        if hunt > 0 && connectionLimit == nil {
            return "--hunt is for calls that are rejected: it needs --connection-limit"
        }
        if minimizes && mode != .pushPull {
            return "--minimize compares two counters: it needs --mode push-pull"
        }
        if minimizes && (interest != .feedback || stop != .counter) {
            return "--minimize compares counters: it needs --interest feedback and --stop counter"
        }
        if noSendBack && mode == .pull { return "--no-send-back is for those that push" }
        if noRepeat && mode == .pull { return "--no-repeat is for those that push" }
        if noRepeat && nodes > Self.memoryLimit {
            return "--no-repeat remembers every target: \(Self.memoryLimit) nodes at most"
        }
        return nil
    }

    private var clockRefusal: String? {
        guard clock != .rounds else { return nil }
        if delay.upperBound > 0 {
            return "--delay counts whole rounds: it needs --clock rounds"
        }
        if connectionLimit != nil {
            return "--connection-limit is for a round: it needs --clock rounds"
        }
        if slow > 0 { return "--slow skips rounds: it needs --clock rounds" }
        return nil
    }

    private var networkRefusal: String? {
        if delay.lowerBound < 0 || delay.upperBound > Self.delayLimit {
            return "--delay must be from 0 to \(Self.delayLimit) rounds"
        }
        if delay.upperBound > 0 && connectionLimit != nil {
            return "--connection-limit needs answers in the round of the call: not with --delay"
        }
        if usesContacts && contacts > Self.contactsLimit / nodes {
            return "\(nodes) nodes with \(contacts) contacts: \(Self.contactsLimit) in all at most"
        }
        if let cutLinks, cutLinks > Self.linksLimit {
            return "--links may be \(Self.linksLimit) at most"
        }
        if topology == .random && contacts < 1 { return "--contacts must be 1 or more" }
        if topology == .random && contacts > nodes - 1 {
            return "--contacts \(contacts) among \(nodes) nodes: there are only \(nodes - 1) others"
        }
        if topology == .continents && (share <= 0 || share >= 1 || nodes < 4) {
            return "two continents need two nodes each, and --share between 0 and 1"
        }
        if topology != .complete && draw == .all {
            return "--draw all is for a complete graph: elsewhere a node calls its contacts"
        }
        if topology == .spatial && distanceExponent < 0 {
            return "--distance-exponent must not be negative"
        }
        return nil
    }

    private var strategyRefusal: String? {
        if partner == .ring {
            if strategy != .antiEntropy {
                return "--partner ring is an order of anti-entropy: not of \(strategy.rawValue)"
            }
            if topology != .complete || clock != .rounds || delay.upperBound > 0 {
                return "a ring has a fixed order: no topology, clock or delay besides"
            }
            if fanout > 1 { return "a ring goes from one to the next: no --fanout" }
            if mode != .push { return "in a ring each gives to the next: no other --mode" }
            if nodes > Self.memoryLimit {
                return "a ring takes 2n - 2 rounds: \(Self.memoryLimit) nodes at most"
            }
        }
        if let text = databaseRefusal { return text }
        if strategy == .antiEntropy && delay.upperBound > 0 {
            return "anti-entropy compares in one conversation: not with --delay"
        }
        if strategy == .directMail {
            if mode != .push { return "direct mail pushes: no other --mode" }
            if let queue, queue < 0 { return "--queue must not be negative" }
            if let maxAge, maxAge < 1 { return "--max-age must be 1 or more" }
            if writes < 1 { return "--writes must be 1 or more" }
            if writes > Self.sendsLimit / nodes {
                return "\(writes) writes to \(nodes) nodes: \(Self.sendsLimit) sends in all at most"
            }
        }
        if strategy != .rumor && strategy != .antiEntropy && clock != .rounds {
            return "--clock \(clock.rawValue) is for rumor and anti-entropy"
        }
        if backup != .none && strategy != .rumor && strategy != .directMail {
            return "--behind stands behind rumor or direct-mail"
        }
        if strategy == .bus {
            if nodes > Self.busLimit {
                return "the bus runs its real rules: \(Self.busLimit) nodes at most"
            }
            if !(100...600_000).contains(nodeTimeoutMilliseconds) {
                return "--node-timeout must be from 100 to 600000 milliseconds"
            }
        }
        if backupEvery < 1 { return "--behind-every must be 1 or more" }
        return nil
    }

    /// Of the strategies that came after the rumor.
    private var laterRefusal: String? {
        if strategy == .medianCounter && delay.upperBound > 0 {
            return "median-counter compares counters in the round of the call: not with --delay"
        }
        if strategy == .plumtree {
            if !(1...Self.broadcastsLimit).contains(broadcasts) {
                return "--broadcasts must be from 1 to \(Self.broadcastsLimit)"
            }
            if contacts < 1 { return "--contacts must be 1 or more" }
        }
        if takesBack && strategy != .pushSum {
            return "--take-back returns what a lost message carried: it needs --strategy push-sum"
        }
        if strategy == .raft {
            if nodes > RaftLog.nodesLimit {
                return "raft sends every entry to every node: \(RaftLog.nodesLimit) nodes at most"
            }
            if topology != .complete {
                return "raft's leader speaks with every member: no other --topology"
            }
        }
        return nil
    }

    private var databaseRefusal: String? {
        if window < 1 { return "--window must be 1 or more" }
        if !(0...1e6).contains(updatesPerRound) {
            return "--updates-per-round must be from 0 to a million"
        }
        if entries < 1 || entries > Self.entriesLimit {
            return "--entries must be from 1 to \(Self.entriesLimit)"
        }
        if differences < 0 || differences > entries {
            return "--differences must be from 0 to the \(entries) entries"
        }
        return nil
    }

    private var swimRefusal: String? {
        guard strategy == .swim else { return nil }
        if nodes > Self.swimLimit {
            return "swim keeps what each node holds of each other: \(Self.swimLimit) nodes at most"
        }
        if topology != .complete && (topology != .continents || cutLinks != nil) {
            return "all members of swim know each other: no --topology \(topology.rawValue)"
        }
        if !(0...Self.switchLimit).contains(indirectChecks) {
            return "--indirect-checks must be from 0 to \(Self.switchLimit)"
        }
        for (name, multiplier) in [
            ("--retransmit-multiplier", retransmitMultiplier),
            ("--suspicion-multiplier", suspicionMultiplier),
        ] where !(1...Self.switchLimit).contains(multiplier) {
            return "\(name) must be from 1 to \(Self.switchLimit)"
        }
        return nil
    }

    /// Two tables of 16 bits for each pair of nodes: 100 megabytes.
    package static let swimLimit = 5000
    /// Multipliers and checks of SWIM beyond this say nothing more.
    private static let switchLimit = 100
    /// A column holds places of 32 bits; nobody waits for more.
    package static let nodesLimit = 100_000_000
    static let memoryLimit = 100_000
    private var usesContacts: Bool {
        topology == .random || topology == .continents || strategy == .plumtree
    }
    /// Calls of a round, contacts of all nodes, and sends of direct mail: what a run of some minutes and
    /// some gigabytes has at most.
    private static let targetsLimit = 100_000_000
    private static let contactsLimit = 100_000_000
    private static let sendsLimit = 20_000_000
    private static let linksLimit = 1_000_000
    private static let broadcastsLimit = 1000
    /// Counters are of 16 bits.
    static let countLimit = 65_535
    static let busLimit = 1000
    /// A tree over them is built to price a contact.
    static let entriesLimit = 10_000_000
    static let delayLimit = 1000
}
