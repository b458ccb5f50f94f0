// What is known of a node beside its role and condition: how it is known, what its headers say of it, where it
// is, and to whom it is news. What follows from each is for the rules.

import ClusterWire

/// How a node is known.
package enum Stage: Sendable {
    /// It is at an address, and its real id is not known yet: it has a temporary one, which is ours alone.
    case handshake
    /// No node: a place at which it is asked who is there.
    case probe
    /// Only others have told of it: it never said its name itself, and may be made up.
    case knownFromGossip
    /// It has said its name itself.
    case member
}

/// What a node's headers say of it, as bits on the wire.
package struct PeerFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    // The bits of the flag word, so that what gossip says of a node is put together without a question each.

    /// Replicas of other masters may move to it.
    package static let migrateTo = PeerFlags(rawValue: NodeFlags.migrateTo.rawValue)
    /// It will not start an election.
    package static let noFailover = PeerFlags(rawValue: NodeFlags.noFailover.rawValue)
    /// It showed that it takes extensions.
    package static let takesExtensions = PeerFlags(rawValue: 1 << 10)
    package static let lightPublish = PeerFlags(rawValue: 1 << 11)
    package static let lightModule = PeerFlags(rawValue: 1 << 12)
    /// A connection of its own has come from where it answers.
    package static let connectsFromHome = PeerFlags(rawValue: 1 << 13)

    /// Those that gossip and headers say of a node.
    @inline(__always)
    var wireFlags: NodeFlags {
        NodeFlags(rawValue: rawValue & (1 << 8 | 1 << 9))
    }
}

/// What is known of where a node is, beside what it announces.
///
/// - Source: DECISIONS D48, D62.
enum Whereabouts {
    /// It announces an address.
    case announced
    /// It announces a name, and where it is has not been seen: nobody here resolves names.
    case unseenName
    /// It announces a name, and a connection of its own has shown where it is.
    case seenName
    /// We are where it was, and it may be where we were.
    case guessed
}

/// To how many others a node is news.
enum News {
    case none
    /// It was heard of: a few are told.
    case few
    /// We met it ourselves: many are told.
    case many
}
