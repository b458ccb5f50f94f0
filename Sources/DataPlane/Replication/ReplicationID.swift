// The name of a history of writes. Two servers that know the same name and an offset know the same bytes up to
// there; a server that becomes master gives its history a new name from that offset on.

package import Determinism

/// 40 hexadecimal digits, in small letters.
package struct ReplicationID: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// - Returns: nil unless these are 40 hexadecimal digits; capital letters are taken as small ones.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count == Self.length else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.length)
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                bytes.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): bytes.append(byte | 0x20)
            default: return nil
            }
        }
        self.bytes = bytes
    }

    /// A name that nobody else has.
    package init(using random: inout SplitMix64) {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        var rest: UInt64 = 0
        for index in 0..<Self.length {
            if index % 16 == 0 { rest = random.next() }
            bytes.append(digits[Int(rest & 15)])
            rest >>= 4
        }
        self.bytes = bytes
    }

    private init(zeros: Int) { bytes = [UInt8](repeating: UInt8(ascii: "0"), count: zeros) }

    package static let length = 40
    /// What is shown where there is none.
    package static let none = ReplicationID(zeros: length)

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
