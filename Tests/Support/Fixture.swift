// The files below Fixtures, found from where this source lies, and the comparison with them. With
// UPDATE_FIXTURES=1 in the environment a comparison writes the file instead; the change is then read
// by a person before it is kept.

package import SystemIO
package import Testing

/// The files below Fixtures.
package enum Fixture {
    /// The folder of the whole package.
    package static let packageFolder: String = {
        // This file is Tests/Support/Fixture.swift.
        File.folder(of: File.folder(of: File.folder(of: #filePath)))
    }()

    /// Where a fixture is, by its path below Fixtures.
    package static func path(_ name: String) -> String { "\(packageFolder)/Fixtures/\(name)" }

    /// The bytes of a fixture.
    package static func bytes(_ name: String) throws(SystemError) -> [UInt8] {
        try File.read(path(name))
    }

    /// The text of a fixture.
    package static func text(_ name: String) throws(SystemError) -> String {
        try File.readText(path(name))
    }

    /// The names in a folder of fixtures with this ending, sorted.
    package static func names(in folder: String, ending: String = "") throws(SystemError)
        -> [String]
    {
        try Folder.list(path(folder)).filter { $0.hasSuffix(ending) }
    }

    /// Whether comparisons write the files.
    package static let isUpdating = Environment.value("UPDATE_FIXTURES") == "1"

    /// Compares text with a fixture, and records the first line that differs as a failure.
    package static func expectGolden(
        _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            if isUpdating {
                try Folder.make(File.folder(of: path(name)))
                return try File.write(Array(text.utf8), to: path(name))
            }
            let expected = try self.text(name)
            guard expected != text else { return }
            Issue.record(
                "\(name) differs; \(difference(expected: expected, got: text))",
                sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
        }
    }

    /// The first line in which two texts differ.
    package static func difference(expected: String, got: String) -> String {
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = got.split(separator: "\n", omittingEmptySubsequences: false)
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? "“\(old[index])”" : "the end"
            let after = index < new.count ? "“\(new[index])”" : "the end"
            if before != after { return "line \(index + 1): expected \(before), got \(after)" }
        }
        return "the same lines"
    }
}
