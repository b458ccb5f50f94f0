// How far a request got that takes long: it is done in pieces, a piece in each turn of its client, so that nobody
// else waits for all of it. The request stays in its parser meanwhile and is run again from its beginning, with all
// its checks; only what it has worked out so far is kept here.

/// What a request that was put off has worked out so far.
enum LongWork {
    case restoring(RestoreWork)
    case dumping(DumpWork)
    case digesting(DigestWork)
    /// So many keys have been looked at.
    case populating(Int64)

    /// Bytes that are read or written in one turn: a few milliseconds.
    static let turnBytes = 2 << 20
    /// The same for keys, where these are looked at one by one.
    static let turnKeys = 2000
}

/// A payload that is being checked and opened.
final class RestoreWork {
    var opener: DumpOpener
    init(_ opener: DumpOpener) { self.opener = opener }
}

/// A payload that is being made, as a reply.
final class DumpWork {
    /// As it was when the request came: what others do to the key meanwhile does not matter.
    let value: [UInt8]
    var bytes: [UInt8] = []
    var builder = DumpBuilder()
    var done = 0
    init(_ value: [UInt8]) { self.value = value }
}

/// A digest of all keys that is being made.
final class DigestWork {
    var digest = DataDigest()
    /// The entry that is looked at next.
    var place: UInt64 = 0
    var isAtEnd = false
    /// Entries that are to be looked at, the last first.
    var numbers: [Int] = []
    /// A long value that is being looked at.
    var partial: Partial?

    struct Partial {
        var digest: KeyDigest
        let value: [UInt8]
        let expires: Bool
        var done = 0
    }
}
