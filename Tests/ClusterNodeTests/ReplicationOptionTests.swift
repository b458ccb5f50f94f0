// Directives of replication, by all of their names: what they set, and what of a value is refused.

import DataPlane
import SystemIO
import Testing

@testable import ClusterNode

@Suite struct ReplicationOptionTests {
    private func options(_ words: String...) throws -> NodeOptions {
        try NodeOptions(arguments: words)
    }

    private func set(_ options: NodeOptions, _ name: String, _ value: String) throws -> NodeOptions
    {
        var change = SettingsChange(of: options)
        #expect(try change.set(name, value) == nil)
        return change.options
    }

    @Test func `times are written in seconds, and sizes with a unit`() throws {
        let options = try options(
            "--repl-timeout", "7", "--repl-backlog-size", "3mb", "--repl-backlog-ttl", "0",
            "--repl-ping-replica-period", "2")
        let settings = Node.replicationSettings(options)
        #expect(settings.timeout == 7000 && settings.backlogBytes == 3 << 20)
        #expect(settings.backlogTime == 0 && settings.pingPeriod == 2000)
    }

    @Test func `what a replica announces is by default the port that clients come to`() throws {
        var options = try options("--port", "7001", "--replica-announce-port", "17")
        options = try set(options, "replica-announce-ip", "replica.example")
        let greeting = Node.replicationSettings(options).greeting
        #expect(greeting.port == 7001 && greeting.announcedPort == 17)
        #expect(greeting.address == "replica.example")
    }

    @Test(arguments: ["a b", "a\u{1B}", "a\n", String(repeating: "a", count: 256)])
    func `an address to announce is one word of visible letters`(text: String) throws {
        var change = SettingsChange(of: try options())
        #expect(throws: OptionError.self) { try change.set("replica-announce-ip", text) }
    }

    @Test(arguments: ["replica", "slave"])
    func `the buffer limit of replicas has two names and is told by the older one`(
        name: String
    ) throws {
        let options = try set(
            try options(), "client-output-buffer-limit", "\(name) 1mb 64kb 5")
        let settings = Node.replicationSettings(options)
        #expect(settings.hardLimitBytes == 1 << 20 && settings.softLimitBytes == 64 << 10)
        #expect(settings.softTime == 5000)
        let told = try #require(Directives.find("client-output-buffer-limit")).get(options)
        #expect(told.contains("slave 1048576 65536 5 pubsub"))
    }

    @Test(arguments: [
        ("slave-announce-ip", "replica-announce-ip", "192.0.2.1"),
        ("slave-announce-port", "replica-announce-port", "7"),
        ("slave-serve-stale-data", "replica-serve-stale-data", "no"),
        ("min-slaves-to-write", "min-replicas-to-write", "2"),
        ("min-slaves-max-lag", "min-replicas-max-lag", "3"),
    ])
    func `older names set the same`(older: String, name: String, value: String) throws {
        let options = try set(try options(), older, value)
        #expect(try #require(Directives.find(name)).get(options) == value)
    }

    @Test(arguments: [
        ("repl-timeout", "0"), ("repl-backlog-size", "0"), ("repl-backlog-ttl", "-1"),
        ("replica-announce-port", "65536"), ("replica-serve-stale-data", "maybe"),
        ("min-replicas-to-write", "-1"), ("min-replicas-max-lag", "x"),
    ])
    func `a value that no server takes is refused`(name: String, value: String) throws {
        var change = SettingsChange(of: try options())
        #expect(throws: OptionError.self) { try change.set(name, value) }
    }

    @Test func `defaults are those of the reference`() throws {
        let options = try options()
        let expected = [
            ("repl-timeout", "60"), ("repl-backlog-size", "1048576"), ("repl-backlog-ttl", "3600"),
            ("repl-ping-replica-period", "10"), ("replica-announce-ip", ""),
            ("replica-announce-port", "0"), ("replica-serve-stale-data", "yes"),
            ("min-replicas-to-write", "0"), ("min-replicas-max-lag", "10"),
        ]
        for (name, value) in expected {
            #expect(try #require(Directives.find(name)).get(options) == value, "\(name)")
        }
    }
}
