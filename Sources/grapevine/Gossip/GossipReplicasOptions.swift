// The words of `gossip replicas`, and the run of replicas that they come to. One table has each option, its
// help, how it is read, what it needs, and how it is told again; one that would change nothing is refused.

import GossipLab

/// A call of `gossip replicas`: words of which the options of the laboratory are made.
struct ReplicaCall: Sendable {
    enum Repair: String, CaseIterable { case write, read, background }
    enum DeletionWord: String, CaseIterable { case erase, certificate, dormant }
    enum CorruptionWord: String, CaseIterable {
        case oneBit = "one-bit"
        case storedBit = "stored-bit"
        case wrongState = "wrong-state"
    }

    var options = ReplicaOptions()
    var origins = 1
    var deletedIn: Int?
    /// What --do says, as it was said.
    var actions: [String] = []
    var operations: [ReplicaOperation] = []
    var repairs: [Repair] = [.background]
    var mails: Int?
    var readQuorum: Int?
    var deletion = DeletionWord.certificate
    var retention = 1000
    var tau1 = 30
    var tau2 = 1000
    var holders: Int?
    var isActivated = true
    /// What --absent says, as it was said.
    var absences: [String] = []
    var corruptions: [CorruptionWord] = []
    var corruptRounds = 2...2
    var corruptNode = 0
    var corruptBit = 20
    var corruptJump = 1000

    var reads: Bool {
        options.readsPerRound > 0
            || operations.contains { $0.action == .read || $0.action == .reconcile }
    }
    var deletes: Bool { deletedIn != nil || operations.contains { $0.action == .delete } }
    var flips: Bool { corruptions.contains(.oneBit) || corruptions.contains(.storedBit) }

    /// With version vectors each origin may leave a sibling at each node.
    private static let siblingsLimit = 100_000

    init(_ arguments: Arguments) throws(UsageError) {
        for word in Self.table {
            for text in arguments.all(word.option.name) { try word.read(text, &self) }
        }
        for word in Self.table where arguments.has(word.option.name) && !word.applies(self) {
            throw UsageError("\(word.option.name) needs \(word.need)")
        }
        if repairs.contains(.read) && !reads {
            throw UsageError("--repair read needs reads: --reads-per-round or --do read:ROUND:NODE")
        }
        if options.rule == .firstWins && deletes {
            throw UsageError("what was written first cannot be deleted: it wins over the deletion")
        }
        try complete()
        if let text = options.refusal { throw UsageError(text) }
    }

    /// Makes of the words what the laboratory takes.
    private mutating func complete() throws(UsageError) {
        let (nodes, keys) = (options.nodes, options.keys)
        guard origins <= nodes else {
            throw UsageError("--origins \(origins): there are \(nodes) nodes")
        }
        if options.rule == .vectors && origins * keys * nodes > Self.siblingsLimit {
            throw UsageError(
                "with version vectors, nodes times keys times origins are \(Self.siblingsLimit) at most"
            )
        }
        addOperations()
        if options.writesPerRound > 0 && options.writeRounds == nil {
            options.writeRounds = 1...max(1, options.rounds / 2)
        }
        if let written = options.writeRounds,
            written.lowerBound < 1 || written.upperBound > options.rounds
        {
            throw UsageError(
                "--write-rounds \(written.lowerBound)-\(written.upperBound): rounds are 1 to \(options.rounds)"
            )
        }
        if repairs.contains(.write) { options.mails = mails ?? max(0, nodes - 1) }
        if !repairs.contains(.background) { options.antiEntropyEvery = 0 }
        options.repairsOnRead = repairs.contains(.read)
        options.readQuorum = readQuorum ?? (options.repairsOnRead ? min(3, nodes) : 1)
        if options.repairsOnRead && options.readQuorum == 1 && nodes > 1 {
            throw UsageError("a read that asks one node has nothing to repair: --read-quorum 2")
        }
        holders = holders ?? min(4, nodes)
        chooseDeletionAndCorruption()
        if !corruptions.isEmpty && !(1...options.rounds).contains(corruptRounds.lowerBound) {
            throw UsageError("nothing is corrupted in rounds 1 to \(options.rounds)")
        }
    }

    private mutating func addOperations() {
        // At once is without knowing of each other, even when a write is mailed within its round.
        for key in 0..<options.keys {
            for node in 0..<origins {
                options.operations.append(.init(.writeBlind, key: key, at: node, in: 1))
            }
        }
        if let deletedIn {
            for key in 0..<options.keys {
                options.operations.append(.init(.delete, key: key, at: 0, in: deletedIn))
            }
        }
        options.operations += operations
    }

