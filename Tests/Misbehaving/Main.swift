// A server that misbehaves on purpose, to test the harness against. What it does is told by the name
// that it is called by, so that a test makes a symbolic link for each way. It says that it is Redis
// 7.0.15; it knows just enough of a server's answers for the harness to come to the point.

import RESP
import SystemIO

/// The ways to misbehave.
enum Misbehaviour: String {
    /// Ends at once, with a complaint in its log.
    case diesAtStart = "dies-at-start"
    /// Answers, and ends after half a second.
    case diesLater = "dies-later"
    /// Accepts connections and says nothing. SIGTERM is ignored.
    case neverAnswers = "never-answers"
    /// Answers, but not to CLUSTER NODES. SIGTERM is ignored.
    case fallsSilent = "falls-silent"
    case refusesMeet = "refuses-meet"
    /// Answers everything with bytes that are no reply.
    case saysGarbage = "says-garbage"
    /// Answers everything with one reply that never ends.
    case neverStops = "never-stops"
    /// Does not even say which server it is.
    case hangsAtVersion = "hangs-at-version"
}

@main
enum Main {
    static func main() {
        let words = CommandLine.arguments
        guard let way = Misbehaviour(rawValue: File.name(of: words[0])) else {
            StandardStream.errors.write("call it by a way to misbehave\n")
            Program.leave(2)
        }
        if words.contains("--version") {
            if way == .hangsAtVersion { sleepForEver() }
            StandardStream.output.write("Redis server v=7.0.15 sha=00000000:0 bits=64\n")
            Program.leave(0)
        }
        if way == .diesAtStart {
            StandardStream.output.write("*** FATAL CONFIG FILE ERROR ***\nBad directive\n")
            Program.leave(1)
        }
        if way == .neverAnswers || way == .fallsSilent { Program.ignoreTermination() }
        guard let place = words.firstIndex(of: "--port"), let port = UInt16(words[place + 1]) else {
            Program.leave(2)
        }
        do throws(SystemError) {
            try serve(way, port)
        } catch {
            StandardStream.errors.write("\(error)\n")
            Program.leave(1)
        }
    }

    private static func sleepForEver() -> Never {
        while true { SystemClock.sleep(milliseconds: 60_000) }
    }

    private static func serve(_ way: Misbehaviour, _ port: UInt16) throws(SystemError) -> Never {
        let listener = try Socket.listen(at: .loopback(port: port))
        let end = SystemClock.monotonicMilliseconds() + 500
        while true {
            while let socket = try listener.accept() {
                let client = Client(socket, way, port)
                _ = try Thread { client.serve() }
            }
            if way == .diesLater && SystemClock.monotonicMilliseconds() > end { Program.leave(3) }
            SystemClock.sleep(milliseconds: 2)
        }
    }
}

/// One connection, on a thread of its own.
private final class Client: Sendable {
    private let socket: Socket
    private let way: Misbehaviour
    private let port: UInt16

    init(_ socket: consuming Socket, _ way: Misbehaviour, _ port: UInt16) {
        self.socket = consume socket
        self.way = way
        self.port = port
    }

    func serve() {
        var parser = RequestParser()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            switch socket.read(into: &buffer) {
            case .bytes(let count): parser.feed(buffer.span.extracting(first: count))
            case .wouldBlock: SystemClock.sleep(milliseconds: 1)
            case .closed, .failed: return
            }
            while let words = try? parser.nextArguments() {
                let reply = reply(words.map { String(decoding: $0, as: UTF8.self) })
                guard write(reply) else { return }
                while way == .neverStops { guard write(reply) else { return } }
            }
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch socket.write(Array(rest).span) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: SystemClock.sleep(milliseconds: 1)
            case .closed, .failed: return false
            }
        }
        return true
    }

    private func reply(_ words: [String]) -> [UInt8] {
        let command = words.prefix(2).joined(separator: " ").uppercased()
        let isNodes = command == "CLUSTER NODES"
        if way == .neverAnswers || way == .fallsSilent && isNodes { return [] }
        if way == .saysGarbage { return Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) }
        if way == .neverStops { return Array("+".utf8) + Array(repeating: 0x78, count: 60_000) }
        var bytes: [UInt8] = []
        let id = String(repeating: "f", count: 40)
        let bus = Int(port) + 10_000
        switch command {
        case "PING": RESPWriter.simple("PONG", to: &bytes)
        case "CLUSTER MYID": RESPWriter.bulk(id, to: &bytes)
        case "CLUSTER NODES":
            RESPWriter.bulk(
                "\(id) 127.0.0.1:\(port)@\(bus) myself,master - 0 0 0 connected 0-16383\n",
                to: &bytes)
        case "CLUSTER INFO": RESPWriter.bulk("cluster_state:ok\r\n", to: &bytes)
        case "CLUSTER MEET" where way == .refusesMeet:
            RESPWriter.error("ERR I meet nobody", to: &bytes)
        default: RESPWriter.simple("OK", to: &bytes)
        }
        return bytes
    }
}
