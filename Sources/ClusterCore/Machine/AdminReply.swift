// What a command answers, without the bytes of RESP. The server writes it as RESP 2 or 3; errors are complete,
// with their code.

/// The answer to a command.
public indirect enum AdminReply: Equatable, Sendable {
    /// The simple string OK.
    case ok
    /// A simple string.
    case status(String)
    /// A number.
    case integer(Int64)
    /// Text of lines: a verbatim string where the client can take one, else a bulk string.
    case text(String)
    /// A bulk string.
    case bulk(String)
    /// The null reply.
    case null
    /// An array.
    case list([AdminReply])
    /// Keys and values in order.
    case map([(key: String, value: AdminReply)])
    /// An error with its code, such as "ERR unknown node".
    case error(String)

    public static func == (left: AdminReply, right: AdminReply) -> Bool {
        switch (left, right) {
        case (.ok, .ok), (.null, .null): true
        case (.status(let a), .status(let b)), (.text(let a), .text(let b)),
            (.bulk(let a), .bulk(let b)), (.error(let a), .error(let b)):
            a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
