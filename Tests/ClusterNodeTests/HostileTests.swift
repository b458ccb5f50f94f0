// A node in a live cluster under bytes that nobody should send: it answers its clients throughout,
// holds on to what it is and owns, does not grow, and says once per kind what it refused.
// GRAPEVINE_FULL_SWEEP=1 sends every cut and every flipped bit in place of some.

import ClusterClient
import ClusterWire
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct HostileTests {
        @Test func `frames of strangers, cut, changed and wrong, leave a cluster as it was`() throws
        {
            let scene = try Scene()
            let links = try scene.cluster.linkTable()
            let frames = try scene.frames.all()
            for (name, frame) in frames { try sweep(frame, name, scene) }
            for (_, frame) in scene.frames.wrong() { try scene.attacker.send(frame) }
            try randomBytes(scene)
            // MEET twice, and twice again with the answer unread.
            let meet = scene.frames.message(2)
            try scene.attacker.sendAlone(meet + meet + meet + meet)
            try scene.attacker.hangUp()
            try scene.expectUnharmed("strangers")
            try scene.expectDelivered()
            try scene.cluster.waitUntilAgreed(withinMilliseconds: 15_000)
            let change = try scene.cluster.linkChange(since: links)
            #expect(change == nil)
        }

        @Test func `frames under the name of a known node cost the node nothing of its own`() throws
        {
            let scene = try Scene()
            let sender = try scene.impersonated()
            scene.attacker.greeting = scene.frames.message(0, as: sender)
            for (name, frame) in try scene.frames.all(as: sender) {
                try sweep(frame, name, scene, one: 3)
            }
            for (_, frame) in scene.frames.wrong(as: sender) { try scene.attacker.send(frame) }
            var random = Seeds.generator("garbage behind a known name")
            for _ in 0..<50 {
                let garbage = random.bytes(Int.random(in: 1...4096, using: &random))
                try scene.attacker.sendAlone(scene.frames.message(0, as: sender) + garbage)
            }
            try scene.attacker.hangUp()
            try scene.expectUnharmed("a known name")
            try scene.expectDelivered()
        }

        @Test func `connections that say nothing, little or no end cost next to nothing`() throws {
            let scene = try Scene()
            var held: [Held] = []
            for _ in 0..<500 { held.append(Held(try scene.attacker.connect())) }
            let ping = scene.frames.message(0)
            for index in ping.indices.prefix(300) {
                for slow in held.prefix(50) {
                    try slow.connection.write([ping[index]], timeoutMilliseconds: 1000)
                }
            }
            try scene.attacker.ping()
            try scene.expectUnharmed("silent and slow connections")
            // Each announces as much as a stranger may, and keeps the end back.
            let length = FrameLimit.stranger.kept
            let start =
                scene.frames.message(4, length: UInt32(length))
                + [UInt8](repeating: 0, count: length - 2256 - 1)
            for slow in held.suffix(200) {
                // The node may refuse to hold so much.
                try? slow.connection.write(start, timeoutMilliseconds: 2000)
            }
            try scene.attacker.ping()
            held = []
            try scene.expectUnharmed("frames without their end")
            try scene.cluster.waitUntilAgreed()
        }

        @Test func `a stranger that asks and does not read the answers costs next to nothing`()
            throws
        {
            let scene = try Scene()
            let ping = scene.frames.message(0)
            let pings = [UInt8]((0..<100).map { _ in ping }.joined())
            var held: [Held] = []
            for _ in 0..<12 {
                let deaf = Held(try scene.attacker.connect())
                for _ in 0..<50 {
                    do {
                        try deaf.connection.write(pings, timeoutMilliseconds: 100)
                    } catch {
                        break
                    }
                }
                held.append(deaf)
                try scene.attacker.ping()
            }
            try scene.expectUnharmed("answers that are not read")
            #expect(held.count == 12)
            try scene.cluster.waitUntilAgreed()
        }

        // MARK: - Kinds of attack

        private static let isFull = Environment.value("GRAPEVINE_FULL_SWEEP") == "1"

        /// Cuts and flips of one frame; one in so many unless all are wanted.
        private func sweep(
            _ frame: [UInt8], _ name: String, _ scene: Scene, one rarer: Int = 1
        ) throws {
            var random = Seeds.generator("sweep \(name)")
            func picks(_ one: Int) -> Bool {
                Self.isFull || Int.random(in: 0..<one * rarer, using: &random) == 0
            }
            for length in 1..<frame.count {
                var cut = Array(frame.prefix(length))
                if picks(200) { try scene.attacker.sendAlone(cut) }
                // The same, as a whole frame that is too short.
                guard length >= 16, picks(30) else { continue }
                cut.put(UInt32(length), at: HostileFrames.At.length)
                try scene.attacker.send(cut)
            }
            var changed = frame
            for offset in frame.indices where HostileFrames.mayChange(offset, in: frame) {
                let one = HostileFrames.At.slots.contains(offset) ? 200 : 12
                for bit in UInt8(0)..<8 where picks(one) {
                    changed[offset] ^= 1 << bit
                    try scene.attacker.send(changed)
                    changed[offset] ^= 1 << bit
                }
            }
            try scene.attacker.flush()
        }

        private func randomBytes(_ scene: Scene) throws {
            var random = Seeds.generator("random bytes on the bus")
            for _ in 0..<100 {
                let count = Int.random(in: 1...8192, using: &random)
                try scene.attacker.sendAlone(random.bytes(count))
                var framed = Array("RCmb".utf8) + random.bytes(count + 12)
                framed.put(UInt32(framed.count), at: HostileFrames.At.length)
                framed.put(UInt16(1), at: 8)
                try scene.attacker.sendAlone(framed)
            }
        }
    }
}

