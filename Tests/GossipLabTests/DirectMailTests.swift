// Direct mail: what is sent, sent again, too old, and lost for good.

import Testing

@testable import GossipLab

@Suite struct DirectMailTests {
    private static func run(_ change: (inout LabOptions) -> Void, seed: UInt64 = 1) -> RunResult {
        var options = LabOptions()
        options.strategy = .directMail
        options.nodes = 100
        change(&options)
        return Lab.run(options, seed: seed)
    }

    private static func counter(_ run: RunResult, _ name: String) -> Double {
        run.meter.counters.first { $0.name == name }?.value ?? -1
    }

    @Test func `n - 1 messages tell everybody in one round when nothing is lost`() {
        let run = Self.run { _ in }
        #expect(run.roundsUntilAllKnow == 1 && run.meter.updates == 99)
    }

    @Test func `what is lost is sent again until it arrives`() {
        let run = Self.run { $0.loss = 0.3 }
        #expect(run.residue == 0)
        #expect(run.meter.updates == 99 + Int(Self.counter(run, "retried")))
        #expect(Self.counter(run, "retried") > 0)
    }

    @Test func `what a full queue drops is never delivered`() {
        for policy in [QueueFull.dropNewest, .dropOldest] {
            let run = Self.run {
                $0.loss = 0.3
                $0.queue = 5
                $0.queueFull = policy
            }
            let lost = Self.counter(run, "overflowed")
            #expect(lost > 0)
            #expect((run.residue * 100).rounded() == lost)
        }
    }

    @Test func `what is too old is given up`() {
        let run = Self.run {
            $0.down = 0.2
            $0.churn = 0.1
            $0.comeBack = 0.01
            $0.maxAge = 3
            $0.writes = 20
        }
        #expect(Self.counter(run, "expired") > 0)
        #expect(
            Self.counter(run, "sent")
                == Self.counter(run, "delivered") + Self.counter(run, "expired"))
    }

    @Test func `a queue that refuses takes no write while it is full`() {
        let run = Self.run {
            $0.loss = 0.9
            $0.queue = 10
            $0.queueFull = .refuse
            $0.writes = 5
            $0.roundsLimit = 5
        }
        let refused = Self.counter(run, "refused")
        #expect(refused > 0)
        #expect(Self.counter(run, "sent") == 99 * (5 - refused))
    }
}
