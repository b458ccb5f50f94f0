// The bench of the codec: a thousand different PINGs with 100 gossip entries, encoded, and decoded
// with a walk over all entries, beside memcpy of the same bytes in the same round. Everything that
// is read goes into a checksum, so that nothing is left out by the compiler.

import ClusterClient
import ClusterWire
import Determinism
import SystemIO

package enum CodecBench {
    private static let messageCount = 1000
    private static let entryCount = 100

    package static func run(rounds: Int) -> BenchReport {
        var random = SplitMix64(seed: 42)
        let messages = (0..<messageCount).map { _ in message(&random) }
        let frames = messages.map { $0.encode() ?? [] }
        var target = [UInt8](repeating: 0, count: frames[0].count)
        let entries = messages.map { $0.entries }
        var times = (copy: [Double](), encode: [Double](), decode: [Double](), build: [Double]())
        var checksum: UInt64 = 0
        for _ in 0..<rounds {
            times.copy.append(measure { checksum &+= copy(frames, to: &target) })
            times.encode.append(measure { checksum &+= encode(messages) })
            times.decode.append(measure { checksum &+= decode(frames) })
            times.build.append(measure { checksum &+= build(messages, entries) })
        }
        func figure(_ name: String, _ values: [Double]) -> Figure {
            let ratios = zip(values, times.copy).map { $0 / $1 }
            return Figure(
                name: name, unit: "ns a message", value: BenchReport.median(values),
                beside: [
                    ("memcpy", BenchReport.median(times.copy)),
                    ("timesMemcpy", BenchReport.median(ratios)),
                ])
        }
        return BenchReport(
            figures: [
                figure("encode", times.encode), figure("decode and walk", times.decode),
                figure("encode from values", times.build),
                figure("encode, decode and walk", zip(times.encode, times.decode).map { $0 + $1 }),
            ],
            conditions:
                "\(messageCount) PINGs of \(target.count) bytes with \(entryCount) entries, "
                + "medians of \(rounds) rounds, target 8 times memcpy, checksum \(checksum)")
    }

    /// Nanoseconds a message.
    private static func measure(_ work: () -> Void) -> Double {
        let start = SystemClock.monotonicNanoseconds()
        work()
        return Double(SystemClock.monotonicNanoseconds() - start) / Double(messageCount)
    }

    @inline(never)
    private static func copy(_ frames: [[UInt8]], to target: inout [UInt8]) -> UInt64 {
        var sum: UInt64 = 0
        for frame in frames {
            // Both hold the same number of bytes: all messages are of one length.
            unsafe target.withUnsafeMutableBytes { target in
                unsafe frame.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
            }
            sum &+= UInt64(target[frame.count - 3])
        }
        return sum
    }

    @inline(never)
    private static func encode(_ messages: [Message]) -> UInt64 {
        var sum: UInt64 = 0
        for message in messages {
            guard let frame = message.encode() else { continue }
            sum &+= UInt64(frame[frame.count - 3]) &+ UInt64(frame[47])
        }
        return sum
    }

    /// Encodes with a gossip section that is made of entry values first, as a node does it.
    @inline(never)
    private static func build(_ messages: [Message], _ entries: [[GossipEntry]]) -> UInt64 {
        var sum: UInt64 = 0
        for (message, entries) in zip(messages, entries) {
            guard case .full(let header, _) = message else { continue }
            let beat = Heartbeat(gossip: GossipSection(entries))
            guard let frame = Message.full(header, .ping(beat)).encode() else { continue }
            sum &+= UInt64(frame[frame.count - 3]) &+ UInt64(frame[47])
        }
        return sum
    }

    @inline(never)
    private static func decode(_ frames: [[UInt8]]) -> UInt64 {
        var sum: UInt64 = 0
        for frame in frames {
            guard case .full(let header, .ping(let beat))? = try? Message.decode(frame) else {
                continue
            }
            sum &+= header.currentEpoch.value &+ UInt64(header.flags.rawValue)
            sum &+= UInt64(bitPattern: Int64(header.sender.quickHash))
            for entry in beat.gossip {
                sum &+= UInt64(bitPattern: Int64(entry.node.quickHash))
                sum &+=
                    UInt64(entry.pingSent) &+ UInt64(entry.pongReceived) &+ entry.address.ip.fold
                sum &+= UInt64(entry.address.port.value) &+ UInt64(entry.address.busPort.value)
                sum &+= UInt64(entry.flags.rawValue) &+ UInt64(entry.address.secondaryPort.value)
            }
        }
        return sum
    }

    /// A message of which nearly every field differs from the others.
    private static func message(_ random: inout SplitMix64) -> Message {
        var slots = SlotSet()
        let first = Int(random.next() % 16000)
        for number in first..<first + 300 {
            if let slot = Slot(number) { slots.insert(slot) }
        }
        let entries = (0..<entryCount).map { _ in
            let number = random.next()
            return GossipEntry(
                node: NodeID(using: &random), pingSent: UInt32(truncatingIfNeeded: number),
                pongReceived: UInt32(truncatingIfNeeded: number >> 32),
                address: NodeAddress(
                    ip: IPText("10.\(number % 256).\(number >> 8 % 256).7") ?? IPText(),
                    port: Port(UInt16(truncatingIfNeeded: number >> 16)),
                    busPort: Port(UInt16(truncatingIfNeeded: number >> 20))),
                flags: NodeFlags(rawValue: UInt16(number & 3)))
        }
        let header = Header(
            sender: NodeID(using: &random), currentEpoch: Epoch(random.next() >> 32),
            configEpoch: Epoch(random.next() >> 32), slots: slots, port: 7000, busPort: 17000)
        return .full(header, .ping(Heartbeat(gossip: GossipSection(entries))))
    }
}

extension Message {
    /// The gossip entries as values.
    fileprivate var entries: [GossipEntry] {
        if case .full(_, let body) = self {
            Array(body.heartbeat?.gossip ?? GossipSection())
        } else {
            []
        }
    }
}
