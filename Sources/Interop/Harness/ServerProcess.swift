// A server that runs in a folder of its own, theirs or ours: started with directives, asked by RESP,
// ended by its process id, and in any case with its owner. Its output and its log are a file in the
// folder. What a cluster of them means is in MixedCluster.

package import ClusterClient
package import RESP
package import SystemIO

/// What to start as a node.
package enum ServerProgram: Equatable, Sendable, CustomStringConvertible {
    case reference(ReferenceServer)
    /// Our executable, by its path.
    case ours(String)

    package var isOurs: Bool {
        if case .ours = self { true } else { false }
    }

    /// "redis 7.0.15" or "grapevine".
    package var description: String {
        switch self {
        case .reference(let server): server.description
        case .ours: "grapevine"
        }
    }
}

/// A running server.
package final class ServerProcess {
    package let program: ServerProgram
    package let port: Int
    /// Holds its files; made when it is missing.
    package let folder: String
    /// Directives behind those that every server here gets, as words: "--name", "value".
    package var directives: [String]
    /// The bus port that it tells others.
    package let announcedBusPort: Int
    /// Whether a node of ours writes down its traffic on the bus, each run into a file of its own.
    private let recordsTraffic: Bool
    private let deadline: Deadline
    private var child: ChildProcess
    private var client: AdminClient?

    private static let readyMilliseconds = 15_000
    private static let replyMilliseconds = 5000
    private static let longestLog = 64 << 20

    /// Starts a server and waits until it answers PING.
    /// - Parameter announcedBusPort: said to others in place of the one that it listens on.
    package init(
        _ program: ServerProgram, port: Int, folder: String, directives: [String] = [],
        deadline: Deadline = .unlimited, recordsTraffic: Bool = false,
        announcedBusPort: Int? = nil
    ) throws(InteropError) {
        self.program = program
        self.port = port
        self.folder = folder
        self.directives = directives
        self.deadline = deadline
        self.recordsTraffic = recordsTraffic
        self.announcedBusPort = announcedBusPort ?? port + LoopbackPorts.busOffset
        try deadline.check()
        child = try Self.start(
            program, port: port, folder: folder, directives, recordsTraffic: recordsTraffic,
            announcedBusPort: announcedBusPort)
        try waitUntilReady()
    }

    deinit { child.terminate() }

    /// "redis 7.0.15 at 7000".
    package var name: String { "\(program) at \(port)" }
    package var processID: Int32 { child.id }
    package var address: SocketAddress { .loopback(port: UInt16(clamping: port)) }
    package var busAddress: SocketAddress {
        .loopback(port: UInt16(clamping: port + LoopbackPorts.busOffset))
    }
    package var logPath: String { "\(folder)/server.log" }
    package var nodesFilePath: String { "\(folder)/nodes.conf" }

    /// Runs of one node that write down their traffic.
    private static let longestSeries = 100
    /// Where the nodes of a folder write down their traffic, one file a run.
    static func trafficPaths(_ folder: String) -> [String] {
        (1...longestSeries).map { "\(folder)/bus-\($0).pcap" }
    }

    /// All that it has said.
    package var log: String { (try? File.readText(logPath, limitBytes: Self.longestLog)) ?? "" }

    /// The last lines that it has said.
    package var logEnd: String {
        let end = (try? File.readEnd(logPath, bytes: Self.logEndBytes)) ?? ""
        let lines = end.split(whereSeparator: \.isNewline)
        return lines.suffix(Self.logEndLines).joined(separator: "\n")
    }

    private static let logEndBytes = 4000
    private static let logEndLines = 12

    /// Memory in RAM, in bytes; 0 where the system does not tell.
    package var residentBytes: Int { memory("VmRSS:") }
    /// The most memory in RAM that it ever had, in bytes; 0 where the system does not tell.
    package var peakResidentBytes: Int { memory("VmHWM:") }

    private func memory(_ name: String) -> Int {
        let text = (try? File.readText("/proc/\(child.id)/status", limitBytes: 65_536)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
        }
        return 0
    }

    /// How it ended; nil while it runs.
    package var exitStatus: ExitStatus? { child.poll() }

    // MARK: - Starting and ending

    private static func start(
        _ program: ServerProgram, port: Int, folder: String, _ directives: [String],
        recordsTraffic: Bool, announcedBusPort: Int?
    ) throws(InteropError) -> ChildProcess {
        let path: String
        var words: [String]
        switch program {
        case .reference(let server): (path, words) = (server.path, [])
        case .ours(let own): (path, words) = (own, ["node"])
        }
        words += [
            "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--cluster-enabled",
            "yes", "--cluster-config-file", "nodes.conf", "--save", "", "--appendonly", "no",
            "--daemonize", "no",
        ]
        words += directives
        if let announcedBusPort, announcedBusPort != port + LoopbackPorts.busOffset {
            words += ["--cluster-announce-bus-port", "\(announcedBusPort)"]
        }
        if recordsTraffic && program.isOurs,
            let path = trafficPaths(folder).first(where: { !File.exists($0) })
        {
            // Files are named from the folder that --dir names.
            words += ["--pcap", File.name(of: path)]
        }
        var options = ChildProcess.Options(arguments: words)
        options.output = .file("\(folder)/server.log")
        do throws(SystemError) {
            try Folder.make(folder)
            return try ChildProcess(path, options)
        } catch {
            throw .system(error)
        }
    }

    /// Waits until it answers PING with PONG.
    package func waitUntilReady(
        milliseconds: Int = readyMilliseconds
    ) throws(InteropError) {
        let limit = deadline.left(atMost: milliseconds)
        let end = SystemClock.monotonicMilliseconds() + Int64(limit)
        while true {
            if let status = child.poll() {
                throw .ended(server: name, status: status, log: logEnd)
            }
            var difference: String
            do throws(InteropError) {
                let answer = try text("PING")
                if answer == "PONG" { return }
                difference = "it says “\(answer.prefix(100))”"
            } catch {
                difference = "\(error)"
            }
            if SystemClock.monotonicMilliseconds() >= end {
                throw .notInTime(
                    what: "\(name) answers PING", milliseconds: limit, difference: difference)
            }
            try deadline.sleep(
                milliseconds: 10, waitingFor: "\(name) to answer PING: \(difference)")
        }
    }

    /// Asks it to end by SIGTERM, and ends it if it does not.
    @discardableResult
    package func stop(graceMilliseconds: Int = 5000) -> ExitStatus {
        client = nil
        return child.terminate(graceMilliseconds: graceMilliseconds)
    }

    package func send(_ signal: Signal) { child.send(signal) }

    /// Waits until it has ended; nil when it has not by then.
    package func wait(milliseconds: Int) -> ExitStatus? { child.wait(milliseconds: milliseconds) }

    /// Ends it if it runs, and starts it again with the same files.
    package func restart() throws(InteropError) {
        stop()
        try deadline.check()
        child = try Self.start(
            program, port: port, folder: folder, directives, recordsTraffic: recordsTraffic,
            announcedBusPort: announcedBusPort)
        try waitUntilReady()
    }

    // MARK: - Asking

    /// The password that it was started with.
    private var credentials: Credentials? {
        guard let place = directives.lastIndex(of: "--requirepass"),
            place + 1 < directives.count
        else { return nil }
        return Credentials(password: directives[place + 1])
    }

    /// A connection of its own, logged in.
    package func connect() throws(InteropError) -> AdminClient {
        do throws(AdminClientError) {
            return try AdminClient(
                address,
                timeoutMilliseconds: max(1, deadline.left(atMost: Self.replyMilliseconds)),
                as: credentials)
        } catch {
            throw .noAnswer(server: name, command: "a connection", error)
        }
    }

    /// Sends a command and returns whatever the reply is, an error too. The connection is kept.
    package func ask(_ words: [String]) throws(InteropError) -> RESPValue {
        try deadline.check()
        let connection: AdminClient
        if let client { connection = client } else { connection = try connect() }
        // Not kept when the reply fails to come: it would be taken for that of the next command.
        client = nil
        do throws(AdminClientError) {
            let reply = try connection.send(words)
            client = connection
            return reply
        } catch {
            throw .noAnswer(server: name, command: Self.shown(words), error)
        }
    }

    /// The beginning of a command, in words for a person.
    private static func shown(_ words: [String]) -> String {
        words.prefix(8).map { $0.prefix(100) }.joined(separator: " ")
    }

    /// Sends a command and returns its reply.
    /// - Throws: `refused` when that is an error.
    @discardableResult
    package func command(_ words: String...) throws(InteropError) -> RESPValue {
        let reply = try ask(words)
        if let error = reply.errorText {
            throw .refused(server: name, command: Self.shown(words), reply: error)
        }
        return reply
    }

    /// Sends a command whose reply is a text.
    package func text(_ words: String...) throws(InteropError) -> String {
        let reply = try ask(words)
        if let error = reply.errorText {
            throw .refused(server: name, command: Self.shown(words), reply: error)
        }
        guard let text = reply.string else {
            throw .unexpectedReply(server: name, command: Self.shown(words))
        }
        return text
    }

    /// What it knows of the cluster.
    package func nodes() throws(InteropError) -> [ClusterNodesRow] {
        let text = try text("CLUSTER", "NODES")
        do throws(ClusterNodesError) {
            return try ClusterNodesText.parse(text)
        } catch {
            throw .unreadableNodes(server: name, error)
        }
    }

    /// What it says of itself.
    package func myself() throws(InteropError) -> ClusterNodesRow {
        guard let row = try nodes().first(where: \.isMyself) else {
            throw .unexpectedReply(server: name, command: "CLUSTER NODES")
        }
        return row
    }

    /// A field of CLUSTER INFO or INFO, by its name.
    package func field(_ field: String, of words: String...) throws(InteropError) -> String? {
        guard let text = try ask(words).string else { return nil }
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = Substring(line)
            guard line.hasPrefix("\(field):") else { continue }
            let value = line.dropFirst(field.count + 1)
            return String(decoding: value.utf8.filter { $0 != 0x0D }, as: UTF8.self)
        }
        return nil
    }
}
