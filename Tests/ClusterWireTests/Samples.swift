// What the suites of this target share: ids, a message of every kind, frames from files and edits
// of bytes. It states no rule.

import ClusterWire
import TestSupport

let idA = sampleID("a")
let idB = sampleID("b")
let idC = sampleID("c")

func sampleID(_ character: Character) -> NodeID {
    NodeID(String(repeating: character, count: 40)) ?? .zero
}

func slots(_ ranges: (Int, Int)...) -> SlotSet {
    var set = SlotSet()
    for (first, last) in ranges {
        if let first = Slot(first), let last = Slot(last), let range = SlotRange(first, last) {
            set.insert(range)
        }
    }
    return set
}

func sampleEntry(_ node: NodeID, flags: NodeFlags = .master) -> GossipEntry {
    GossipEntry(
        node: node, pingSent: 1_795_000_000, pongReceived: 1_795_000_001,
        address: NodeAddress(
            ip: IPText("10.1.2.3") ?? IPText(), port: 7001, secondaryPort: 7101, busPort: 17001),
        flags: flags)
}

func sampleHeader(_ messageFlags: MessageFlags = []) -> Header {
    Header(
        sender: idA, currentEpoch: 9, configEpoch: 7, offset: 4242,
        slots: slots((0, 5460), (16383, 16383)), replicaOf: .zero,
        ip: IPText("127.0.0.1") ?? IPText(), port: 7000, secondaryPort: 7100, busPort: 17000,
        flags: [.myself, .master, .migrateTo], messageFlags: messageFlags)
}

/// Every body, light or full, at least once.
func sampleMessages() -> [Message] {
    let beat = Heartbeat(
        gossip: GossipSection([sampleEntry(idB), sampleEntry(idC, flags: [.replica, .fail])]),
        extensions: [
            .hostname("host-1.example.com"), .nodeName("one"), .shardID(ShardID(idC)),
            .forgottenNode(idB, secondsLeft: 59),
        ])
    let publication = Publication(channel: Array("chan".utf8), message: Array("hello".utf8))
    let module = ModuleBody(module: 0x0102_0304_0506_0708, type: 3, payload: [1, 2, 3])
    let unknown = MessageType(rawValue: 77)
    let update = SlotUpdate(configEpoch: 12, node: idC, slots: slots((5, 9), (100, 100)))
    let bodies: [Body] = [
        .ping(beat), .pong(beat), .meet(beat), .fail(idB), .publish(publication), .voteRequest,
        .vote, .update(update), .manualFailoverStart, .module(module), .publishShard(publication),
        .unknown(.voteRefusal, [9, 9]), .unknown(unknown, []),
    ]
    var messages = bodies.map { Message.full(sampleHeader(.extensions), $0) }
    messages.append(.full(sampleHeader(), .ping(Heartbeat())))
    for body in [LightBody.publish(publication), .publishShard(publication), .module(module)] {
        messages.append(.light(LightMessage(body)))
    }
    return messages
}

/// The bytes of a message that certainly has some.
func bytes(_ message: Message) -> [UInt8] { message.encode() ?? [] }

/// A heartbeat with one extension of these bytes after its header.
func frame(extension type: UInt16, payload: [UInt8], statedLength: UInt32? = nil) -> [UInt8] {
    var frame = bytes(.full(sampleHeader(.extensions), .ping(Heartbeat())))
    frame.set(UInt16(1), at: 2214)
    frame.append(contentsOf: repeatElement(0, count: 8))
    frame.set(statedLength ?? UInt32(8 + payload.count), at: 2256)
    frame.set(type, at: 2260)
    frame.append(contentsOf: payload)
    frame.set(UInt32(frame.count), at: 4)
    return frame
}

extension [UInt8] {
    /// Stores an integer big-endian at an offset.
    mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for index in 0..<T.bitWidth / 8 {
            let shift = T.bitWidth - 8 * (index + 1)
            self[offset + index] = UInt8(truncatingIfNeeded: value >> T(shift))
        }
    }
}

/// What decoding refused, or nil.
func refusal(_ frame: [UInt8]) -> WireError? {
    do throws(WireError) {
        _ = try Message.decode(frame)
        return nil
    } catch {
        return error
    }
}

/// Frames in files: "length N", then runs of bytes that are not all zero as "@offset hex".
enum FrameFiles {
    /// Names without their ending, in order.
    static let names: [String] =
        ((try? Fixture.names(in: "frames", ending: ".hex")) ?? []).map { String($0.dropLast(4)) }

    static func read(_ name: String) throws -> [UInt8] {
        let text = try Fixture.text("frames/\(name).hex")
        var frame: [UInt8] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "length" {
                frame = [UInt8](repeating: 0, count: Int(words[1]) ?? 0)
                continue
            }
            let start = Int(words[0].dropFirst()) ?? 0
            let digits = Array(words[1].utf8)
            for index in 0..<digits.count / 2 {
                let pair = String(decoding: digits[2 * index...2 * index + 1], as: UTF8.self)
                frame[start + index] = UInt8(pair, radix: 16) ?? 0
            }
        }
        return frame
    }
}
