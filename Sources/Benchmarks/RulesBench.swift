// The bench of the rules: heartbeats that change nothing, through a machine that knows a thousand
// nodes. A PONG costs what believing it costs; a PING costs an answer as well, with as much gossip.

import ClusterCore
import ClusterWire
import Determinism
import SystemIO

package enum RulesBench {
    private static let nodeCount = 1000
    private static let entryCount = 100
    private static let messageCount = 1000

    package static func run(rounds: Int) -> BenchReport {
        var world = World()
        var times = (pong: [Double](), ping: [Double](), tick: [Double]())
        var effects = 0
        for _ in 0..<rounds {
            times.pong.append(measure(messageCount) { effects += world.deliver(world.pongs) })
            times.ping.append(measure(messageCount) { effects += world.deliver(world.pings) })
            times.tick.append(measure(10) { effects += world.tick(10) })
        }
        func figure(_ name: String, _ values: [Double]) -> Figure {
            Figure(
                name: name, unit: "ns", value: BenchReport.median(values),
                beside: name == "heartbeat that changes nothing" ? [("target", 5000)] : [])
        }
        return BenchReport(
            figures: [
                figure("heartbeat that changes nothing", times.pong),
                figure("the same with an answer", times.ping), figure("tick", times.tick),
            ],
            conditions:
                "\(nodeCount) known nodes, half of them masters, \(entryCount) entries a message, "
                + "medians of \(rounds) rounds, \(effects) effects")
    }

    private static func measure(_ count: Int, _ work: () -> Void) -> Double {
        let start = SystemClock.monotonicNanoseconds()
        work()
        return Double(SystemClock.monotonicNanoseconds() - start) / Double(count)
    }

    /// A machine that knows a thousand nodes, and what some of them say.
    private struct World {
        var machine: Machine
        var now = Instant(monotonic: 10_000_000, wall: 1_700_000_000_000)
        var pongs: [(LinkID, Message)] = []
        var pings: [(LinkID, Message)] = []

        init() {
            var random = SplitMix64(seed: 1)
            let ids = (0..<nodeCount).map { _ in NodeID(using: &random) }
            let text = Self.file(ids)
            do throws(NodesFileError) {
                let state = try NodesFile.parse(Array(text.utf8), at: now, random: &random)
                machine = Machine(state: state, config: ClusterConfig(), random: random)
            } catch {
                preconditionFailure("the bench's own file: \(error)")
            }
            open(ids)
            for index in 0..<messageCount {
                let sender = 1 + index % (nodeCount - 1)
                let beat = Heartbeat(gossip: gossip(ids, &random))
                let header = header(of: ids[sender], sender)
                let link = LinkID.inbound(UInt32(sender))
                pongs.append((link, .full(header, .pong(beat))))
                pings.append((link, .full(header, .ping(beat))))
            }
            // Once, so that what they tell is known.
            _ = deliver(pings)
        }

        private static func file(_ ids: [NodeID]) -> String {
            var text = ""
            for (index, id) in ids.enumerated() {
                let flags = index == 0 ? "myself,master" : "master"
                let address = "127.0.0.1:\(10_000 + index)@\(30_000 + index)"
                text += "\(id) \(address) \(flags) - 0 0 \(index) connected"
                if let range = range(index) { text += " \(range)" }
                text += "\n"
            }
            return text + "vars currentEpoch \(nodeCount) lastVoteEpoch 0\n"
        }

        private static func range(_ index: Int) -> SlotRange? {
            guard index < nodeCount / 2 else { return nil }
            let size = Layout.slotCount / (nodeCount / 2)
            guard let first = Slot(index * size), let last = Slot(index * size + size - 1) else {
                return nil
            }
            return SlotRange(first, last)
        }

        private mutating func open(_ ids: [NodeID]) {
            let ip = IPText("127.0.0.1") ?? IPText()
            for index in 1..<nodeCount {
                _ = machine.step(
                    .linkOpened(.inbound(UInt32(index)), local: ip, peer: ip), at: now)
            }
            for effect in machine.step(.tick, at: now) {
                guard case .connect(let link, _) = effect else { continue }
                _ = machine.step(.linkOpened(link, local: ip, peer: ip), at: now)
            }
        }

        private func header(of id: NodeID, _ index: Int) -> Header {
            Header(
                sender: id, currentEpoch: Epoch(UInt64(nodeCount)),
                configEpoch: Epoch(UInt64(index)),
                slots: SlotSet(Self.range(index).map { [$0] } ?? []),
                port: Port(UInt16(10_000 + index)), busPort: Port(UInt16(30_000 + index)))
        }

        private func gossip(_ ids: [NodeID], _ random: inout SplitMix64) -> GossipSection {
            GossipSection(
                (0..<entryCount).map { _ in
                    let index = 1 + random.below(nodeCount - 1)
                    return GossipEntry(
                        node: ids[index], pingSent: 0,
                        pongReceived: UInt32(now.wall / 1000) - UInt32(random.below(10)),
                        address: NodeAddress(
                            ip: IPText("127.0.0.1") ?? IPText(),
                            port: Port(UInt16(10_000 + index)),
                            busPort: Port(UInt16(30_000 + index))),
                        flags: .master)
                })
        }

        mutating func deliver(_ messages: [(LinkID, Message)]) -> Int {
            var effects = 0
            for (link, message) in messages {
                effects += machine.step(.message(message, on: link), at: now).count
            }
            return effects
        }

        mutating func tick(_ count: Int) -> Int {
            var effects = 0
            for _ in 0..<count {
                now.monotonic += 1
                effects += machine.step(.tick, at: now).count
            }
            return effects
        }
    }
}
