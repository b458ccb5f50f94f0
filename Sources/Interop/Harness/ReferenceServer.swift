// The servers of the reference that this machine has: where they are looked for, what they say they
// are, in which version. How one is started is in ServerProcess.

import SystemIO

/// A server program of the reference or of one of its descendants.
package struct ReferenceServer: Hashable, Sendable, CustomStringConvertible {
    /// Who made it; what it calls itself in `--version`.
    package enum Kind: String, CaseIterable, Sendable {
        case redis, valkey, redict

        /// The name of its program.
        package var programName: String { "\(rawValue)-server" }
    }

    package let kind: Kind
    /// Such as "7.0.15".
    package let version: String
    package let path: String

    /// "redis 7.0.15".
    package var description: String { "\(kind.rawValue) \(version)" }

    /// The numbers of the version, for comparing.
    package var versionNumbers: [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }

    /// Whether it is at least this version of its kind.
    package func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        !versionNumbers.lexicographicallyPrecedes([major, minor])
    }

    /// Asks a program which server it is.
    package init(path: String) throws(InteropError) {
        var options = ChildProcess.Options(arguments: ["--version"])
        options.output = .pipe
        let said: String
        do throws(SystemError) {
            let child = try ChildProcess(path, options)
            let output = try child.readOutput(
                milliseconds: Self.patienceMilliseconds, limitBytes: Self.longestAnswer)
            said = String(decoding: output, as: UTF8.self)
        } catch {
            guard error.isTimeout else { throw .system(error) }
            throw .notAServer(path: path, said: "nothing in \(Self.patienceMilliseconds) ms")
        }
        // "Redis server v=7.0.15 sha=…"
        let words = said.split { $0 == " " || $0.isNewline }
        guard let kind = words.first.flatMap({ Kind(rawValue: $0.lowercased()) }),
            let version = words.first(where: { $0.hasPrefix("v=") })?.dropFirst(2)
        else {
            // Errors are one line.
            let line = said.split(whereSeparator: \.isNewline).first ?? "nothing"
            throw .notAServer(path: path, said: String(line.prefix(Self.longestQuote)))
        }
        self.kind = kind
        self.version = String(version)
        self.path = path
    }

    private static let patienceMilliseconds = 10_000
    private static let longestAnswer = 64 * 1024
    private static let longestQuote = 100

    /// The first server of this kind on `PATH`; nil when there is none.
    package static func installed(_ kind: Kind) -> ReferenceServer? {
        guard let path = Environment.find(kind.programName) else { return nil }
        return try? ReferenceServer(path: path)
    }

    /// Every server in a folder, oldest first, each version once.
    package static func servers(in folder: String) -> [ReferenceServer] {
        var found: [ReferenceServer] = []
        let names = (try? Folder.list(folder)) ?? []
        for name in names where Kind.allCases.contains(where: { name.hasPrefix($0.programName) }) {
            let path = "\(folder)/\(name)"
            guard File.isExecutable(path), let server = try? ReferenceServer(path: path),
                !found.contains(where: { $0.description == server.description })
            else { continue }
            found.append(server)
        }
        return found.sorted { first, second in
            first.kind == second.kind
                ? first.versionNumbers.lexicographicallyPrecedes(second.versionNumbers)
                : first.kind.rawValue < second.kind.rawValue
        }
    }
}
