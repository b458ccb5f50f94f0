// The loop of a foreign server: clients by poll(2), and the host as one more descriptor with a deadline.
// Usage: keyvalue PORT FOLDER

import ClusterCore
import Glibc

signal(SIGPIPE, SIG_IGN)
guard CommandLine.arguments.count == 3, let port = UInt16(CommandLine.arguments[1]) else {
    print("usage: keyvalue PORT FOLDER")
    exit(2)
}
let server = try Server(port: port, folder: CommandLine.arguments[2]) { text, client in
    let bytes = Array(text.utf8)
    _ = write(Int32(client.number), bytes, bytes.count)
}
let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var address = sockaddr_in()
address.sin_family = sa_family_t(AF_INET)
address.sin_port = port.bigEndian
address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
let isBound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
}
guard isBound, listen(listener, 16) == 0 else { exit(1) }

/// Takes the next request out of what a client has sent, an array of bulk strings; nil: not whole yet.
func request(_ bytes: inout [UInt8]) -> [String]? {
    var place = 0
    func line() -> Substring? {
        guard let end = bytes[place...].firstIndex(of: 13), end + 1 < bytes.count else {
            return nil
        }
        defer { place = end + 2 }
        return Substring(decoding: bytes[place..<end], as: UTF8.self)
    }
    guard let count = line().flatMap({ Int($0.dropFirst()) }), count < 1000 else { return nil }
    var words: [String] = []
    for _ in 0..<count {
        guard let length = line().flatMap({ Int($0.dropFirst()) }),
            (0..<(1 << 20)).contains(length),
            place + length + 2 <= bytes.count
        else { return nil }
        words.append(String(decoding: bytes[place..<(place + length)], as: UTF8.self))
        place += length + 2
    }
    bytes.removeFirst(place)
    return words
}

var clients: [Int32: [UInt8]] = [:]
while true {
    var entries = ([server.host.descriptor, listener] + clients.keys)
        .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let time = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    poll(&entries, nfds_t(entries.count), Int32(clamping: max(0, server.host.nextDeadline - time)))
    for entry in entries.dropFirst() where entry.revents != 0 {
        guard entry.fd != listener else {
            clients[accept(listener, nil, nil)] = []
            continue
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(entry.fd, &buffer, buffer.count)
        clients[entry.fd]?.append(contentsOf: buffer[..<max(0, count)])
        while let words = request(&clients[entry.fd, default: []]) {
            server.run(words, for: ClientID(UInt32(entry.fd)))
        }
        guard count <= 0 else { continue }
        close(entry.fd)
        clients[entry.fd] = nil
    }
    server.host.process()
}
