// keyvalue PORT FOLDER: clients by poll(2), and the host as one more descriptor with a deadline. A client waits
// for a reply before its next command, so that one that is held for a save is not overtaken.

import ClusterCore
import ClusterHost
import Glibc

let words = CommandLine.arguments
guard words.count == 3, let port = UInt16(words[1]), port < 55_536 else { exit(2) }
/// Numbers of clients are never used again, as sockets are: a reply may come after its client has left.
var sockets: [UInt32: Int32] = [:]
var clients: [Int32: (number: UInt32, bytes: [UInt8])] = [:]
var newest: UInt32 = 0

@MainActor func end(_ socket: Int32) {
    if let client = clients.removeValue(forKey: socket) { sockets[client.number] = nil }
    close(socket)
}
let server = try Server(port: port, folder: words[2]) { text, client in
    guard let socket = sockets[client.number] else { return }
    let bytes = Array(text.utf8)
    // Who does not read its replies is not waited for.
    let sent = send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    if sent < bytes.count { shutdown(socket, Int32(SHUT_RDWR)) }
}
let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var yes: Int32 = 1
setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
var address = sockaddr_in(
    sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian,
    sin_addr: in_addr(s_addr: UInt32(0x7f00_0001).bigEndian), sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
let isBound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
}
guard isBound, listen(listener, 16) == 0 else { exit(1) }

/// The next of a client's requests, arrays of bulk strings; nil: it is not whole yet, or is none.
func request(_ bytes: inout [UInt8]) -> [String]? {
    var place = 0
    func number() -> Int? {
        guard let end = bytes[place...].firstIndex(of: 13), end > place else { return nil }
        defer { place = end + 2 }
        return Int(String(decoding: bytes[(place + 1)..<end], as: UTF8.self))
    }
    guard let count = number(), (0..<1000).contains(count) else { return nil }
    var words: [String] = []
    for _ in 0..<count {
        guard place < bytes.count, let length = number(), (0..<(1 << 16)).contains(length),
            place + length + 2 <= bytes.count
        else { return nil }
        words.append(String(decoding: bytes[place..<(place + length)], as: UTF8.self))
        place += length + 2
    }
    bytes.removeFirst(min(place, bytes.count))
    return words
}

@MainActor func take(from socket: Int32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(socket, &buffer, buffer.count)
    guard count > 0, var client = clients[socket] else { return end(socket) }
    client.bytes += buffer[..<count]
    while let words = request(&client.bytes) { server.run(words, for: ClientID(client.number)) }
    clients[socket] = client
    if client.bytes.count > 1 << 20 { end(socket) }
}

@MainActor func accept() {
    let socket = Glibc.accept(listener, nil, nil)
    newest &+= 1
    if socket >= 0 { (sockets[newest], clients[socket]) = (socket, (newest, [])) }
}

while true {
    var entries = ([server.host.descriptor, listener] + clients.keys)
        .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let left = server.host.nextDeadline - Instant.now.monotonic
    poll(&entries, nfds_t(entries.count), Int32(clamping: max(0, left)))
    for entry in entries.dropFirst() where entry.revents != 0 {
        if entry.fd != listener { take(from: entry.fd) } else { accept() }
    }
    server.host.process()
}
