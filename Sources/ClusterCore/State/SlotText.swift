// Words of commands that are numbers or slots, judged as the reference judges them.
// Follows bus protocol §9.1.

import ClusterWire

/// Reading numbers and slots from words.
enum SlotText {
    /// A decimal number that fits into 64 bits, as the reference reads numbers; nil for other text.
    static func number(_ text: String) -> Int? {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, text == "0" || (0x31...0x39).contains(first) else {
            return nil
        }
        return Int(text)
    }

    static let invalid = AdminReply.error("ERR Invalid or out of range slot")

    static func slot(_ text: String) -> Slot? { number(text).flatMap { Slot($0) } }
}
