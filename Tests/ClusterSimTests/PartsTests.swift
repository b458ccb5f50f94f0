// The parts of the virtual world by themselves: the disk, the lanes and the plan of faults.

import ClusterCore
import ClusterWire
import Determinism
import TestSupport
import Testing

@testable import ClusterSim

@Suite struct VirtualDiskTests {
    private static func snapshot(_ generation: UInt64) -> VirtualDisk.Snapshot {
        let machine = Machine(fresh: ClusterConfig(), random: SplitMix64(seed: generation))
        return VirtualDisk.Snapshot(
            generation: Generation(generation), state: machine.state,
            instant: Instant(monotonic: 1, wall: 1))
    }

    @Test func `a save is durable when its write ends and not before`() {
        var disk = VirtualDisk()
        expect(disk.save(Self.snapshot(1), sync: true), is: true)
        #expect(disk.durable == nil)
        let done = disk.finish()
        #expect(done?.generation == Generation(1))
        #expect(done?.succeeded == true)
        #expect(disk.durable?.generation == Generation(1))
    }

    @Test func `of saves that wait for a write only the newest is made`() {
        var disk = VirtualDisk()
        _ = disk.save(Self.snapshot(1), sync: true)
        expect(disk.save(Self.snapshot(2), sync: true), is: false)
        expect(disk.save(Self.snapshot(3), sync: false), is: false)
        expect(disk.finish()?.goesOn, is: true)
        expect(disk.finish()?.generation, is: Generation(3))
        #expect(disk.finish() == nil)
    }

    @Test func `a save that is not synced is never confirmed and may be lost with the power`() {
        var kept = 0
        for seed in 0..<64 as Range<UInt64> {
            var disk = VirtualDisk()
            disk.format(holding: Self.snapshot(1))
            expect(disk.save(Self.snapshot(2), sync: false), is: false)
            #expect(disk.finish() == nil)
            var random = SplitMix64(seed: seed)
            disk.losePower(&random)
            if disk.durable?.generation == Generation(2) { kept += 1 }
        }
        #expect(kept > 0 && kept < 64)
    }

    @Test func `a loss of power never takes back what was synced`() {
        for seed in 0..<64 as Range<UInt64> {
            var disk = VirtualDisk()
            _ = disk.save(Self.snapshot(1), sync: false)
            _ = disk.save(Self.snapshot(2), sync: true)
            _ = disk.finish()
            _ = disk.save(Self.snapshot(3), sync: true)
            var random = SplitMix64(seed: seed)
            disk.losePower(&random)
            #expect((disk.durable?.generation ?? Generation(0)) >= Generation(2))
            #expect(disk.finish() == nil)
        }
    }

    @Test func `the end of the process never takes back what is in place`() {
        var disk = VirtualDisk()
        disk.format(holding: Self.snapshot(9))
        _ = disk.save(Self.snapshot(1), sync: true)
        _ = disk.save(Self.snapshot(2), sync: true)
        _ = disk.save(Self.snapshot(3), sync: false)
        #expect(disk.inPlace == Generation(3))
        disk.kill()
        #expect(disk.durable?.generation == Generation(3) && disk.inPlace == Generation(0))
        #expect(disk.finish() == nil)
    }

    @Test func `a disk that refuses says so and keeps what it has`() {
        var disk = VirtualDisk()
        disk.format(holding: Self.snapshot(1))
        disk.refusals = 1
        _ = disk.save(Self.snapshot(2), sync: true)
        expect(disk.finish()?.succeeded, is: false)
        #expect(disk.durable?.generation == Generation(1) && disk.inPlace == Generation(0))
        disk.kill()
        #expect(disk.durable?.generation == Generation(1))
    }
}

@Suite struct VirtualNetworkTests {
    private static let row = NodeHandle.myself

    /// The other end of a connection.
    private static func other(_ end: Int) -> Int { end ^ 1 }

