// Reading a capture to its end for the commands that look at all of it: a file, or a pipe as it fills.
// It says on standard error what is wrong with the capture as a whole, and decides the exit status.

import Capture
import Playback
import SystemIO

/// One reading of a capture.
struct CaptureRun: ~Copyable {
    private let command: String
    private let name: String
    private let path: String
    private var traffic = BusTraffic()
    /// Messages of the bus that were seen.
    private(set) var messages = 0
    private(set) var problems = 0
    private(set) var bytes = 0

    /// More than a pipe holds, so that a read that does not fill it has emptied the pipe.
    private static let readBytes = (1 << 20) + 4096

    init(_ command: String, _ path: String) {
        self.command = command
        self.path = path
        name = path == "-" ? "standard input" : path
    }

    /// Calls `take` with each batch of events, and `pause` when nothing more is there for now; both
    /// say whether to go on.
    /// - Returns: the exit status as far as the capture decides it.
    mutating func run(
        take: ([BusEvent]) -> Bool, pause: () -> Bool
    ) -> Int32 {
        do throws(SystemError) {
            let input = try Program.openForReading(path)
            return try read(input, take, pause)
        } catch {
            complain(command, "\(name): \(error.reason)")
            return 2
        }
    }

    private mutating func read(
        _ input: borrowing Descriptor, _ take: ([BusEvent]) -> Bool, _ pause: () -> Bool
    ) throws(SystemError) -> Int32 {
        var chunk = [UInt8](repeating: 0, count: Self.readBytes)
        var events: [BusEvent] = []
        while true {
            switch input.read(into: &chunk) {
            case .bytes(let count):
                bytes += count
                var failure: CaptureError?
                do throws(CaptureError) {
                    try traffic.feed(chunk.span.extracting(0..<count), into: &events)
                } catch {
                    failure = error
                }
                guard pass(&events, take), count == chunk.count || pause() else { return 0 }
                if let failure { return finish(&events, take, failure) }
            case .wouldBlock:
                guard pause() else { return 0 }
                SystemClock.sleep(milliseconds: 1)
            case .closed: return finish(&events, take, nil)
            case .failed(let error): throw error
            }
        }
    }

    private mutating func pass(
        _ events: inout [BusEvent], _ take: ([BusEvent]) -> Bool
    ) -> Bool {
        for event in events {
            if case .item(let item) = event {
                if item.isMessage { messages += 1 } else { problems += 1 }
            }
        }
        defer { events.removeAll(keepingCapacity: true) }
        return take(events)
    }

    private mutating func finish(
        _ events: inout [BusEvent], _ take: ([BusEvent]) -> Bool, _ first: CaptureError?
    ) -> Int32 {
        var failure = first
        do throws(CaptureError) { try traffic.finish(into: &events) } catch {
            failure = failure ?? error
        }
        _ = pass(&events, take)
        report(failure)
        guard let failure else { return messages > 0 ? 0 : 1 }
        return failure.exitStatus(afterPackets: traffic.tally.packets)
    }

    /// Says what is wrong, and what was passed over.
    private func report(_ failure: CaptureError?) {
        let (packets, streams) = (traffic.tally, traffic.streams)
        if let failure { complain(command, "\(name): \(failure)") }
        if streams.encryptedStreams > 0 {
            complain(
                command,
                "\(name): \(streams.encryptedStreams) streams are TLS, which cannot be read")
        }
        if messages == 0, packets.packets > 0 {
            complain(
                command,
                "\(name): no message of the cluster bus in \(packets.packets) packets "
                    + "(\(streams.otherStreams) streams are of other protocols)")
        }
        if problems > 0 {
            complain(
                command,
                "\(name): \(problems) pieces of the bus are missing or cannot be read: "
                    + "something may be untold")
        }
        if packets.fragments + packets.damaged > 0 {
            complain(
                command,
                "\(name): \(packets.fragments) fragments and \(packets.damaged) damaged packets "
                    + "were passed over")
        }
    }
}

extension CaptureError {
    /// 1 when part of the capture was read, 2 when it is none.
    func exitStatus(afterPackets packets: Int) -> Int32 {
        switch self {
        case .notACapture, .unsupportedVersion: 2
        case .cut: 1
        case .packetTooLong, .blockTooLong, .blockTooShort, .blockUnaligned, .blockLengthsDiffer,
            .badByteOrderMagic, .optionOverrun, .packetOverrun, .unknownInterface,
            .tooManyInterfaces, .unsupportedLinkType:
            packets > 0 ? 1 : 2
        }
    }
}