    private mutating func chooseDeletionAndCorruption() {
        switch deletion {
        case .erase: options.deletion = .erase
        case .certificate: options.deletion = .certificate(retention: retention)
        case .dormant:
            options.deletion = .dormant(tau1: tau1, tau2: tau2, sites: holders ?? 0)
            options.redatesWoken = !isActivated
        }
        options.corruptions = corruptions.map { word in
            switch word {
            case .oneBit: .wire(bit: corruptBit, round: corruptRounds.lowerBound)
            case .storedBit:
                .memory(node: corruptNode, bit: corruptBit, round: corruptRounds.lowerBound)
            case .wrongState: .liar(node: corruptNode, rounds: corruptRounds, jump: corruptJump)
            }
        }
    }
}

/// An option of `gossip replicas`.
struct ReplicaWord: Sendable {
    /// How a value stands in JSON.
    enum Value: Sendable {
        case one(GossipOption.Value)
        case list([String])
    }

    let option: Option
    /// The option without which it would change nothing.
    var need = ""
    var applies: @Sendable (ReplicaCall) -> Bool = { _ in true }
    let read: @Sendable (_ text: String, _ call: inout ReplicaCall) throws(UsageError) -> Void
    let tell: @Sendable (ReplicaCall) -> Value

    func needing(_ need: String, _ applies: @escaping @Sendable (ReplicaCall) -> Bool) -> Self {
        var word = self
        (word.need, word.applies) = (need, applies)
        return word
    }
}

/// Where a value stands in a call.
typealias ReplicaPath<Value> = any WritableKeyPath<ReplicaCall, Value> & Sendable

// MARK: The table

extension ReplicaCall {
    /// In the order of the help.
    static let table: [ReplicaWord] = clients + repair + deletion + network + corruption

    private static let clients = [
        whole(
            "--nodes", "N", "replicas, each with all keys; default 100", \.options.nodes,
            ReplicaOptions.nodesLimit, least: 1),
        whole("--keys", "N", "default 1", \.options.keys, ReplicaOptions.keysLimit, least: 1),
        whole(
            "--rounds", "R", "that are run, default 60", \.options.rounds,
            ReplicaOptions.roundsLimit, least: 1),
        choice(
            "--rule",
            "what wins: the newest or the first write, or what knows of the other by its "
                + "version vector, with siblings; default newest", \.options.rule),
        whole(
            "--origins", "N", "nodes 0 to N-1 write each key in round 1, at once; default 1",
            \.origins, 10_000),
        optional(
            "--delete", "ROUND", "in which node 0 deletes each key, default none", \.deletedIn),
        ReplicaWord(
            option: Option(
                "--do", value: "ACTION:ROUND:NODE[:KEY]",
                "write|write-blind|delete|read|reconcile, of key 0 if none is given; several times"
            ),
            read: { text, call throws(UsageError) in
                call.operations.append(try operation(text))
                call.actions.append(text)
            }, tell: { .list($0.actions) }),
        whole(
            "--writes-per-round", "N", "at nodes and of keys that are drawn, default 0",
            \.options.writesPerRound, 10_000),
        span("--write-rounds", "in which they are, default the first half", \.options.writeRounds)
            .needing("--writes-per-round") { $0.options.writesPerRound > 0 },
        whole(
            "--reads-per-round", "N", "at nodes and of keys that are drawn, default 0",
            \.options.readsPerRound, 10_000),
    ]

    private static let repair = [
        choices(
            "--repair", "when copies are brought up to date; default background", \.repairs),
        choice("--mode", "background: which way entries go, default push-pull", \.options.mode)
            .needing("--repair background") { $0.repairs.contains(.background) },
        whole(
            "--every", "R", "background: rounds from one contact of a node to the next, default 1",
            \.options.antiEntropyEvery, 100_000, least: 1
        ).needing("--repair background") { $0.repairs.contains(.background) },
        optional("--mails", "N", "write: others to whom it is sent at once, default all", \.mails) {
            $0.options.mails
        }.needing("--repair write") { $0.repairs.contains(.write) },
        whole(
            "--hints", "N", "write: sends that failed that a node keeps for later, default 0",
            \.options.hintQueue, 1_000_000
        ).needing("--repair write") { $0.repairs.contains(.write) },
        whole(
            "--hint-age", "ROUNDS", "write: for which it keeps them, default 100",
            \.options.hintMaxAge, 1_000_000
        ).needing("--hints") { $0.options.hintQueue > 0 },
        optional(
            "--read-quorum", "N",
            "nodes that a read asks, its own included; default 1, with --repair read 3",
            \.readQuorum
        ) { $0.options.readQuorum }.needing("reads: --reads-per-round or --do read:ROUND:NODE") {
            $0.reads
        },
    ]

