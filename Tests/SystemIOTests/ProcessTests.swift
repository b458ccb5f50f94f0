// Children, signals, clocks and what a process knows of itself.

import SystemIO
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct ChildProcessTests {
    @Test func `a child tells how it ended`() throws {
        let child = try ChildProcess("sh", .init(arguments: ["-c", "exit 7"]))
        #expect(child.wait(milliseconds: 5000) == .exited(7))
        #expect(child.poll() == .exited(7))
    }

    @Test func `output and errors come through the pipe, with folder and environment`() throws {
        var options = ChildProcess.Options(arguments: ["-c", "pwd; echo $GREETING >&2"])
        options.folder = "/"
        options.environment = ["GREETING=hello"]
        options.output = .pipe
        let child = try ChildProcess("/bin/sh", options)
        let output = try child.readOutput(milliseconds: 5000)
        #expect(String(decoding: output, as: UTF8.self) == "/\nhello\n")
        #expect(child.wait(milliseconds: 5000) == .exited(0))
    }

    @Test func `output goes behind what is in a file`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "log")
        var options = ChildProcess.Options(arguments: ["-c", "echo line"])
        options.output = .file(path)
        for _ in 0..<2 {
            #expect(try ChildProcess("/bin/sh", options).wait(milliseconds: 5000) == .exited(0))
        }
        #expect(try File.readText(path) == "line\nline\n")
    }

    @Test func `errors go into a file of their own, which is emptied`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "errors")
        try File.write(Array("an older and longer text".utf8), to: path)
        var options = ChildProcess.Options(arguments: ["-c", "echo out; echo wrong >&2"])
        options.output = .pipe
        options.errorsFile = path
        let child = try ChildProcess("/bin/sh", options)
        #expect(try child.readOutput(milliseconds: 5000) == Array("out\n".utf8))
        #expect(try File.readText(path) == "wrong\n")
        #expect(try File.readEnd(path, bytes: 3) == "ng\n")
        #expect(try File.readEnd(path, bytes: 100) == "wrong\n")
    }

    @Test func `a child is not given what this process has open`() throws {
        let number = dup(1)
        defer { close(number) }
        let child = try ChildProcess(
            "/bin/sh", .init(arguments: ["-c", "test -e /proc/self/fd/\(number)"]))
        #expect(child.wait(milliseconds: 5000) == .exited(1))
    }

    @Test func `a program that is not there is an error`() {
        let error = #expect(throws: SystemError.self) { _ = try ChildProcess("/none/such") }
        #expect(error?.isMissing == true && error?.about == "/none/such")
    }

    @Test func `a child that hears the request ends by it, and one that does not is ended`() throws
    {
        let polite = try ChildProcess("sleep", .init(arguments: ["60"]))
        #expect(polite.wait(milliseconds: 0) == nil)
        #expect(polite.terminate() == .killed(signal: Signal.terminate.number))
        var options = ChildProcess.Options(
            arguments: ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"])
        options.output = .pipe
        let deaf = try ChildProcess("sh", options)
        let error = #expect(throws: SystemError.self) { try deaf.readOutput(milliseconds: 500) }
        #expect(error?.isTimeout == true)
        #expect(deaf.terminate(graceMilliseconds: 50) == .killed(signal: Signal.kill.number))
    }

    @Test func `a stopped child is ended, too`() throws {
        let child = try ChildProcess("sleep", .init(arguments: ["60"]))
        child.send(.stop)
        eventually("the child has stopped") {
            let state = try File.readText("/proc/\(child.id)/stat")
            return state.contains(") T ") ? nil : state
        }
        #expect(child.terminate(graceMilliseconds: 20) == .killed(signal: Signal.kill.number))
    }

    @Test func `a child ends with its owner`() throws {
        let id: Int32
        do {
            let child = try ChildProcess("sleep", .init(arguments: ["60"]))
            id = child.id
            #expect(ProcessInformation.isRunning(id))
        }
        #expect(!ProcessInformation.isRunning(id))
    }
}

@Suite struct EnvironmentTests {
    @Test func `signals arrive as bytes of a descriptor`() throws {
        let watch = try SignalWatch([.user1])
        try Signal.user1.send(to: ProcessInformation.ownID)
        var seen: [Signal] = []
        eventually("the signal arrives") {
            seen += watch.take()
            return seen.contains(.user1) ? nil : "nothing came"
        }
        #expect(watch.take().isEmpty)
    }

    @Test func `clocks go forward`() {
        let first = SystemClock.monotonicNanoseconds()
        SystemClock.sleep(milliseconds: 2)
        #expect(SystemClock.monotonicNanoseconds() - first >= 2_000_000)
        #expect(SystemClock.wallMilliseconds() > 1_700_000_000_000)
        #expect(SystemClock.wallNanoseconds() / 1_000_000_000 > 1_700_000_000)
    }

    @Test func `seeds differ`() {
        #expect(Set((0..<100).map { _ in Entropy.seed() }).count == 100)
        #expect(Entropy.bytes(1000).count == 1000)
    }

    @Test func `the process knows itself`() throws {
        #expect(File.isExecutable(try File.ownExecutable()))
        #expect(ProcessInformation.raiseDescriptorLimit() >= 256)
        #expect(ProcessInformation.residentBytes() > 1 << 20)
        #expect(Environment.value("PATH") != nil && Environment.value("NO_SUCH_NAME") == nil)
        #expect(Environment.all().contains { $0.hasPrefix("PATH=") })
    }

    @Test func `errors have words`() {
        #expect(SystemError.text(of: 2) == "No such file or directory")
        #expect(SystemError(code: 2, call: "open").description == "open: No such file or directory")
    }
}

@Suite struct SupportTests {
    @Test func `hexadecimal text is read as it is written`() {
        let bytes: [UInt8] = [0, 15, 16, 255]
        #expect(Hex.text(bytes) == "000f10ff" && Hex.bytes(Hex.text(bytes)) == bytes)
        #expect(Hex.bytes("00 0f # zero\n10ff") == bytes)
        #expect(Hex.bytes("0") == nil && Hex.bytes("zz") == nil)
        #expect(Hex.dump([1, 2]) == "000000  01 02")
    }

    @Test func `a seed repeats its numbers`() {
        var first = SeededGenerator(seed: 7)
        var second = SeededGenerator(seed: 7)
        #expect(first.bytes(20) == second.bytes(20))
    }

    @Test func `the first difference of two texts is named`() {
        #expect(
            Fixture.difference(expected: "a\nb\n", got: "a\nc\n") == "line 2: expected “b”, got “c”"
        )
        #expect(File.exists("\(Fixture.packageFolder)/Package.swift"))
    }
}
