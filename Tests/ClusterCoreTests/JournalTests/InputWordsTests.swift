// Inputs as words of a recording and back.

import ClusterWire
import Testing

@testable import ClusterCore

struct InputWordsTests {
    @Test(arguments: [
        Input.publish(Publication(channel: [], message: []), toShard: false),
        .publish(
            Publication(channel: [0, 10, 32, 255], message: Array("two words".utf8)), toShard: true),
        .tick, .timer, .resetStatistics, .persisted(Generation(7)),
    ])
    func `an input comes back from its words`(input: Input) {
        #expect(InputWords.input(InputWords.text(input)) == input)
    }

    @Test func `settings come back from their words, also those that are seldom set`() {
        var config = ClusterConfig()
        config.gossipPercent = 80
        #expect(InputWords.config(InputWords.config(config)) == config)
        config.waitsForFailover = true
        config.clients.port = 7
        #expect(InputWords.config(InputWords.config(config)) == config)
    }

    @Test(arguments: [
        "publish", "publish 0", "publish 0 61", "publish 2 61 62", "publish 0 6 62",
        "publish 1 61 62 63", "publish 0 zz 62",
    ])
    func `words that are no publication are no input`(words: String) {
        #expect(InputWords.input(words) == nil)
    }

    @Test func `a publication that is delivered is told by its digest, however long it is`() {
        let long = Publication(channel: [10, 13], message: [UInt8](repeating: 7, count: 1 << 20))
        let line = InputLog.text(.deliver(long, toShard: true))
        #expect(line.hasPrefix("deliver shard ") && line.hasSuffix(" 2 + 1048576 bytes"))
        #expect(line.count < 100)
        let other = Publication(channel: [10, 13], message: [UInt8](repeating: 8, count: 1 << 20))
        #expect(line != InputLog.text(.deliver(other, toShard: true)))
    }

    /// A recording of before there was such a setting is of a node that believed what it was told.
    @Test func `settings without a word on it believe what they are told`() throws {
        var config = ClusterConfig()
        let words = InputWords.config(config)
        #expect(try #require(InputWords.config(words)).confirms == false)
        config.confirms = true
        #expect(InputWords.config(config) == words + " confirms")
        #expect(try #require(InputWords.config(words + " confirms")).confirms)
    }
}
