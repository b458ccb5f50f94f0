// Compressed strings: what real servers wrote, and every way in which such bytes can be wrong.

import DataPlane
import TestSupport
import Testing

@Suite struct LZFTests {
    private func plain(_ hex: String, _ count: Int, piece: Int = .max) throws -> String {
        let bytes = try #require(Hex.bytes(hex))
        var decoder = LZFDecoder(plainBytes: count)
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, piece > bytes.count ? bytes.count : at + piece)
            try decoder.decode(bytes.span.extracting(at..<end))
            at = end
        }
        return String(decoding: try decoder.finish(), as: UTF8.self)
    }

    @Test(arguments: [1, 2, 3, 4, .max])
    func `what a server compressed is found again, in pieces too`(piece: Int) throws {
        let pairs = String(repeating: "ab", count: 32)
        #expect(try plain("02616261e03201016162", 64, piece: piece) == pairs)
        let letters = String(repeating: "x", count: 21)
        #expect(try plain("017878e00a00", 21, piece: piece) == letters)
    }

    @Test func `a repetition of three bytes is copied as often as it fits`() throws {
        // Three letters, then eight bytes from three before.
        #expect(try plain("02616263c002", 11) == "abcabcabcab")
    }

    @Test func `more than was announced is refused before it is written`() {
        #expect(throws: LZFError.tooLong) { try plain("017878e00a00", 20) }
        #expect(throws: LZFError.tooLong) { try plain("02616263", 2) }
    }

    @Test func `less than was announced is refused`() {
        #expect(throws: LZFError.tooShort) { try plain("017878e00a00", 22) }
        #expect(throws: LZFError.tooShort) { try plain("", 1) }
    }

    @Test(arguments: ["0561", "6161e0", "0061e00a", "006120"])
    func `a step that is cut off is refused`(hex: String) {
        #expect(throws: LZFError.self) { try plain(hex, 2) }
    }

    @Test func `nothing before the beginning is repeated`() {
        #expect(throws: LZFError.beforeBeginning) { try plain("006120" + "01", 4) }
        #expect(throws: LZFError.beforeBeginning) { try plain("2000", 3) }
    }

    @Test func `a long string takes memory as it grows, not as it is announced`() throws {
        var decoder = LZFDecoder(plainBytes: 1 << 40)
        try decoder.decode([0, 1, 0xE0, 0xFF, 0].span)
        #expect(decoder.count == 265 && decoder.heldBytes < 1 << 21)
    }
}
