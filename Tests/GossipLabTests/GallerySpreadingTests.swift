// Each experiment of the gallery sees what it expects.

import Testing

@testable import GossipLab

@Suite struct GallerySpreadingTests {
    @Test(arguments: ["queue-overflow", "silent-pair", "connection-limit"])
    func `an experiment sees what it expects`(name: String) throws {
        let exhibit = try #require(Gallery.all.first { $0.name == name })
        let finding = exhibit.run(1)
        #expect(finding.holds, "seed 1: \(finding.seen)")
        #expect(finding.expected.count == finding.seen.count && !finding.seen.isEmpty)
    }

    @Test func `names are told apart`() {
        #expect(Set(Gallery.all.map(\.name)).count == Gallery.all.count)
    }
}
