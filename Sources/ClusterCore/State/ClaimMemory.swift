// What other nodes' connections have said that is not believed yet: claims about roles and slots whose node is
// asked, and words on connections of which it is not known who made them. What settles them is for the rules
// Claims and ProvenConnections.

import ClusterWire

/// A claim that waits for the answer of the node that it is about.
struct Claim: Equatable, Sendable {
    enum Word: Equatable, Sendable {
        /// The node's own header, on a connection that it made.
        case own(Header)
        /// An UPDATE, or what a replica's header says of its master; and who said it.
        case update(SlotUpdate, from: NodeHandle)

        var isOwn: Bool {
            if case .own = self { return true }
            return false
        }
        var epoch: Epoch {
            switch self {
            case .own(let header): header.configEpoch
            case .update(let update, _): update.configEpoch
            }
        }
        /// The slots that the claim says its node owns.
        var slots: SlotSet {
            switch self {
            case .own(let header): header.saysMaster ? header.slots : SlotSet()
            case .update(let update, _): update.slots
            }
        }
    }

    /// The node that the claim is about, which is asked.
    var subject: NodeHandle
    var word: Word
    /// Since when it has gone without an answer. Monotonic milliseconds.
    var heardAt: Int64
    /// A PING was sent to its node since it was heard.
    var isAsked = false
}

/// The memory of the rule Claims: at most two claims about a node, its own and the newest of others.
struct ClaimMemory: Equatable, Sendable {
    private(set) var claims: [Claim] = []
    /// The nodes about which unproven connections have caused a question since the last tick.
    private var askedForUnproven: [NodeHandle] = []

    /// Questions that unproven connections may cause between two ticks.
    private static let questionsPerTick = 16

    var isEmpty: Bool { claims.isEmpty }

    mutating func beginTick() { if !askedForUnproven.isEmpty { askedForUnproven = [] } }

    /// Whether an unproven connection may cause a question to this node now: one a node and tick.
    mutating func mayAsk(_ node: NodeHandle) -> Bool {
        guard askedForUnproven.count < Self.questionsPerTick, !askedForUnproven.contains(node)
        else { return false }
        askedForUnproven.append(node)
        return true
    }

    /// Keeps a claim; the time of an older one about the same node goes on. Of what others say the newest claim is
    /// kept, of a node's own words the last.
    mutating func keep(_ word: Claim.Word, of subject: NodeHandle, at now: Int64) {
        guard
            let place = claims.firstIndex(where: {
                $0.subject == subject && $0.word.isOwn == word.isOwn
            })
        else {
            return claims.append(Claim(subject: subject, word: word, heardAt: now))
        }
        guard word.isOwn || word.epoch >= claims[place].word.epoch else { return }
        if claims[place].word != word {
            claims[place].word = word
            claims[place].isAsked = false
        }
    }

    /// A claim of another node than this one on some of these slots at a later epoch.
    func newer(of slots: SlotSet, than epoch: Epoch, besides node: NodeHandle) -> Claim? {
        claims.first {
            $0.subject != node && $0.word.epoch > epoch && !$0.word.slots.isDisjoint(with: slots)
        }
    }

    func concerns(_ node: NodeHandle) -> Bool { claims.contains { $0.subject == node } }

    /// A PING to the node is on its way: its answer settles what was heard before.
    mutating func markAsked(_ node: NodeHandle) {
        for place in claims.indices where claims[place].subject == node {
            claims[place].isAsked = true
        }
    }

    /// Takes out the claims that are settled. Returns them, in the order in which they came.
    mutating func take(where isSettled: (Claim) -> Bool) -> [Claim] {
        guard !claims.isEmpty else { return [] }
        let settled = claims.filter(isSettled)
        if !settled.isEmpty { claims.removeAll(where: isSettled) }
        return settled
    }

    /// A node is deleted: what it said, and what was said of it, is gone.
    mutating func forget(_ node: NodeHandle) {
        claims.removeAll { claim in
            if case .update(_, node) = claim.word { return true }
            return claim.subject == node
        }
    }
}

/// A word that counts only if the connection on which it was said turns out to be its speaker's.
struct KeptWord: Equatable, Sendable {
    var speaker: NodeHandle
    var link: LinkID
    var header: Header
    var body: Body
    /// Monotonic milliseconds.
    var heardAt: Int64
}

/// Words on unproven connections: of each speaker the newest of each kind.
struct KeptWords: Equatable, Sendable {
    private(set) var words: [KeptWord] = []

    /// Words that are kept, at most.
    private static let limit = 256

    var isEmpty: Bool { words.isEmpty }

    mutating func keep(_ word: KeptWord) {
        words.removeAll { $0.speaker == word.speaker && $0.body.type == word.body.type }
        if words.count == Self.limit { words.removeFirst() }
        words.append(word)
    }

    /// A connection turned out to be its speaker's. Returns what was said on it, in order.
    mutating func take(from link: LinkID) -> [KeptWord] {
        guard !words.isEmpty else { return [] }
        let taken = words.filter { $0.link == link }
        words.removeAll { $0.link == link }
        return taken
    }

    mutating func drop(from link: LinkID) {
        if !words.isEmpty { words.removeAll { $0.link == link } }
    }
    mutating func drop(of speaker: NodeHandle) {
        if !words.isEmpty { words.removeAll { $0.speaker == speaker } }
    }
    mutating func drop(before time: Int64) {
        if !words.isEmpty { words.removeAll { $0.heardAt < time } }
    }
}
