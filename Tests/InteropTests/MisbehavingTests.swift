// The harness against servers that misbehave on purpose (Tests/Misbehaving): it ends in time, says what
// happened, and leaves no process behind; interrupted, too.

import SystemIO
import TestSupport
import Testing

@Suite struct MisbehavingTests {
    /// A way to misbehave, what is said of it, and whether it is a server at all.
    struct Way: CustomStringConvertible, Sendable {
        let name: String
        let said: String
        var status: Int32 = 1
        var description: String { name }
    }

    static let ways = [
        Way(name: "dies-at-start", said: "ended with status 1; the end of its log:\n    *** FATAL"),
        Way(name: "dies-later", said: "redis 7.0.15 at"),
        Way(name: "never-answers", said: "no reply to PING: Connection timed out"),
        Way(name: "falls-silent", said: "no reply to CLUSTER NODES: Connection timed out"),
        Way(name: "refuses-meet", said: "ERR I meet nobody"),
        Way(name: "says-garbage", said: "no RESP reply"),
        Way(name: "never-stops", said: "no RESP reply: a line of a reply is longer than"),
        Way(name: "hangs-at-version", said: "is no server that is known here", status: 2),
    ]

    @Test(arguments: ways)
    func `a server that misbehaves is told of in time, and nothing is left running`(
        _ way: Way
    ) throws {
        let folder = try TemporaryFolder(prefix: "misbehaving")
        let peer = folder.path(of: way.name)
        try File.link(peer, to: try Harness.built("misbehaving"))
        let start = SystemClock.monotonicMilliseconds()
        let run = try Harness(
            "--peer", peer, "--scenario", "join-ours-meets", "--limit", "2", "--json", "--dir",
            folder.path(of: "plays"))
        let said = try run.finish()
        let spent = SystemClock.monotonicMilliseconds() - start
        // Two plays of 2 s, one reply of 5 s that does not come in each, and 5 s to end in each.
        #expect(spent < 30_000, "it took \(spent) ms")
        #expect(said.status == way.status, "\(said)")
        #expect((said.output + said.errors).contains(way.said), "\(said)")
        if way.status == 1 { #expect(said.output.contains(#""outcome":"failed""#)) }
        #expect(Harness.processes(mentioning: folder.path).isEmpty)
    }

    @Test(arguments: [Signal.interrupt, .terminate, .hangUp])
    func `an interrupted run ends its servers before it ends itself`(_ signal: Signal) throws {
        let folder = try TemporaryFolder(prefix: "misbehaving")
        let peer = folder.path(of: "never-answers")
        try File.link(peer, to: try Harness.built("misbehaving"))
        let run = try Harness(
            "--peer", peer, "--jobs", "2", "--dir", folder.path(of: "plays"))
        eventually("servers are running") {
            let count = Harness.processes(mentioning: "\(folder.path)/never-answers").count
            return count >= 2 ? nil : "\(count) are"
        }
        let start = SystemClock.monotonicMilliseconds()
        try signal.send(to: run.id)
        let said = try run.finish()
        #expect(SystemClock.monotonicMilliseconds() - start < 15_000)
        #expect(said.status == 1 && said.errors.contains("interrupted; nothing is left running"))
        #expect(Harness.processes(mentioning: folder.path).isEmpty)
    }
}

/// A run of `grapevine interop` that was started.
final class Harness {
    private let child: ChildProcess
    private let folder: TemporaryFolder

    /// A program that was built beside the test bundle.
    static func built(_ name: String) throws -> String {
        "\(File.folder(of: try File.ownExecutable()))/\(name)"
    }

    /// Command lines of all processes that hold a text.
    static func processes(mentioning text: String) -> [String] {
        ((try? Folder.list("/proc")) ?? []).filter { Int($0) != nil }.compactMap { id in
            let line = (try? File.readText("/proc/\(id)/cmdline", limitBytes: 1 << 20)) ?? ""
            let isHarness = line.contains("\0interop\0")
            return line.contains(text) && !isHarness ? line : nil
        }
    }

    var id: Int32 { child.id }

    /// - Parameter path: `PATH` of the run, when it is not that of this process.
    init(_ words: String..., path: String? = nil) throws {
        var options = ChildProcess.Options(arguments: ["interop"] + words)
        options.output = .pipe
        let folder = try TemporaryFolder(prefix: "harness")
        options.errorsFile = folder.path(of: "errors")
        if let path {
            options.environment =
                Environment.all().filter { !$0.hasPrefix("PATH=") } + ["PATH=\(path)"]
        }
        child = try ChildProcess(try Self.built("grapevine"), options)
        self.folder = consume folder
    }

    private static let patience = 120_000

    /// Waits for the end.
    func finish() throws -> (output: String, errors: String, status: Int32) {
        let output = try child.readOutput(milliseconds: Self.patience)
        var status: Int32 = -1
        if case .exited(let number) = child.wait(milliseconds: Self.patience) { status = number }
        return (
            String(decoding: output, as: UTF8.self),
            try File.readText(folder.path(of: "errors")), status
        )
    }
}
