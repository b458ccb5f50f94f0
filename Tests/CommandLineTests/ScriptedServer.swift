// A server on loopback that answers each command as a test says, byte for byte, so that tools can be
// shown what no real server sends.

import RESP
import SystemIO

/// It answers until the process ends.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let reply: @Sendable ([String]) -> [UInt8]

    init(reply: @escaping @Sendable ([String]) -> [UInt8]) throws {
        let listener = try Socket.listen(at: .loopback(port: 0))
        port = listener.localAddress()?.port ?? 0
        self.reply = reply
        let place = Place(consume listener)
        _ = try Thread {
            while true {
                while let socket = try? place.listener.accept() {
                    let end = Place(consume socket)
                    _ = try? Thread { self.serve(end) }
                }
                SystemClock.sleep(milliseconds: 2)
            }
        }
    }

    /// A socket that a thread can take along.
    private final class Place: Sendable {
        let listener: Socket
        init(_ socket: consuming Socket) { listener = consume socket }
    }

    private func serve(_ end: Place) {
        var parser = RequestParser()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            switch end.listener.read(into: &buffer) {
            case .bytes(let count): parser.feed(buffer.span.extracting(first: count))
            case .wouldBlock: SystemClock.sleep(milliseconds: 1)
            case .closed, .failed: return
            }
            while let words = try? parser.nextArguments() {
                _ = end.listener.write(
                    reply(words.map { String(decoding: $0, as: UTF8.self) }).span)
            }
        }
    }
}
