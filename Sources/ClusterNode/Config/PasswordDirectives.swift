// Directives about passwords: the one that clients must say, and what this node says to its master. They
// are shown by CONFIG GET alone, as in the reference, and by nothing else that is written or answered.

import DataPlane

/// A "#" and the hash of a password, as the reference writes them for the default user.
struct DeclaredWay: Sendable {
    let text: String
    /// "FILE:LINE" or "--user".
    let place: String
}

extension Directives {
    static let passwords: [Directive] = [
        secret("requirepass", \.password),
        secret("masterauth", \.masterAuth),
        secret("masteruser", \.masterUser),
    ]

    /// The longest password in bytes: a client that is not logged in could not say a longer one.
    static let longestSecret = 16_384

    private static func secret(
        _ name: String, _ path: any WritableKeyPath<NodeOptions, String> & Sendable
    ) -> Directive {
        value(name, path) { words throws(OptionError) in
            let word = try one(words)
            guard word.utf8.count <= longestSecret else {
                throw OptionError("argument must have at most \(longestSecret) bytes")
            }
            // Bytes that are no text arrive as this character: the right ones would be refused later.
            guard !word.unicodeScalars.contains("\u{FFFD}") else {
                throw OptionError("argument must be text in UTF-8")
            }
            return word
        } _: {
            $0
        }
    }
}

extension NodeOptions {
    /// Whether clients have to say a password.
    var asksForPassword: Bool { !password.isEmpty }

    /// A file that the reference has rewritten has the password, and its hash as a rule of the user.
    func checkDeclaredWays() throws(OptionError) {
        guard !declaredWays.isEmpty else { return }
        let right = "#" + SHA256.hexadecimal(of: Array(password.utf8))
        for way in declaredWays where !asksForPassword || way.text != right {
            throw OptionError("user: its password is not that of requirepass", at: way.place)
        }
    }

    /// Whether this is the password that clients have to say. How long that takes depends on what was
    /// said alone, so that nobody learns the right one from it.
    func isPassword(_ said: Span<UInt8>) -> Bool {
        let right = Array(password.utf8)
        guard !right.isEmpty else { return true }
        var difference = said.count ^ right.count
        for index in said.indices {
            difference |= Int(said[index] ^ right[index % right.count])
        }
        return difference == 0
    }

    /// What must not stand in a list of processes.
    package var secrets: [String] { [password, masterAuth].filter { !$0.isEmpty } }
}
