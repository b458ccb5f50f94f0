// What MIGRATE asks for: whereto, which keys, how long, in which words the target is greeted. The order of the checks
// and their words are the reference's. What becomes of it is for Migration.

/// A request to move keys, as its words say it.
package struct MigrateRequest: Equatable, Sendable {
    package let host: [UInt8]
    /// As it was said; a port that is none is a target that cannot be reached.
    package let port: [UInt8]
    package let database: Int64
    /// Milliseconds that the target may say nothing.
    package let timeout: Int64
    package private(set) var isCopy = false
    package private(set) var replaces = false
    /// The words of an AUTH, or none.
    package private(set) var login: [[UInt8]] = []
    /// Which words of the request are keys.
    package private(set) var keyPlaces: Range<Int>

    package static let usualTimeout: Int64 = 1000
    /// Keys are not kept from everybody for longer than this, whatever is asked for: an hour.
    package static let longestTimeout: Int64 = 3_600_000

    /// Reads the words of a request.
    package init(_ request: RequestSource) throws(MigrateRefusal) {
        var (isCopy, replaces) = (false, false)
        var login: [[UInt8]] = []
        var places = 3..<4
        var index = 6
        words: while index < request.count {
            let left = request.count - index - 1
            switch request.option(index) {
            case "copy": isCopy = true
            case "replace": replaces = true
            case "auth" where left >= 1:
                login = [Word.auth, request.bytes(index + 1)]
                index += 1
            case "auth2" where left >= 2:
                login = [Word.auth, request.bytes(index + 1), request.bytes(index + 2)]
                index += 2
            case "keys":
                guard request.withWord(3, { $0.isEmpty }) else { throw .keyAndKeys }
                places = (index + 1)..<request.count
                break words
            default: throw .syntax
            }
            index += 1
        }
        guard let timeout = request.number(5), let database = request.number(4) else {
            throw .notANumber
        }
        host = request.bytes(1)
        port = request.bytes(2)
        self.database = database
        self.timeout = timeout > 0 ? min(timeout, Self.longestTimeout) : Self.usualTimeout
        (self.isCopy, self.replaces, self.login, keyPlaces) = (isCopy, replaces, login, places)
    }
}

/// Why a request to move keys makes no sense.
package enum MigrateRefusal: Error, Equatable, Sendable {
    case syntax
    case notANumber
    case keyAndKeys

    package var text: String {
        switch self {
        case .syntax: "ERR syntax error"
        case .notANumber: "ERR value is not an integer or out of range"
        case .keyAndKeys:
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
        }
    }
}

/// A key that is to be moved, as it was when that began. The value is not copied unless somebody changes it.
package struct MovedKey: Sendable {
    package let key: [UInt8]
    package let value: [UInt8]
    /// Wall milliseconds; nil: it does not end.
    package let expiry: Int64?

    package init(key: [UInt8], value: [UInt8], expiry: Int64?) {
        self.key = key
        self.value = value
        self.expiry = expiry
    }
}
