// `grapevine node` from outside: what it is started with, what it refuses and with which words, and
// how it ends. What it does in a cluster is tested with the library.

import ClusterClient
import Foundation
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

@Suite struct NodeTests {
    /// Runs a node that must not come up, in a folder, and gives back its one line.
    private func refusal(_ words: [String], name: String = "node") throws -> String {
        let said = try Grapevine.run([name] + words)
        #expect(said.status == 2)
        #expect(said.errors.split(separator: "\n").count == 1, "\(said.errors)")
        return said.errors
    }

    private func ours() throws -> ServerProgram { .ours(try Grapevine.program()) }

    /// A node alone in a folder that goes with it.
    private func alone(_ directives: String...) throws -> MixedCluster {
        try MixedCluster([try ours()], nodeTimeoutMilliseconds: 1000, directives: directives)
    }

    @Test func `an unknown directive is refused with its file and line`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "node.conf")
        try File.write(Array("# a node\nport 7000\n\nfrobnicate yes\n".utf8), to: path)
        #expect(
            try refusal([path])
                == "grapevine node: \(path):4: unknown directive 'frobnicate'\n")
        #expect(
            try refusal(["--frobnicate", "yes"])
                == "grapevine node: --frobnicate: unknown directive 'frobnicate'\n")
    }

    @Test(arguments: [
        ("port x", "port: argument couldn't be parsed into an integer"),
        ("port 70000", "port: argument must be between 0 and 65535 inclusive"),
        ("port", "port: wrong number of arguments"),
        ("port 1 2", "port: wrong number of arguments"),
        ("port \"1", "unbalanced quotes"),
        ("bind nowhere", "bind: 'nowhere' is not a literal address; names are not looked up"),
        ("port 0", "port: must not be 0"),
        ("dir /none/such", "dir: '/none/such' is not a folder"),
        (
            "cluster-enabled no",
            "cluster-enabled: a node without a cluster is nothing here: it must be yes"
        ),
        ("daemonize maybe", "daemonize: argument must be 'yes' or 'no'"),
        (
            "supervised me",
            "supervised: argument(s) must be one of the following: upstart, systemd, auto, no"
        ),
        ("include", "include takes one file"),
        ("include a b", "include takes one file"),
    ])
    func `a wrong value is refused with its file and line`(line: String, words: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "node.conf")
        try File.write(Array("\n\(line)\n".utf8), to: path)
        #expect(try refusal([path]) == "grapevine node: \(path):2: \(words)\n")
    }

    @Test func `a file that cannot be read is refused, and one that includes itself`() throws {
        let folder = try TemporaryFolder()
        let missing = folder.path(of: "none")
        #expect(
            try refusal([missing])
                == "grapevine node: \(missing): cannot be read: No such file or directory\n")
        #expect(try refusal([folder.path]).contains("cannot be read"))
        let loop = folder.path(of: "loop")
        try File.write(Array("include \(loop)\n".utf8), to: loop)
        #expect(try refusal([loop]).contains("files include each other"))
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["nodes.conf", "nodes.conf.lock"])
    func `a pipe in the place of nodes.conf or its lock is refused, not waited for`(
        name: String
    ) throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path(of: name)
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(
            try refusal(["--dir", folder.path])
                == "grapevine node: \(pipe) is not a regular file\n")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pipe in the place of the log is refused, not waited for`() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path(of: "log")
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        let words = ["--dir", folder.path, "--logfile"]
        #expect(
            try refusal(words + [pipe])
                == "grapevine node: the log \(pipe) cannot be opened: Invalid argument\n")
        _ = try alone("--logfile", "/dev/null")
    }

    @Test func `recordings of servers do not take the place of files without force`() throws {
        let folder = try TemporaryFolder()
        let server = folder.path(of: "redis-server")
        try File.write(
            Array("#!/bin/sh\necho Redis server v=7.0.15 sha=00000000:0\n".utf8), to: server)
        #expect(unsafe chmod(server, 0o755) == 0)
        let kept = folder.path(of: "redis-7.0.15-names.json")
        try File.write([1, 2, 3], to: kept)
        let words = ["--peer", server, "--record", folder.path, "--scenario", "names"]
        let said = try refusal(words, name: "interop")
        #expect(said.contains("\(kept) exists already; --force writes over it"), "\(said)")
        #expect(try File.read(kept) == [1, 2, 3])
    }

    @Test(arguments: ["--record", "--pcap"])
    func `a recording does not take the place of a file without force`(option: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "kept")
        try File.write([1, 2, 3], to: path)
        let words = ["--dir", folder.path, option, "kept"]
        #expect(
            try refusal(words)
                == "grapevine node: \(path) exists already; --force writes over it\n")
        #expect(try File.read(path) == [1, 2, 3])
        #expect(try Folder.list(folder.path) == ["kept", "nodes.conf.lock"])
        let node = try alone(option, path, "--force")
        #expect(try File.read(path) != [1, 2, 3])
        _ = node
    }

    @Test(arguments: ["client", "bus"])
    func `a port that is taken is refused in one line`(which: String) throws {
        let folder = try TemporaryFolder()
        let port = try LoopbackPorts.base(count: 1)
        let taken = which == "client" ? port : port + LoopbackPorts.busOffset
        let holder = try Socket.listen(at: .loopback(port: UInt16(taken)))
        let words = try refusal(["--port", "\(port)", "--dir", folder.path])
        #expect(
            words == "grapevine node: cannot listen on 127.0.0.1:\(taken): Address already in use\n"
        )
        _ = holder.descriptor
    }

    @Test func `a second node in one folder is refused, and the first goes on`() throws {
        let cluster = try alone()
        let first = cluster.nodes[0]
        let port = try LoopbackPorts.base(count: 1)
        let before = try File.read(first.nodesFilePath)
        let words = try refusal(["--port", "\(port)", "--dir", first.folder])
        #expect(words == "grapevine node: \(first.nodesFilePath) is in use by another node\n")
        #expect(try File.read(first.nodesFilePath) == before)
        #expect(try first.text("PING") == "PONG")
    }

    @Test(arguments: [
        "nonsense\n", "0000 127.0.0.1:1@2 myself,master - 0 0 0 connected\n",
        "vars currentEpoch x lastVoteEpoch 0\n",
    ])
    func `a broken nodes file is refused with its line, and left as it is`(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "nodes.conf")
        try File.write(Array(text.utf8), to: path)
        let port = try LoopbackPorts.base(count: 1)
        let words = try refusal(["--port", "\(port)", "--dir", folder.path])
        #expect(words.hasPrefix("grapevine node: \(path):1: "), "\(words)")
        #expect(words.hasSuffix("the file is left as it is\n"))
        #expect(try File.readText(path) == text)
    }

    @Test func `a nodes file that a cut has shortened is refused, and left as it is`() throws {
        let cluster = try alone()
        let node = cluster.nodes[0]
        try node.command("CLUSTER", "ADDSLOTSRANGE", "0", "100")
        #expect(node.stop() == .exited(0))
        let whole = try File.read(node.nodesFilePath)
        let id = String(decoding: whole.prefix(40), as: UTF8.self)
        for length in stride(from: 1, to: whole.count - 1, by: 7) {
            try File.write(Array(whole.prefix(length)), to: node.nodesFilePath)
            let words = try refusal(["--port", "\(node.port)", "--dir", node.folder])
            #expect(words.contains(node.nodesFilePath), "\(length): \(words)")
            #expect(try File.read(node.nodesFilePath) == Array(whole.prefix(length)))
        }
        try File.write(whole, to: node.nodesFilePath)
        try node.restart()
        #expect(try node.text("CLUSTER", "MYID") == id)
        #expect(try node.myself().slotsText == "0-100")
    }

    @Test func `directives of a data store are taken, and listed once in the log`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "node.conf")
        let port = try LoopbackPorts.base(count: 1)
        let text = """
            port \(port)
            dir \(folder.path)
            appendonly no
            appendfsync everysec
            notify-keyspace-events KEA
            tls-port 0
            maxmemory 100mb
            client-output-buffer-limit normal 0 0 0
            cluster-node-timeout 5000
            """
        try File.write(Array(text.utf8), to: path)
        var options = ChildProcess.Options(arguments: ["node", path])
        options.output = .pipe
        let child = try ChildProcess(try Grapevine.program(), options)
        let address = SocketAddress.loopback(port: UInt16(port))
        eventually("it answers") {
            let reply = try AdminClient(address, timeoutMilliseconds: 1000).send(["PING"])
            return reply.string == "PONG" ? nil : "\(reply)"
        }
        child.send(.terminate)
        let output = try child.readOutput(milliseconds: 5000)
        #expect(child.wait(milliseconds: 5000) == .exited(0))
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let listed = lines.filter { $0.contains("without effect") }
        #expect(listed.count == 1)
        #expect(listed.first?.hasSuffix("without effect here: appendfsync") == true)
        let missing = lines.filter { $0.contains("not in force") }
        #expect(missing.count == 1)
        #expect(
            missing.first?.hasSuffix(
                "here: notify-keyspace-events (what happens to keys is not published)") == true)
        #expect(lines.last?.hasSuffix("Bye") == true)
    }

    @Test(arguments: ["redis-server", "valkey-server"])
    func `called by the name of a server, through a link, it is a node`(name: String) throws {
        let folder = try TemporaryFolder()
        let link = folder.path(of: name)
        try File.link(link, to: try Grapevine.program())
        let port = try LoopbackPorts.base(count: 1)
        var options = ChildProcess.Options(
            arguments: ["--port", "\(port)", "--dir", folder.path, "--cluster-enabled", "yes"])
        options.output = .discarded
        let child = try ChildProcess(link, options)
        let address = SocketAddress.loopback(port: UInt16(port))
        eventually("it answers") {
            let client = try AdminClient(address, timeoutMilliseconds: 1000)
            let reply = try client.send(["CLUSTER", "MYID"])
            return reply.string?.utf8.count == 40 ? nil : "\(reply)"
        }
        #expect(child.terminate(graceMilliseconds: 5000) == .exited(0))
    }

    @Test(arguments: [Signal.terminate, .interrupt])
    func `a node that is asked to end does, with 0 and its file saved`(signal: Signal) throws {
        let cluster = try alone()
        let node = cluster.nodes[0]
        let id = try node.text("CLUSTER", "MYID")
        try node.command("CLUSTER", "ADDSLOTS", "5")
        node.send(signal)
        #expect(node.wait(milliseconds: 5000) == .exited(0))
        #expect(node.log.contains("leaving"))
        let saved = try File.readText(node.nodesFilePath)
        #expect(saved.hasPrefix(id) && saved.contains(" connected 5\n"))
        #expect(try Folder.list(node.folder).allSatisfy { !$0.contains("tmp") })
    }

    @Test func `a log that is moved away is begun anew, at the level that was set`() throws {
        let folder = try TemporaryFolder()
        let log = folder.path(of: "node.log")
        let cluster = try MixedCluster(
            [.ours(try Grapevine.program())], nodeTimeoutMilliseconds: 1000,
            directives: ["--logfile", log, "--loglevel", "warning"])
        let node = cluster.nodes[0]
        #expect(try File.readText(log).isEmpty, "nothing to warn of yet")
        try node.command("CONFIG", "SET", "loglevel", "notice")
        try node.command("CLUSTER", "BUMPEPOCH")
        #expect(try File.readText(log).contains("configEpoch set to 1"))
        try File.rename(log, to: log + ".1")
        try node.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        let text = try File.readText(log)
        #expect(text.contains("Cluster state changed: ok") && !text.contains("configEpoch"))
        #expect(try File.readText(log + ".1").contains("configEpoch set to 1"))
    }

    @Test func `a daemon goes on in the background once it has started, or says why not`() throws {
        let folder = try TemporaryFolder()
        let port = try LoopbackPorts.base(count: 1)
        let words = [
            "node", "--daemonize", "yes", "--port", "\(port)", "--dir", folder.path, "--pidfile",
            "node.pid", "--logfile", "node.log",
        ]
        #expect(try Grapevine.run(words) == Said(output: "", errors: "", status: 0))
        let pidFile = folder.path(of: "node.pid")
        let number = try File.readText(pidFile)
        let process = try #require(Int32(number.dropLast()))
        #expect(number.last == "\n" && ProcessInformation.isRunning(process))
        // It answers as soon as the caller has ended.
        let client = try AdminClient(.loopback(port: UInt16(port)), timeoutMilliseconds: 2000)
        #expect(try client.send(["PING"]).string == "PONG")
        let usage = try #require(ProcessUsage(of: process))
        #expect(usage.descriptors < 20, "what the caller had open is not kept")
        // A second one cannot have its folder or its port.
        let second = try Grapevine.run(words)
        #expect(second.status == 2 && second.output.isEmpty)
        #expect(second.errors.hasSuffix("nodes.conf is in use by another node\n"))
        try Folder.make(folder.path(of: "other"))
        let third = try Grapevine.run(words + ["--dir", "other"])
        #expect(third.status == 2)
        #expect(third.errors.hasSuffix("127.0.0.1:\(port): Address already in use\n"))
        #expect(third.errors.split(separator: "\n").count == 1)
        #expect(try File.readText(pidFile) == number)
        _ = try? client.send(["SHUTDOWN"])
        eventually("it has ended, and its number is gone") {
            File.exists(pidFile) ? "there is a pidfile" : nil
        }
        #expect(try File.readText(folder.path(of: "node.log")).hasSuffix("Bye\n"))
    }

    @Test func `a log that cannot be opened is refused, a pidfile that cannot is not`() throws {
        let folder = try TemporaryFolder()
        let port = try LoopbackPorts.base(count: 1)
        let words = try refusal([
            "--port", "\(port)", "--dir", folder.path, "--logfile", "none/node.log",
        ])
        #expect(
            words == "grapevine node: the log \(folder.path)/none/node.log cannot be opened: "
                + "No such file or directory\n")
        let cluster = try alone("--pidfile", "none/node.pid")
        #expect(try cluster.nodes[0].text("PING") == "PONG")
        #expect(cluster.nodes[0].log.contains("none/node.pid cannot be written"))
    }

    @Test func `SHUTDOWN ends a node as a signal does`() throws {
        let cluster = try alone()
        let node = cluster.nodes[0]
        _ = try? node.ask(["SHUTDOWN"])
        #expect(node.wait(milliseconds: 5000) == .exited(0))
    }

    @Test func `help is on standard output, with status 0`() throws {
        let said = try Grapevine.run("node", "--help")
        #expect(said.status == 0 && said.errors.isEmpty)
        #expect(said.output.hasPrefix("Usage: grapevine node"))
    }
}
