// What a soak calls a failure: a doubt about a living node, a shard without a new master, growth.

import Benchmarks
import Testing

@Suite struct SoakTests {
    private static func sample(_ second: Int, kilobytes: Int, descriptors: Int) -> SoakSample {
        SoakSample(
            second: second, residentMean: kilobytes * 1024, residentMost: kilobytes * 1024,
            descriptorsMean: descriptors, descriptorsMost: descriptors)
    }

    private static func result(_ change: (inout SoakResult) -> Void = { _ in }) -> SoakResult {
        var result = SoakResult(plan: SoakPlan(), programs: ["redis 7.0.15"])
        result.failovers = [5.1, 6.2]
        result.foundedDoubts = 90
        result.samples = [
            sample(60, kilobytes: 8000, descriptors: 210),
            sample(600, kilobytes: 8100, descriptors: 212),
        ]
        change(&result)
        return result
    }

    @Test func `doubts about the dead and a few pages more are no failure`() {
        #expect(Self.result().failures.isEmpty)
    }

    @Test func `each doubt about a living node is one`() {
        let failures = Self.result { $0.doubts = ["grapevine at 7000: *** NODE …"] }.failures
        #expect(
            failures == ["a living node was marked PFAIL or FAIL: grapevine at 7000: *** NODE …"])
    }

    @Test func `a shard without an successor is one`() {
        #expect(
            Self.result { $0.failovers.append(nil) }.failures == [
                "1 shards had no new master in time"
            ])
    }

    @Test func `memory that grows by more than a tenth is one`() {
        let failures = Self.result {
            $0.samples[1] = Self.sample(600, kilobytes: 9000, descriptors: 210)
        }.failures
        #expect(failures == ["nodes of ours grew by 1000 KB each"])
    }

    @Test func `descriptors that grow are one`() {
        let failures = Self.result {
            $0.samples[1] = Self.sample(600, kilobytes: 8000, descriptors: 220)
        }.failures
        #expect(failures == ["descriptors grew from 210 to 220"])
    }

    @Test func `a run in which nothing was measured or read has failed`() {
        let failures = Self.result {
            $0.samples = []
            $0.foundedDoubts = 0
        }.failures
        #expect(failures.count == 2)
    }
}
