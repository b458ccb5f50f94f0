// What a node can write down of itself for a person to look at later: its inputs with what the rules
// made of them, and its traffic on the bus as a capture. Both are gathered and written at the end of a
// wake-up; a file that cannot be written ends the recording and never the node.

import Capture
import ClusterCore
import ClusterHost
import SystemIO

/// The files that a node writes of itself.
final class Recording {
    private var inputs: Sink?
    private var traffic: Sink?
    private var connections: [LinkID: Conversation] = [:]
    private let writer = PcapWriter()

    /// A connection and which end of it this node is.
    private struct Conversation {
        var connection: PcapConnection
        var own: PcapConnection.Side
        var other: PcapConnection.Side { own == .client ? .server : .client }
    }

    /// Bytes on their way into a file.
    private struct Sink {
        let path: String
        var bytes: [UInt8] = []
    }

    /// Begins the files that were asked for; nil for none. What stands there already is kept unless
    /// the options say otherwise.
    static func begin(
        _ options: NodeOptions, seed: UInt64, file: [UInt8]?, at start: Instant
    ) throws(StartError) -> Recording? {
        guard !options.recordFile.isEmpty || !options.pcapFile.isEmpty else { return nil }
        let recording = Recording()
        // Before either is made, so that a refusal leaves nothing behind.
        for path in [options.recordFile, options.pcapFile] where !path.isEmpty {
            try check(options.path(of: path), options.overwritesRecordings)
        }
        if !options.recordFile.isEmpty {
            let head = InputLog.head(
                seed: seed, config: options.cluster, file: file, at: start)
            let path = options.path(of: options.recordFile)
            recording.inputs = Sink(path: path)
            try create(path, Array(head.utf8))
        }
        if !options.pcapFile.isEmpty {
            let path = options.path(of: options.pcapFile)
            recording.traffic = Sink(path: path)
            try create(path, recording.writer.header)
        }
        return recording
    }

    private static func check(_ path: String, _ overwrites: Bool) throws(StartError) {
        guard File.exists(path) else { return }
        guard File.isRegular(path) else { throw StartError("\(path) is not a regular file") }
        guard overwrites else {
            throw StartError("\(path) exists already; --force writes over it")
        }
    }

    private static func create(_ path: String, _ bytes: [UInt8]) throws(StartError) {
        do throws(SystemError) {
            try File.write(bytes, to: path)
        } catch {
            throw StartError("\(path) cannot be written: \(error.reason)")
        }
    }

    /// Something happened at the host.
    func take(_ event: HostEvent) {
        switch event {
        case .step(let input, let now, let effects):
            guard inputs != nil else { return }
            inputs?.bytes += Array(InputLog.lines(input, at: now, effects).utf8)
        case .opened(let link, let local, let peer): opened(link, local, peer)
        case .sent(let frame, let link): said(frame, on: link, isOwn: true)
        case .received(let frame, let link): said(frame, on: link, isOwn: false)
        case .closed(let link, let isOwn): closed(link, isOwn: isOwn)
        }
    }

    /// A connection stands.
    private func opened(_ link: LinkID, _ local: SocketAddress, _ peer: SocketAddress) {
        guard traffic != nil else { return }
        let (here, there) = (CaptureAddress(local), CaptureAddress(peer))
        var isOurs = false
        if case .outbound = link { isOurs = true }
        var conversation = Conversation(
            connection: PcapConnection(
                client: isOurs ? here : there, server: isOurs ? there : here, writer: writer),
            own: isOurs ? .client : .server)
        traffic?.bytes += conversation.connection.open(at: Self.time)
        connections[link] = conversation
    }

    private func said(_ frame: [UInt8], on link: LinkID, isOwn: Bool) {
        guard var conversation = connections[link] else { return }
        traffic?.bytes += conversation.connection.send(
            frame[...], from: isOwn ? conversation.own : conversation.other, at: Self.time)
        connections[link] = conversation
    }

    /// A connection has ended, by our wish or not.
    private func closed(_ link: LinkID, isOwn: Bool) {
        guard var conversation = connections.removeValue(forKey: link) else { return }
        traffic?.bytes += conversation.connection.close(
            from: isOwn ? conversation.own : conversation.other, at: Self.time)
    }

    /// Writes what was gathered; why not, if that failed.
    func flush() -> String? {
        var failure: String?
        inputs = Self.write(inputs, &failure)
        traffic = Self.write(traffic, &failure)
        return failure
    }

    private static func write(_ sink: Sink?, _ failure: inout String?) -> Sink? {
        guard let sink, !sink.bytes.isEmpty else { return sink }
        do throws(SystemError) {
            try File.append(sink.bytes, to: sink.path)
            return Sink(path: sink.path)
        } catch {
            failure = "\(sink.path) cannot be written, recording ends: \(error.reason)"
            return nil
        }
    }

    /// Nanoseconds since the Unix epoch, as finely as the clock is read here.
    private static var time: Int64 { SystemClock.wallMilliseconds() * 1_000_000 }
}

extension CaptureAddress {
    fileprivate init(_ address: SocketAddress) {
        switch address.host {
        case .v4(let bits): self.init(ipv4: bits, port: address.port)
        case .v6(let high, let low):
            self.init(ipv6High: high, ipv6Low: low, port: address.port)
        }
    }
}
