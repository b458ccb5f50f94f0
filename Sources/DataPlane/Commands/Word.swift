// The words of commands that replicas and other nodes are sent.

import RESP

/// Words of commands, as bytes.
enum Word {
    static let set = Array("SET".utf8)
    static let del = Array("DEL".utf8)
    static let pexpireat = Array("PEXPIREAT".utf8)
    static let persist = Array("PERSIST".utf8)
    static let pxat = Array("PXAT".utf8)
    static let keepTTL = Array("KEEPTTL".utf8)
    static let absTTL = Array("ABSTTL".utf8)
    static let auth = Array("AUTH".utf8)
    static let restoreAsking = Array("RESTORE-ASKING".utf8)
    static let choose = Array("SELECT".utf8)
    static let replace = Array("REPLACE".utf8)

    /// A number in decimal digits.
    static func number(_ number: Int64) -> [UInt8] {
        var text: [UInt8] = []
        RESPNumber.append(number, to: &text)
        return text
    }
}
