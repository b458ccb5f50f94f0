// The experiments about what news means see what they say they will.

import Testing

@testable import GossipLab

@Suite struct GalleryReplicasTests {
    @Test(arguments: Gallery.replicas.map(\.name))
    func `an experiment sees what it expects`(_ name: String) throws {
        let exhibit = try #require(Gallery.replicas.first { $0.name == name })
        let seed: UInt64 = 1
        let finding = exhibit.run(seed)
        #expect(finding.holds, "seed \(seed): \(finding.seen)")
        #expect(!finding.seen.isEmpty && finding.seen.count == finding.expected.count)
    }

    @Test func `the same seed gives the same lines`() throws {
        let exhibit = try #require(Gallery.replicas.first { $0.name == "flipped-bit" })
        #expect(exhibit.run(5).seen == exhibit.run(5).seen)
    }

    @Test func `lines fit a terminal`() {
        for exhibit in Gallery.replicas {
            #expect(exhibit.summary.utf8.count <= 90, "\(exhibit.name)")
        }
    }
}