    private static let deletion = [
        choice("--deletion", "what a deletion leaves, default certificate", \.deletion)
            .needing("--delete or --do delete:ROUND:NODE") { $0.deletes },
        whole(
            "--retention", "ROUNDS", "certificate: for which all keep it, default 1000",
            \.retention, 1 << 30
        ).needing("a deletion with --deletion certificate") {
            $0.deletes && $0.deletion == .certificate
        },
        whole(
            "--tau1", "ROUNDS", "dormant: for which all keep it, default 30", \.tau1, 1 << 30
        ).needing("a deletion with --deletion dormant") { $0.deletes && $0.deletion == .dormant },
        whole(
            "--tau2", "ROUNDS", "dormant: for which its holders keep it after these, default 1000",
            \.tau2, 1 << 30
        ).needing("a deletion with --deletion dormant") { $0.deletes && $0.deletion == .dormant },
        optional(
            "--holders", "N", "dormant: nodes, drawn when it is made, default 4", \.holders
        ) { $0.holders }.needing("a deletion with --deletion dormant") {
            $0.deletes && $0.deletion == .dormant
        },
        ReplicaWord(
            option: Option(
                "--activation", value: "yes|no",
                "dormant: one that is woken keeps its date, so that later writes stay; default yes"),
            read: { text, call throws(UsageError) in
                call.isActivated = try GossipOptions.yesOrNo(text, "--activation")
            }, tell: { .one(.word($0.isActivated ? "yes" : "no")) }
        ).needing("a deletion with --deletion dormant") { $0.deletes && $0.deletion == .dormant },
    ]

    private static let network = [
        share("--loss", "the chance that a contact fails, below 1, default 0", \.options.loss),
        ReplicaWord(
            option: Option(
                "--absent", value: "NODE:A-B",
                "it cannot be reached in rounds A to B, and keeps what it holds; several times"),
            read: { text, call throws(UsageError) in
                call.options.absences.append(try absence(text))
                call.absences.append(text)
            }, tell: { .list($0.absences) }),
        bytes("--entry-bytes", "of an entry that is sent, default 128", \.options.entryBytes),
        bytes(
            "--digest-bytes", "of a key and version, by which two tell what they hold; default 16",
            \.options.digestBytes),
    ]

    private static let corruption = [
        choices(
            "--corrupt",
            "a bit flipped on the way or in a memory, or states that a node makes up; default none",
            \.corruptions),
        ReplicaWord(
            option: Option(
                "--corrupt-rounds", value: "A-B",
                "wrong-state: in which the node does; a bit is flipped in round A; default 2"),
            read: { text, call throws(UsageError) in
                call.corruptRounds = try GossipOptions.span(text, "--corrupt-rounds")
            }, tell: { .one(.word(text($0.corruptRounds))) }
        ).needing("--corrupt") { !$0.corruptions.isEmpty },
        whole("--corrupt-node", "N", "whose memory, or which lies; default 0", \.corruptNode, 9_999)
            .needing("--corrupt stored-bit or wrong-state") {
                $0.corruptions.contains { $0 != .oneBit }
            },
        whole(
            "--corrupt-bit", "N", "0-31 time, 32-63 site, 64-127 value; default 20", \.corruptBit,
            127
        ).needing("--corrupt one-bit or stored-bit") { $0.flips },
        whole(
            "--corrupt-jump", "ROUNDS",
            "by which a state made up is newer than its clock; "
                + "default 1000", \.corruptJump, 1 << 30
        ).needing("--corrupt wrong-state") { $0.corruptions.contains(.wrongState) },
        share(
            "--flips", "the chance that a bit of an entry is flipped on its way, default 0",
            \.options.flipChance),
        choice(
            "--checksums",
            "of messages by their sender, or of entries by their writer; "
                + "default none", \.options.checksums),
        optional(
            "--jump-limit", "ROUNDS",
            "a version that is newer than the clock by more is refused; "
                + "default any is believed", \.options.jumpLimit),
    ]
}
