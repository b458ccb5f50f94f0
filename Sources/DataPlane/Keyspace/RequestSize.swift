// How long a request is in the client protocol. The replication offset grows by this, also where no request
// came from a client: a key whose time is over counts as the DEL that a replica would be sent.

/// How many bytes a request has in the client protocol.
enum RequestSize {
    /// - Parameter lengths: the lengths of its arguments.
    static func bytes(of lengths: [Int]) -> Int {
        lengths.reduce(line(lengths.count)) { $0 + argument($1) }
    }

    private static func line(_ number: Int) -> Int {
        var digits = 1
        var rest = number
        while rest >= 10 {
            digits += 1
            rest /= 10
        }
        return digits + 3
    }

    private static func argument(_ length: Int) -> Int { line(length) + length + 2 }
}
