// Frames that nobody should send: those of Fixtures/frames cut and changed, and some that are wrong on
// purpose. Addresses in them lead nowhere but to loopback. How they are sent is in Attacker.

import ClusterWire
import SystemIO
import TestSupport

/// Fixture frames, rewritten so that what they announce stays on this machine and in this cluster.
///
/// The bus has no authentication: a MEET makes its gossip heard, and a member is believed when it
/// claims slots at a greater epoch. So gossip is about the members here, and no epoch is changed to
/// one that would rightly take the node's slots.
struct HostileFrames {
    /// A port on loopback, with its bus port, where nobody listens.
    let idlePort: Int
    /// Ids and ports of the cluster, for gossip.
    let members: [(id: String, port: Int)]
    private let names: [String]

    init(idlePort: Int, members: [(id: String, port: Int)]) throws {
        self.idlePort = idlePort
        self.members = members
        names = try Fixture.names(in: "frames", ending: ".hex").map { String($0.dropLast(4)) }
    }

    /// Offsets in a header, spelled here again: the test must not follow a mistake in the layout.
    enum At {
        static let length = 4, port = 10, type = 12, count = 14, configEpoch = 24, sender = 40
        static let slots = 80..<2128
        static let ip = 2168..<2214
        static let extensions = 2214
        static let secondaryPort = 2246, busPort = 2248, messageFlags = 2253, body = 2256
    }

    /// Of whom a frame says that it is.
    struct Sender {
        var id: [UInt8]
        var port: Int
        var configEpoch: UInt64
        /// The whole bitmap.
        var slots: [UInt8]
    }

    /// All frames of the fixtures, as strangers send them, or under a name.
    func all(as sender: Sender? = nil) throws -> [(name: String, frame: [UInt8])] {
        try names.map { ($0, rewritten(try Self.read($0), as: sender)) }
    }

    /// Addresses become the idle port, or the sender's; an empty address stands for the connection's.
    private func rewritten(_ frame: [UInt8], as sender: Sender?) -> [UInt8] {
        var frame = frame
        guard frame.count >= At.body else { return frame }
        let port = sender?.port ?? idlePort
        frame.put(UInt16(port), at: At.port)
        frame.put(UInt16(port + 10_000), at: At.busPort)
        frame.put(UInt16(0), at: At.secondaryPort)
        for index in At.ip { frame[index] = 0 }
        // Whom nobody knows, else: not one of whom gossip tells.
        let id = sender?.id ?? [UInt8](repeating: UInt8(ascii: "a"), count: 40)
        frame.replaceSubrange(At.sender..<At.sender + 40, with: id)
        if let sender {
            frame.put(sender.configEpoch, at: At.configEpoch)
            frame.replaceSubrange(At.slots, with: sender.slots)
        }
        guard frame[At.type] == 0, frame[At.type + 1] <= 2 else { return frame }
        for index in 0..<Self.entryCount(frame) {
            let start = At.body + 104 * index
            guard start + 104 <= frame.count else { break }
            let member = members[index % members.count]
            frame.replaceSubrange(start..<start + 40, with: Array(member.id.utf8))
            let ip = Array("127.0.0.1".utf8)
            for byte in 0..<46 { frame[start + 48 + byte] = byte < ip.count ? ip[byte] : 0 }
            frame.put(UInt16(member.port), at: start + 94)
            frame.put(UInt16(member.port + 10_000), at: start + 96)
        }
        return frame
    }

    private static func entryCount(_ frame: [UInt8]) -> Int {
        guard frame.count > At.body, frame[At.type] == 0, frame[At.type + 1] <= 2 else { return 0 }
        return Int(frame[At.count]) << 8 | Int(frame[At.count + 1])
    }

    /// Whether a change of this byte may be tried: not in what leads a node to other machines and
    /// other clusters, names nodes that are not there, or claims a greater epoch.
    static func mayChange(_ offset: Int, in frame: [UInt8]) -> Bool {
        if (At.configEpoch..<At.configEpoch + 8).contains(offset) { return false }
        if (At.busPort..<At.busPort + 2).contains(offset) { return false }
        guard offset >= At.body else { return true }
        // UPDATE has its epoch first.
        if frame[At.type + 1] == 7 && offset < At.body + 8 { return false }
        guard offset < At.body + 104 * entryCount(frame) else { return true }
        let place = (offset - At.body) % 104
        return (40..<48).contains(place) || place >= 98
    }

