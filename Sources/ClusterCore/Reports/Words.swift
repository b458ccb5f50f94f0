// The one table of words that the protocol's texts fix, and which characters a text in nodes.conf
// may have. Code says master and replica; these texts say what tools read.

package import ClusterWire

/// The protocol's own words for roles and states.
package enum Word {
    package static let master = "master"
    package static let replica = "slave"
    /// In CLUSTER SHARDS alone the newer word is used.
    package static let shardReplica = "replica"
    package static let myself = "myself"

    /// Flags in the order in which CLUSTER NODES prints them.
    static let flags: [(NodeFlags, String)] = [
        (.myself, myself), (.master, master), (.replica, replica), (.pfail, "fail?"),
        (.fail, "fail"), (.handshake, "handshake"), (.noAddress, "noaddr"),
        (.noFailover, "nofailover"),
    ]
    static let noFlags = "noflags"

    static func text(_ flags: NodeFlags) -> String {
        let words = Self.flags.filter { flags.contains($0.0) }.map(\.1)
        return words.isEmpty ? noFlags : words.joined(separator: ",")
    }
}

/// What may stand in the place of an IP address: a node may announce a name instead.
///
/// - Source: DECISIONS D48.
package enum EndpointName {
    private static let forbidden = Set(",@:\"'\\".utf8)

    /// Whether a text may be announced: it holds nothing that separates words or ends a quotation. Not
    /// all of them know what to do with it (`isAddressOrName`), and nobody here resolves it.
    package static func isAnnounceable(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && $0 != 0x2C && $0 != 0x3D && $0 != 0x22 && $0 != 0x27
                && $0 != 0x5C
        }
    }

    /// Whether a text is a literal address, or a name that nodes.conf and every report can hold: a word of
    /// printable ASCII without what separates the parts of an address.
    package static func isAddressOrName(_ ip: IPText) -> Bool {
        if ip.isDottedIPv4 { return true }
        let bytes = ip.bytes
        return !bytes.isEmpty
            && (bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && !forbidden.contains($0) }
                || IPLiteral.isLiteral(ip))
    }
}

/// What a value in the address field of nodes.conf may hold.
///
/// - Source: bus protocol §8.2.
package enum AuxiliaryText {
    private static let forbidden = Set("!#$%&()*+:;<>?@[]^{|}~,=\"'\\ ".utf8)

    package static func isAcceptable(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !forbidden.contains($0) }
    }
}