/// A connection in an array.
private final class Held {
    let connection: BlockingConnection
    init(_ connection: consuming BlockingConnection) { self.connection = connection }
}

/// A cluster of three, of which the third is attacked.
private final class Scene {
    let cluster: MixedCluster
    let node: ServerProcess
    let attacker: Attacker
    let frames: HostileFrames
    private let before: ClusterNodesRow
    private let residentBefore: Int
    private let logBefore: Int
    private var receivedBefore = 0
    private let start = SystemClock.monotonicMilliseconds()

    /// What the node may grow by for good, and at its worst moment, in bytes.
    private static let growthLimit = 8 << 20
    private static let peakLimit = 16 << 20
    /// The log is limited by rate: what may come at once, and what some kinds of lines add a second.
    private static let logLimitBytes = 128 * 1024
    private static let logLimitBytesPerSecond = 2 * 1024

    init() throws {
        cluster = try MixedCluster(
            Array(repeating: try Live.ours(), count: 3), nodeTimeoutMilliseconds: Live.nodeTimeout)
        node = cluster.nodes[2]
        // Far above all epochs in the fixtures: no claim of theirs may take anything from it.
        try node.command("CLUSTER", "SET-CONFIG-EPOCH", "1000")
        try cluster.form(cluster.nodes, masters: 3)
        attacker = Attacker(node)
        frames = try HostileFrames(
            idlePort: try LoopbackPorts.base(count: 1),
            members: try cluster.nodes.map { (try $0.myself().id, $0.port) })
        before = try node.myself()
        residentBefore = node.residentBytes
        logBefore = node.log.utf8.count
        receivedBefore = try received()
    }

    /// Messages that the node took off its links so far, read well or not.
    private func received() throws -> Int {
        Int(try node.field("cluster_stats_messages_received", of: "CLUSTER", "INFO") ?? "") ?? 0
    }

    /// Whether the node has seen what was sent: a test of what it never got would tell nothing.
    func expectDelivered() throws {
        let count = try received() - receivedBefore
        print("the node counted \(count) messages of \(attacker.framesSent) frames")
        #expect(count > attacker.framesSent / 2)
    }

    /// The first node, as it would speak of itself.
    func impersonated() throws -> HostileFrames.Sender {
        let row = try cluster.nodes[0].myself()
        var slots = [UInt8](repeating: 0, count: 2048)
        for slot in row.slots.joined() { slots[slot / 8] |= 1 << UInt8(slot % 8) }
        return HostileFrames.Sender(
            id: Array(row.id.utf8), port: row.port, configEpoch: row.configEpoch, slots: slots)
    }

    func expectUnharmed(_ what: String) throws {
        try attacker.ping()
        #expect(node.exitStatus == nil)
        let after = try node.myself()
        #expect(after.id == before.id && after.port == before.port)
        #expect(after.slots == before.slots && after.flags == before.flags)
        let growth = node.residentBytes - residentBefore
        let peak = node.peakResidentBytes - residentBefore
        #expect(growth < Self.growthLimit)
        #expect(peak < Self.peakLimit)
        let log = node.log
        let grown = log.utf8.count - logBefore
        let seconds = Int(SystemClock.monotonicMilliseconds() - start) / 1000
        #expect(grown < Self.logLimitBytes + seconds * Self.logLimitBytesPerSecond)
        #expect(attacker.slowestPongMilliseconds < 2000)
        expectSaidOnce(log)
        print(
            "\(what): \(attacker.framesSent) frames, \(attacker.connectionsMade) connections,",
            "\(SystemClock.monotonicMilliseconds() - start) ms; memory +\(growth >> 10) KiB,",
            "peak +\(peak >> 10) KiB; log +\(grown) bytes; slowest PONG",
            "\(attacker.slowestPongMilliseconds) ms")
    }

    /// No refusal stands twice in the log.
    private func expectSaidOnce(_ log: String) {
        var seen: Set<String> = []
        for line in log.split(separator: "\n") {
            // Behind the process and the time.
            let text = line.split(separator: " ").dropFirst(5).joined(separator: " ")
            guard text.hasPrefix("# refused") || text.hasPrefix("# ignored") else { continue }
            #expect(seen.insert(text).inserted, "\(text)")
        }
    }
}