    /// "length N", then runs of bytes that are not all zero as "@offset hex".
    private static func read(_ name: String) throws -> [UInt8] {
        var frame: [UInt8] = []
        for line in try Fixture.text("frames/\(name).hex").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "length" {
                frame = [UInt8](repeating: 0, count: Int(words[1]) ?? 0)
            } else {
                let start = Int(words[0].dropFirst()) ?? 0
                let bytes = Hex.bytes(String(words[1])) ?? []
                frame.replaceSubrange(start..<start + bytes.count, with: bytes)
            }
        }
        return frame
    }
}

// MARK: - Wrong on purpose

extension HostileFrames {
    /// A header of this type, with a body.
    func message(
        _ type: UInt16, as sender: Sender? = nil, body: [UInt8] = [], count: UInt16 = 0,
        extensions: UInt16 = 0, length: UInt32? = nil
    ) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: At.body)
        frame.replaceSubrange(0..<4, with: Array("RCmb".utf8))
        frame.put(UInt16(1), at: 8)
        frame.put(type, at: At.type)
        frame.put(count, at: At.count)
        frame.replaceSubrange(
            At.sender..<At.sender + 40, with: [UInt8](repeating: 0x61, count: 40))
        frame.put(extensions, at: At.extensions)
        frame.put(UInt16(3), at: 2250)
        if extensions > 0 { frame[At.messageFlags] = 4 }
        frame = rewritten(frame, as: sender) + body
        frame.put(length ?? UInt32(frame.count), at: At.length)
        return frame
    }

    /// Each with what is wrong with it.
    func wrong(as sender: Sender? = nil) -> [(name: String, frame: [UInt8])] {
        func publish(_ channel: UInt32, _ text: UInt32, _ bytes: Int) -> [UInt8] {
            var body = [UInt8](repeating: 0, count: 8 + bytes)
            body.put(channel, at: 0)
            body.put(text, at: 4)
            return body
        }
        func extended(_ length: UInt32, type: UInt16 = 0, _ count: UInt16 = 1) -> [UInt8] {
            var body = [UInt8](repeating: 0, count: 16)
            body.put(length, at: 0)
            body.put(type, at: 4)
            return message(0, as: sender, body: body, extensions: count)
        }
        var list: [(String, [UInt8])] = [
            ("a length of 4 GiB", message(0, as: sender, length: .max)),
            ("a length of 2 GiB", message(4, as: sender, length: 1 << 31)),
            ("a length of 1 GiB", message(4, as: sender, length: 1 << 30)),
            ("100 entries announced, none sent", message(0, as: sender, count: 100)),
            ("65535 entries announced, none sent", message(2, as: sender, count: 0xFFFF)),
            ("an extension of length 0", extended(0)),
            ("an extension of length 0, counted often", extended(0, 0xFFFF)),
            ("an extension of length 7", extended(7)),
            ("an extension of length 65544", extended(65_544)),
            ("an extension of 4 GiB", extended(.max - 7)),
            ("extensions announced, none sent", message(0, as: sender, extensions: 3)),
            // Each sum is 8 or 16 in 32 bits.
            ("a wrapped PUBLISH", message(4, as: sender, body: publish(.max, 9, 8))),
            (
                "a wrapped PUBLISH, halves",
                message(4, as: sender, body: publish(1 << 31, 1 << 31, 0))
            ),
            ("a wrapped PUBLISHSHARD", message(10, as: sender, body: publish(.max - 7, 16, 8))),
            ("a PUBLISH of nothing", message(4, as: sender)),
            ("a FAIL without a name", message(3, as: sender)),
            ("an UPDATE cut short", message(7, as: sender, body: [1, 2, 3])),
            (
                "a MODULE of 4 GiB",
                message(9, as: sender, body: [UInt8](repeating: 0xFF, count: 13))
            ),
            ("an unknown type", message(0x7777, as: sender, body: [1])),
            ("a light PING", message(0x8000, as: sender)),
            ("a length of 0", message(0, as: sender, length: 0)),
            ("a length of 15", message(0, as: sender, length: 15)),
            ("RAFT", Array("RAFT".utf8) + [UInt8](repeating: 1, count: 60)),
            ("HTTP", Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)),
            ("RESP", Array("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n".utf8)),
        ]
        for type in UInt16(0)...11 { list.append(("a bare \(type)", message(type, as: sender))) }
        return list
    }
}

extension [UInt8] {
    /// Stores an integer big-endian at an offset.
    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for index in 0..<T.bitWidth / 8 {
            self[offset + index] = UInt8(
                truncatingIfNeeded: value >> T(T.bitWidth - 8 * (index + 1)))
        }
    }
}
