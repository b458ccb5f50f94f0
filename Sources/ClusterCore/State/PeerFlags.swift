// What is known of a node beside its role and condition: how it is known, what its headers say of it, where it
// is, and to whom it is news. What follows from each is for the rules.

/// How a node is known.
package enum Stage: Sendable {
    /// It is at an address, and its real id is not known yet: it has a temporary one, which is ours alone.
    case handshake
    /// Only others have told of it: it never said its name itself, and may be made up.
    case knownFromGossip
    /// It has said its name itself.
    case member
}

/// What a node's headers say of it, as bits on the wire.
package struct PeerFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Replicas of other masters may move to it.
    package static let migrateTo = PeerFlags(rawValue: 1)
    /// It will not stand in an election.
    package static let noFailover = PeerFlags(rawValue: 2)
    /// It showed that it takes extensions.
    package static let takesExtensions = PeerFlags(rawValue: 4)
    package static let lightPublish = PeerFlags(rawValue: 8)
    package static let lightModule = PeerFlags(rawValue: 16)
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
