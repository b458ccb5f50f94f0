// A small population of replicas that hold versioned entries: what clients write at some of them reaches
// the others, is kept, replaced, deleted and now and then comes back. Rounds, operations and acceptance
// are here; the ways of repair are in ReplicaRepair, what a version means in Versions.

import Determinism

/// The replicas of one run. Rounds are synchronous: what a contact sends is what the node held when the
/// contacts of the round began.
package struct Replicas: Sendable {
    package let options: ReplicaOptions
    var random: SplitMix64
    package private(set) var round = 0
    /// What each node holds of each key: several entries are siblings.
    var cells: [[Entry]]
    /// What the rule makes of all that was written, of each key.
    private var truth: [[Entry]]
    /// What was written, by its number.
    private var ledger: [Record] = []
    /// The last time stamp that each site gave.
    private var lastTimes: [UInt32]
    /// The key's last operation was its deletion.
    private var isDeleted: [Bool]
    /// Nodes that cannot be reached in this round; empty when all can.
    private var isAbsent: [Bool] = []
    var hints: [Hint] = []
    var hintCounts: [Int]
    /// Corruptions on the wire that are still to come.
    var flips: [(bit: Int, round: Int)] = []
    package internal(set) var report = ReplicaReport()

    private struct Record: Sendable {
        let key: Int
        let version: Version
        let isDeletion: Bool
    }

    /// A send that failed and is tried again.
    struct Hint: Sendable {
        let from: Int
        let to: Int
        let key: Int
        let entry: Entry
        let since: Int
    }

    /// Makes a run; the figures follow from the seed alone. The options must not be refused.
    package static func run(_ options: ReplicaOptions, seed: UInt64) -> ReplicaReport {
        var replicas = Replicas(options, seed: seed)
        for _ in 0..<options.rounds { replicas.step() }
        return replicas.report
    }

    package init(_ options: ReplicaOptions, seed: UInt64) {
        precondition(options.refusal == nil, "refused: \(options.refusal ?? "")")
        self.options = options
        random = SplitMix64(seed: seed)
        cells = [[Entry]](repeating: [], count: options.nodes * options.keys)
        truth = [[Entry]](repeating: [], count: options.keys)
        lastTimes = [UInt32](repeating: 0, count: options.nodes)
        isDeleted = [Bool](repeating: false, count: options.keys)
        hintCounts = [Int](repeating: 0, count: options.nodes)
        for corruption in options.corruptions {
            if case .wire(let bit, let round) = corruption { flips.append((bit, round)) }
        }
    }

    /// One round: certificates age, clients act, hints are tried again, contacts are made.
    package mutating func step() {
        round += 1
        report.wakings.append(0)
        markAbsent()
        age()
        corrupt()
        for operation in options.operations where operation.round == round { perform(operation) }
        if options.writeRounds?.contains(round) ?? false {
            for _ in 0..<options.writesPerRound {
                write(key: random.below(options.keys), at: random.below(options.nodes))
            }
        }
        for _ in 0..<options.readsPerRound {
            read(key: random.below(options.keys), at: random.below(options.nodes))
        }
        retryHints()
        if options.antiEntropyEvery > 0 && round % options.antiEntropyEvery == 0 { contact() }
        look()
    }

    func isPresent(_ node: Int) -> Bool { isAbsent.isEmpty || !isAbsent[node] }

    /// What a node holds of a key, certificates included.
    package func entries(key: Int, at node: Int) -> [Entry] { cells[node * options.keys + key] }

    private mutating func markAbsent() {
        guard !options.absences.isEmpty else { return }
        isAbsent = [Bool](repeating: false, count: options.nodes)
        for absence in options.absences where absence.rounds.contains(round) {
            isAbsent[absence.node] = true
        }
    }

    // MARK: What clients do

    /// A client that finds its node absent does nothing.
    private mutating func perform(_ operation: ReplicaOperation) {
        let (key, node) = (operation.key, operation.node)
        switch operation.action {
        case .write: write(key: key, at: node)
        case .writeBlind: write(key: key, at: node, isBlind: true)
        case .delete: delete(key: key, at: node)
        case .read: read(key: key, at: node)
        case .reconcile:
            read(key: key, at: node, repairsHere: true)
            write(key: key, at: node)
        }
    }

    /// Writes a new value at a node.
    package mutating func write(key: Int, at node: Int, isBlind: Bool = false) {
        guard isPresent(node) else { return }
        issue(key: key, at: node, isBlind: isBlind, certificate: nil)
    }

    /// Deletes at a node what it holds of a key. What was written first cannot be replaced, so under that
    /// rule nothing is done.
    package mutating func delete(key: Int, at node: Int) {
        guard isPresent(node), options.rule != .firstWins else { return }
        switch options.deletion {
        case .erase:
            cells[node * options.keys + key] = []
            truth[key] = []
            isDeleted[key] = true
            report.lastOperation = round
        case .certificate:
            issue(
                key: key, at: node, isBlind: false,
                certificate: DeathCertificate(activation: round))
        case .dormant(_, _, let sites):
            let drawn = others(sites, among: 0..<options.nodes).map { UInt32($0) }
            issue(
                key: key, at: node, isBlind: false,
                certificate: DeathCertificate(activation: round, retentionSites: drawn))
        }
    }

    private mutating func issue(
        key: Int, at node: Int, isBlind: Bool, certificate: DeathCertificate?
    ) {
        var entry = Entry(
            version: newVersion(at: node), value: UInt64(ledger.count), certificate: certificate)
        if options.rule == .vectors {
            if !isBlind {
                for held in entries(key: key, at: node) { entry.vector.join(held.vector) }
            }
            entry.vector.raise(entry.version.site, to: entry.version.time)
        }
        record(&entry, key: key)
        options.rule.merge(entry, into: &truth[key])
        isDeleted[key] = truth[key].allSatisfy { !$0.isLive }
        report.lastOperation = round
        if !options.rule.merge(entry, into: &cells[node * options.keys + key]) {
            report.writesIgnored += 1
            return
        }
        mail(entry, key: key, from: node)
    }

    /// Its clock is the round, and moves on when one round has several.
    private mutating func newVersion(at node: Int) -> Version {
        let time = max(UInt32(round), lastTimes[node] + 1)
        lastTimes[node] = time
        return Version(time: time, site: UInt32(node))
    }

    private mutating func record(_ entry: inout Entry, key: Int) {
        entry.value = UInt64(ledger.count)
        ledger.append(Record(key: key, version: entry.version, isDeletion: !entry.isLive))
        entry.check = entry.checksum(key: key)
    }

    // MARK: What a node takes over

    /// A node is sent an entry.
    /// - Returns: whether it was news, and was believed.
    @discardableResult
    mutating func accept(_ entry: Entry, key: Int, at node: Int) -> Bool {
        if options.checksums == .entry && entry.check != entry.checksum(key: key) {
            report.checksumRefusals += 1
            return false
        }
        if let limit = options.jumpLimit, Int(entry.version.time) > round + limit {
            report.jumpRefusals += 1
            return false
        }
        // Who dropped a certificate for its age must not be given it again.
        if let certificate = entry.certificate, hasAged(certificate) { return false }
        let cell = node * options.keys + key
        if entry.isLive { wake(by: entry, key: key, cell: cell) }
        guard options.rule.merge(entry, into: &cells[cell]) else { return false }
        if isWrong(entry, key: key) { report.wrongAccepted += 1 }
        return true
    }

    /// An old copy that meets a dormant certificate wakes it: it spreads as one that is new, and cancels
    /// what it cancelled before, so that what was written since stays (CSL-89-1, section 2.3).
    private mutating func wake(by entry: Entry, key: Int, cell: Int) {
        for index in cells[cell].indices {
            guard let certificate = cells[cell][index].certificate, hasAged(certificate),
                options.rule.covers(cells[cell][index], entry)
            else { continue }
            cells[cell][index].certificate?.activation = round
            report.wakings[round - 1] += 1
            if options.redatesWoken {
                var dated = cells[cell][index]
                dated.version.time = UInt32(round)
                record(&dated, key: key)
                cells[cell][index] = dated
            }
        }
    }

    /// Whether all but the retention sites have dropped it.
    func hasAged(_ certificate: DeathCertificate) -> Bool {
        let age = round - certificate.activation
        switch options.deletion {
        case .erase: return false
        case .certificate(let retention): return age > retention
        case .dormant(let tau1, _, _): return age > tau1
        }
    }

    private func isDropped(_ certificate: DeathCertificate, at node: Int) -> Bool {
        guard hasAged(certificate) else { return false }
        switch options.deletion {
        case .erase, .certificate: return true
        case .dormant(let tau1, let tau2, _):
            return round - certificate.activation > tau1 + tau2
                || !certificate.retentionSites.contains(UInt32(node))
        }
    }

    /// Nodes drop what is old enough; an absent one ages, too.
    private mutating func age() {
        for cell in cells.indices {
            let isOld = cells[cell].contains { entry in
                entry.certificate.map { isDropped($0, at: cell / options.keys) } ?? false
            }
            guard isOld else { continue }
            cells[cell] = cells[cell].filter { entry in
                !(entry.certificate.map { isDropped($0, at: cell / options.keys) } ?? false)
            }
        }
    }

    // MARK: What is wrong

    /// Nobody wrote it, or not of this key or with this version.
    func isWrong(_ entry: Entry, key: Int) -> Bool {
        guard let number = Int(exactly: entry.value), number < ledger.count else { return true }
        let record = ledger[number]
        return record.key != key || record.version != entry.version
            || record.isDeletion == entry.isLive
    }

    private mutating func corrupt() {
        for corruption in options.corruptions {
            switch corruption {
            case .wire: break
            case .memory(let node, let bit, let round):
                let cell = node * options.keys
                if round == self.round && !cells[cell].isEmpty { cells[cell][0].flip(bit) }
            case .liar(let node, let rounds, let jump):
                guard rounds.contains(round) else { continue }
                var entry = Entry(
                    version: Version(time: UInt32(round + jump), site: UInt32(node)),
                    value: UInt64.max)
                entry.vector.raise(entry.version.site, to: entry.version.time)
                if options.rule != .vectors { entry.vector = VersionVector() }
                entry.check = entry.checksum(key: 0)
                cells[node * options.keys] = [entry]
            }
        }
    }

    // MARK: What is seen at the end of a round

    /// Whether a read returned what it should.
    func isStale(_ found: [Entry], key: Int) -> Bool { !holdSame(found, truth[key]) }

    /// Whether two hold the same live entries. Certificates are no business of those who read.
    private func holdSame(_ one: [Entry], _ other: [Entry]) -> Bool {
        // The usual case, and the quick one.
        if one.count == 1 && other.count == 1 && one[0].isLive && other[0].isLive {
            return one[0].version == other[0].version && one[0].value == other[0].value
        }
        let (one, other) = (one.lazy.filter(\.isLive), other.lazy.filter(\.isLive))
        return one.elementsEqual(other) { $0.version == $1.version && $0.value == $1.value }
    }

    private mutating func look() {
        let keys = options.keys
        var (isSame, siblings, wrong) = (true, 0, 0)
        var (keysBack, copiesBack) = ([Bool](repeating: false, count: keys), 0)
        for node in 0..<options.nodes {
            var holdsWrong = false
            for key in 0..<keys {
                let cell = node * keys + key
                isSame = isSame && holdSame(cells[cell], cells[key])
                siblings = max(siblings, cells[cell].count)
                for entry in cells[cell] {
                    if isWrong(entry, key: key) { holdsWrong = true }
                    if isDeleted[key] && entry.isLive {
                        keysBack[key] = true
                        copiesBack += 1
                    }
                }
            }
            if holdsWrong { wrong += 1 }
        }
        report.sameSince = isSame ? report.sameSince ?? round : nil
        report.siblingsAtEnd = siblings
        report.mostSiblings = max(report.mostSiblings, siblings)
        report.wrongAtEnd = wrong
        report.mostWrong = max(report.mostWrong, wrong)
        if wrong > 0 { report.lastWrong = round }
        report.resurrectedKeys = keysBack.count { $0 }
        report.resurrectedCopies = copiesBack
    }
}
