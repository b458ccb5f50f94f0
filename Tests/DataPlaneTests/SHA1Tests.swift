// SHA-1 by the examples of FIPS 180, and in pieces.

import DataPlane
import Testing

@Suite struct SHA1Tests {
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
    ])
    func `the hash is that of the standard`(text: String, hex: String) {
        let hash = SHA1.of(Array(text.utf8).span)
        #expect(hash.hex == hex)
    }

    @Test func `pieces of any size come to the same as the whole`() {
        for count in 0...140 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let whole = SHA1.of(bytes.span)
            for cut in [0, 1, count / 3, count / 2, max(0, count - 1)] where cut <= count {
                var hash = SHA1()
                hash.update(bytes.span.extracting(..<cut))
                hash.update(bytes.span.extracting(cut...))
                #expect(hash.finish() == whole, "\(count) bytes, cut at \(cut)")
            }
        }
    }
}
