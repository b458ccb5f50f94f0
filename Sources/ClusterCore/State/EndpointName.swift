// What may stand where an address is expected, and what a value in the address field of nodes.conf may hold:
// both travel through texts in which some bytes separate words.

package import ClusterWire

/// What may stand in the place of an IP address: a node may announce a name instead.
///
/// - Source: DECISIONS D48.
package enum EndpointName {
    private static let forbidden = Array(",@:\"'\\".utf8)

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
    private static let forbidden = Array("!#$%&()*+:;<>?@[]^{|}~,=\"'\\ ".utf8)

    package static func isAcceptable(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !forbidden.contains($0) }
    }
}
