// Patterns that are made to take long.

import DataPlane
import Testing

@Suite struct GlobTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `many stars cost no more than one`() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 2000)
        let pattern = bytes(String(repeating: "*a", count: 200) + "*b")
        #expect(!Glob.matches(text, pattern))
        #expect(Glob.matches(text + bytes("b"), pattern))
    }

    @Test(arguments: [
        "*" + String(repeating: "a", count: 5000) + "b",
        "*[" + String(repeating: "x", count: 5000) + "]",
    ])
    func `a pattern is given up when it has been looked at for as long as it may be`(
        pattern: String
    ) {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        // Without the limit this would take minutes.
        #expect(!Glob.matches(text, bytes(pattern), lookingAt: 1 << 20))
    }

    @Test func `a limit that a plain match needs is enough`() {
        let text = bytes("news.europe.sports")
        let pattern = bytes("news.*.sp[a-o]r??")
        #expect(Glob.matches(text, pattern, lookingAt: 100))
    }
}
