// The digests by which servers are compared, by what real ones answered.

import DataPlane
import Testing

@Suite struct DataDigestTests {
    private func value(_ text: String, expires: Bool) -> String {
        var digest = KeyDigest()
        digest.update(Array(text.utf8).span)
        return digest.finish(expires: expires).hex
    }

    @Test func `a value has the digest that DEBUG DIGEST-VALUE gives`() {
        #expect(value("1", expires: false) == "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da")
        #expect(value("hello", expires: true) == "d037c4eb8a8b36b602fbced4000daeab0714c1e3")
    }

    @Test func `all keys have the digest that DEBUG DIGEST gives, in any order`() {
        let keys = [("a", "1", false), ("b", "hello", true)]
        for order in [keys, keys.reversed()] {
            var digest = DataDigest()
            for (key, value, expires) in order {
                digest.add(
                    key: Array(key.utf8).span, value: Array(value.utf8).span, expires: expires)
            }
            #expect(digest.digest.hex == "669dc7955c0119edb82e7cfeb40ea4a28f89f902")
        }
    }

    @Test func `a value that is shown in pieces has the same digest`() {
        let key = Array("b".utf8)
        var one = KeyDigest(key: key.span)
        one.update(Array("hel".utf8).span)
        one.update(Array("lo".utf8).span)
        var pieces = DataDigest()
        pieces.add(one.finish(expires: true))
        var whole = DataDigest()
        whole.add(key: key.span, value: Array("hello".utf8).span, expires: true)
        #expect(pieces.digest == whole.digest)
    }

    @Test func `no keys have forty zeros`() {
        #expect(DataDigest().digest.hex == String(repeating: "0", count: 40))
    }
}
