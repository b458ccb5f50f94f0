// Traffic on the bus of a cluster, recorded while it runs: by tcpdump where it is installed and
// allowed, else by our nodes themselves, each its own. What is in a capture is for Capture and
// Playback to read.

import SystemIO

/// How traffic is recorded.
package enum CaptureMeans: Equatable, Sendable, CustomStringConvertible {
    /// By tcpdump, from this path.
    case tcpdump(String)
    /// By our nodes, and why not by tcpdump.
    case nodes(because: String)

    package var description: String {
        switch self {
        case .tcpdump: "tcpdump"
        case .nodes(let reason): "our nodes (\(reason))"
        }
    }

    /// What can be used here, found out by trying it.
    package static func find() -> CaptureMeans {
        guard let path = Environment.find("tcpdump") else {
            return .nodes(because: "tcpdump is not installed")
        }
        do throws(InteropError) {
            let folder: TemporaryFolder
            let row = try PortRow(count: 1)
            do throws(SystemError) {
                folder = try TemporaryFolder(prefix: "tcpdump")
            } catch {
                throw .system(error)
            }
            let capture = try BusCapture(
                path, clientPorts: row.ports, file: folder.path(of: "bus.pcap"))
            capture.stop()
            return .tcpdump(path)
        } catch {
            return .nodes(because: "\(error)")
        }
    }
}

/// A running tcpdump on loopback.
package final class BusCapture {
    /// The capture.
    package let file: String
    private let child: ChildProcess
    private var errorsFile: String { "\(file).txt" }

    private static let readyMilliseconds = 5000
    private static let graceMilliseconds = 5000
    /// What the system may still hold when the last server has ended.
    private static let restMilliseconds = 50
    /// Kilobytes that packets may wait in before they are lost.
    private static let bufferKilobytes = 16_384

    #if canImport(Darwin)
        private static let interface = "lo0"
    #else
        private static let interface = "lo"
    #endif

    /// Starts it and waits until it listens.
    /// - Parameter clientPorts: the bus ports of these are recorded.
    package init(
        _ program: String, clientPorts: Range<Int>, file: String
    ) throws(InteropError) {
        self.file = file
        let first = clientPorts.lowerBound + LoopbackPorts.busOffset
        let last = clientPorts.upperBound - 1 + LoopbackPorts.busOffset
        var options = ChildProcess.Options(arguments: [
            "-i", Self.interface, "-n", "-U", "--immediate-mode", "-B", "\(Self.bufferKilobytes)",
            // Through its output, since as root it may give its rights away before it makes a file.
            "-w", "-", "tcp and portrange \(first)-\(last)",
        ])
        options.output = .file(file)
        options.errorsFile = "\(file).txt"
        do throws(SystemError) {
            child = try ChildProcess(program, options)
        } catch {
            throw .system(error)
        }
        let end = SystemClock.monotonicMilliseconds() + Int64(Self.readyMilliseconds)
        while !said.contains("listening on") {
            if let status = child.poll() {
                throw .ended(server: "tcpdump", status: status, log: said)
            }
            if SystemClock.monotonicMilliseconds() > end {
                throw .notInTime(
                    what: "tcpdump listens", milliseconds: Self.readyMilliseconds, difference: said)
            }
            SystemClock.sleep(milliseconds: 5)
        }
    }

    private var said: String { (try? File.readText(errorsFile, limitBytes: 65_536)) ?? "" }

    /// Lets it write what it has, and ends it.
    /// - Returns: its own count of packets, a line each.
    @discardableResult
    package func stop() -> [String] {
        SystemClock.sleep(milliseconds: Self.restMilliseconds)
        child.terminate(graceMilliseconds: Self.graceMilliseconds)
        let lines = said.split(whereSeparator: \.isNewline).map(String.init)
        try? File.remove(errorsFile)
        return lines.filter { $0.contains(" packets ") || $0.contains(" packet ") }
    }
}