    @Test func `an acceptor gets the lowest number that is free`() {
        var network = VirtualNetwork(nodes: 3)
        func connect(_ serial: UInt32, from node: Int) -> Int {
            Self.other(
                network.connect(.outbound(Self.row, serial: serial), from: node, to: 0))
        }
        let ends = [connect(1, from: 1), connect(2, from: 1), connect(3, from: 1)]
        #expect(ends.map { network.accept(at: $0) } == [.inbound(0), .inbound(1), .inbound(2)])
        for (number, end) in ends.enumerated() {
            #expect(network.end(of: .inbound(UInt32(number)), at: 0) == end)
        }
        network.close(ends[1])
        #expect(network.end(of: .inbound(1), at: 0) == nil)
        let late = connect(4, from: 2)
        #expect(network.accept(at: late) == .inbound(1))
        #expect(network.end(of: .inbound(1), at: 0) == late)
        #expect(network.openEnds(of: 0).count == 3)
    }

    @Test func `an old name of a link leads nowhere`() {
        var network = VirtualNetwork(nodes: 2)
        let first = network.connect(.outbound(Self.row, serial: 1), from: 0, to: 1)
        network.close(first)
        let second = network.connect(.outbound(Self.row, serial: 2), from: 0, to: 1)
        #expect(network.end(of: .outbound(Self.row, serial: 1), at: 0) == nil)
        #expect(network.end(of: .outbound(Self.row, serial: 2), at: 0) == second)
        #expect(network.openEnds(of: 0) == [second])
    }

    @Test func `a way is free when every fault that blocked it has ended`() {
        var network = VirtualNetwork(nodes: 2)
        network.block(from: 0, to: 1)
        network.block(from: 0, to: 1)
        network.unblock(from: 0, to: 1)
        #expect(network.isBlocked(from: 0, to: 1))
        #expect(!network.isBlocked(from: 1, to: 0))
        network.unblock(from: 0, to: 1)
        #expect(!network.isBlocked(from: 0, to: 1))
    }

    @Test func `what is put on a lane arrives in that order`() {
        var network = VirtualNetwork(nodes: 2)
        let lane = network.connect(.outbound(Self.row, serial: 1), from: 0, to: 1)
        expect(network.append(.bytes([1]), on: lane, at: 30), is: 30)
        expect(network.append(.fin, on: lane, at: 10), is: 30)
        #expect(network.arrivals(on: lane) == [30, 30])
        network.delay(lane, until: 40)
        expect(network.append(.fin, on: lane, at: 35), is: 40)
        #expect(network.arrivals(on: lane) == [40, 40, 40])
        network.removeFirst(on: lane)
        #expect(network.arrivals(on: lane) == [40, 40])
    }
}

@Suite struct FaultPlanTests {
    @Test func `kinds are read as they are written`() {
        let some: [FaultKinds] = [.all, [], [.crash], [.pause, .lasting], [.rack]]
        for kinds in some { #expect(FaultKinds(kinds.text) == kinds) }
        #expect(FaultKinds("crash,earthquake") == nil)
    }

    /// The plan that a seed leads to, and the kinds of faults that it was asked for.
    private static func plan(_ seed: UInt64, _ kinds: FaultKinds) -> FaultPlan {
        var random = SplitMix64(seed: seed)
        var options = SimOptions()
        options.faults = kinds
        return FaultPlan(options, EnvironmentProfile(options, &random), &random)
    }

    @Test func `only what was asked for goes wrong, and in time`() {
        for seed in 0..<50 as Range<UInt64> {
            let plan = Self.plan(seed, [.pause, .lasting])
            #expect(!plan.faults.isEmpty, "seed \(seed)")
            for planned in plan.faults {
                guard case .pause = planned.fault else {
                    Issue.record("seed \(seed): \(planned)")
                    continue
                }
                #expect(planned.start < planned.end ?? 0)
                #expect((planned.end ?? 0) <= plan.end)
            }
        }
    }

    @Test func `a kind that comes leads to faults, and one that does not to none`() {
        for kind in FaultKind.allCases {
            let faults = (0..<10 as Range<UInt64>).flatMap { Self.plan($0, [kind]).faults }
            // What stays broken is drawn by itself, of kinds that are allowed beside it.
            #expect(faults.isEmpty == (kind.weight == 0) || kind == .lasting, "\(kind)")
        }
    }
}
