// What a target says to the commands that it was sent: a line each, "+" and a status or "-" and an error. Anything
// else, and a line without an end, is no answer of a server that restores keys.

/// Lines of a target, as its bytes come.
struct StatusLines {
    enum Line: Equatable {
        case status
        case error(String)
    }

    /// It said what no target says.
    struct Garbage: Error, Equatable {}

    private var bytes: [UInt8] = []
    private var position = 0

    /// Bytes that a line may have.
    static let lineBytes = 1024

    /// Whether there are bytes behind the last line.
    var hasRest: Bool { position < bytes.count }

    mutating func feed(_ more: Span<UInt8>) {
        if position > 0 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes.append(more)
    }

    /// The next line; nil asks for more bytes.
    mutating func next() throws(Garbage) -> Line? {
        var end = position
        while end < bytes.count && bytes[end] != 10 {
            end += 1
            if end - position > Self.lineBytes { throw Garbage() }
        }
        if position < bytes.count {
            let type = bytes[position]
            guard type == UInt8(ascii: "+") || type == UInt8(ascii: "-") else { throw Garbage() }
        }
        guard end < bytes.count else { return nil }
        var text = bytes[(position + 1)..<max(position + 1, end)]
        if text.last == 13 { text.removeLast() }
        let isError = bytes[position] == UInt8(ascii: "-")
        position = end + 1
        guard isError else { return .status }
        // It is repeated to a client, who may show it.
        let shown = text.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return .error(String(decoding: shown, as: UTF8.self))
    }
}
