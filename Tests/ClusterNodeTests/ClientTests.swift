// What a client may do to a running node: speak in pieces, in bulk, inline, in either version, come in
// too great a number, and not read its replies.

import ClusterClient
import Interop
import RESP
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized) struct ClientTests {
        /// A node alone.
        private func node(_ directives: String...) throws -> MixedCluster {
            try MixedCluster(
                [try Live.ours()], nodeTimeoutMilliseconds: Live.nodeTimeout,
                directives: directives)
        }

        private func connect(_ node: ServerProcess) throws -> BlockingConnection {
            try BlockingConnection(to: node.address, timeoutMilliseconds: 5000)
        }

        /// Reads until this many bytes are there, or the end.
        private func read(
            _ count: Int, from connection: borrowing BlockingConnection
        ) throws -> String {
            var bytes: [UInt8] = []
            while bytes.count < count {
                let more = try connection.read(timeoutMilliseconds: 5000)
                if more.isEmpty { break }
                bytes += more
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        @Test func `inline commands are answered`() throws {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            let said = "PING\r\nping\n\r\nECHO \"a b\"\r\nCLUSTER KEYSLOT foo\r\n"
            try connection.write(Array(said.utf8), timeoutMilliseconds: 1000)
            let expected = "+PONG\r\n+PONG\r\n$3\r\na b\r\n:12182\r\n"
            #expect(try read(expected.utf8.count, from: connection) == expected)
        }

        @Test func `half a command waits for its other half, byte by byte too`() throws {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            for byte in "*2\r\n$4\r\nECHO\r\n$5\r\nhe\r\no\r\n".utf8 {
                try connection.write([byte], timeoutMilliseconds: 1000)
                SystemClock.sleep(milliseconds: 1)
            }
            #expect(try read(11, from: connection) == "$5\r\nhe\r\no\r\n")
        }

        @Test func `a megabyte of pipelined PINGs is answered in full and in order`() throws {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            let count = 1_048_576 / 14
            var said: [UInt8] = []
            for _ in 0..<count { said += Array("*1\r\n$4\r\nPING\r\n".utf8) }
            said += Array("*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n".utf8)
            try connection.write(said, timeoutMilliseconds: 20_000)
            let replies = try read(count * 7 + 9, from: connection)
            #expect(replies.utf8.count == count * 7 + 9)
            #expect(replies.hasPrefix("+PONG\r\n+PONG\r\n") && replies.hasSuffix("$3\r\nend\r\n"))
        }

        @Test func `replies that outgrow the limit of a client all come, if it reads them`() throws
        {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            // 96 echoes of a megabyte, said while the replies are read.
            let size = 1 << 20
            let echo =
                Array("*2\r\n$4\r\nECHO\r\n$\(size)\r\n".utf8)
                + [UInt8](repeating: 0x78, count: size) + [13, 10]
            let length = "$\(size)\r\n".utf8.count + size + 2
            var got = 0
            for _ in 0..<96 {
                try connection.write(echo, timeoutMilliseconds: 20_000)
                while got < length { got += try connection.read(timeoutMilliseconds: 5000).count }
                got -= length
            }
            #expect(got == 0)
        }

        @Test func `HELLO 3 changes the version, and is refused in the reference's words`() throws {
            let cluster = try node()
            let client = try cluster.nodes[0].connect()
            guard case .array = try client.send(["HELLO"]) else {
                Issue.record("HELLO in version 2 is no array")
                return
            }
            let reply = try client.send(["HELLO", "3", "SETNAME", "tester"])
            guard case .map = reply else {
                Issue.record("HELLO 3 is no map: \(reply)")
                return
            }
            #expect(reply["proto"] == .integer(3) && reply["mode"]?.string == "cluster")
            #expect(reply["server"]?.string == "redis")
            guard case .verbatim("txt", _) = try client.send(["CLUSTER", "INFO"]) else {
                Issue.record("CLUSTER INFO in version 3 is no verbatim text")
                return
            }
            #expect(try client.send(["CLIENT", "GETNAME"]).string == "tester")
            let wrong = try client.send(["HELLO", "9"]).errorText
            #expect(wrong == "NOPROTO unsupported protocol version")
        }

        @Test(arguments: [
            "*1000000000\r\n", "*1\r\n$x\r\n", "*1\r\n$-5\r\n", "*1\r\n$99999999999\r\n",
            "*1\r\n+PING\r\n", "*99999999999999999999\r\n", "ECHO \"a\r\n",
        ])
        func `a request that is none is refused, and the client goes`(said: String) throws {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            try connection.write(Array(said.utf8), timeoutMilliseconds: 1000)
            // What never ends is refused by its length; what is just wrong, at once.
            let reply = try read(1 << 20, from: connection)
            #expect(reply.hasPrefix("-ERR Protocol error"), "\(reply)")
            #expect(try cluster.nodes[0].text("PING") == "PONG")
        }

        @Test func `an endless line is refused`() throws {
            let cluster = try node()
            let connection = try connect(cluster.nodes[0])
            let line = [UInt8](repeating: 0x61, count: 1 << 20)
            // The node may close before it has read all.
            try? connection.write(line, timeoutMilliseconds: 5000)
            let reply = (try? read(1 << 20, from: connection)) ?? "-ERR Protocol error (reset)"
            #expect(reply.hasPrefix("-ERR Protocol error"))
            #expect(try cluster.nodes[0].text("PING") == "PONG")
        }

        @Test func `clients beyond maxclients are told so, and places are free again`() throws {
            let cluster = try node("--maxclients", "10")
            let node = cluster.nodes[0]
            // One is the test's own.
            var held: [AdminClient] = []
            for _ in 0..<9 {
                let client = try node.connect()
                #expect(try client.send(["PING"]) == .simple("PONG"))
                held.append(client)
            }
            let connection = try connect(node)
            let refusal = try read(1 << 20, from: connection)
            #expect(refusal == "-ERR max number of clients reached\r\n")
            #expect(try node.text("PING") == "PONG")
            held = []
            eventually("a place is free") {
                let reply = try? node.connect().send(["PING"])
                return reply == .simple("PONG") ? nil : "\(String(describing: reply))"
            }
        }

        @Test func `a client that reads late is held back, and gets all its replies`() throws {
            let cluster = try node()
            let node = cluster.nodes[0]
            let length = try #require(try node.ask(["CLUSTER", "HELP"]).elements).reduce(5) {
                // The header of the array, then "+", the text and CR LF each.
                $0 + ($1.string?.utf8.count ?? 0) + 3
            }
            let before = node.residentBytes
            let connection = try connect(node)
            let count = 5000
            let said = Array(String(repeating: "CLUSTER HELP\r\n", count: count).utf8)
            try connection.write(said, timeoutMilliseconds: 5000)
            eventually("the node answers others meanwhile") {
                try node.text("PING") == "PONG" ? nil : "no PONG"
            }
            SystemClock.sleep(milliseconds: 300)
            var got = 0
            while got < count * length {
                let more = try connection.read(timeoutMilliseconds: 5000)
                if more.isEmpty { break }
                got += more.count
            }
            #expect(got == count * length)
            let peak = node.peakResidentBytes - before
            print("a client that reads \(got >> 20) MB late: peak \(peak >> 20) MB more")
            #expect(peak < 64 << 20)
        }

        @Test func `a client that never reads is not read from either`() throws {
            let cluster = try node()
            let node = cluster.nodes[0]
            let before = node.residentBytes
            let connection = try connect(node)
            let said = Array(String(repeating: "CLUSTER HELP\r\n", count: 10_000).utf8)
            let error = #expect(throws: SystemError.self) {
                for _ in 0..<200 { try connection.write(said, timeoutMilliseconds: 1000) }
            }
            #expect(error?.isTimeout == true || error?.isConnectionLost == true)
            #expect(try node.text("PING") == "PONG")
            #expect(node.peakResidentBytes - before < 64 << 20)
        }
    }
}
