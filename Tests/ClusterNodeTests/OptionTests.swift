// What a node is started with: files of existing servers are taken, what would protect and is not built is
// refused with its place, and of what is not in force nothing is told as if it were.

import SystemIO
import TestSupport
import Testing

@testable import ClusterNode

@Suite struct OptionTests {
    /// Options from the lines of a file, in a folder of its own.
    private func options(_ lines: String) throws -> NodeOptions {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "node.conf")
        try File.write(Array(lines.utf8), to: path)
        return try NodeOptions(arguments: [path])
    }

    /// Why a line is refused, without the path of its file.
    private func refusal(_ line: String) -> String? {
        let error = #expect(throws: OptionError.self, "\(line)") { try options("\n\(line)\n") }
        #expect(error?.place.hasSuffix("node.conf:2") == true, "\(line)")
        return error?.text
    }

    // MARK: - Protections

    static let protections = [
        "aclfile users.acl", "aclfile /etc/redis/users.acl",
        "user op on >secret ~* +@all", "user default off", "user default on >secret ~* &* +@all",
        "user default on nopass ~cache:* +@all", "user default on nopass ~* +@all -flushall",
        "USER op on nopass ~* +@all", "rename-command FLUSHALL \"\"",
        "rename-command CONFIG cfg-1", "bind-source-addr 192.0.2.1", "socket-mark-id 7",
        "unixsocketperm 700", "unixsocketgroup redis", "enable-protected-configs yes",
        "enable-protected-configs local", "enable-module-command yes",
        "enable-module-command local", "tls-port 6380", "tls-cluster yes", "tls-replication yes",
        "tls-cert-file redis.crt", "tls-key-file redis.key", "tls-ca-cert-file ca.crt",
        "tls-ca-cert-dir /etc/ssl/certs", "tls-protocols \"TLSv1.2 TLSv1.3\"",
        "tls-protocols TLSv1.2 TLSv1.3", "tls-auth-clients-user cn", "tls-ciphers HIGH",
        "appendonly yes", "maxmemory-clients 1g", "maxmemory-clients 5%",
        "tls-session-cache-size x",
    ]

    @Test(arguments: protections)
    func `what would protect and is not built is refused with its place`(line: String) throws {
        let text = refusal(line)
        let name = line.prefix { $0 != " " }
        #expect(text?.hasPrefix("\(name): ") == true, "\(text ?? "taken")")
        #expect(text?.contains("unknown") == false)
    }

    @Test(arguments: [
        "requirepass \"\"", "masterauth \"\"", "masteruser \"\"", "aclfile \"\"",
        "bind-source-addr \"\"", "socket-mark-id 0", "unixsocketperm 0", "unixsocketperm 000",
        "unixsocketgroup \"\"", "enable-protected-configs no", "enable-module-command no",
        "enable-debug-command no", "tls-port 0", "tls-cluster no", "TLS-Cluster NO",
        "tls-replication no", "tls-cert-file \"\"", "tls-ca-cert-dir ''", "tls-auth-clients no",
        "tls-auth-clients optional", "tls-session-caching no", "tls-session-cache-size 5000",
        "tls-prefer-server-ciphers yes", "cluster-announce-tls-port 0", "appendonly no",
        "min-replicas-to-write 0", "min-replicas-max-lag 10", "maxmemory-clients 0",
        "protected-mode no", "protected-mode yes", "user default on nopass ~* &* +@all",
        "user default on nopass sanitize-payload ~* &* +@all", "replica-read-only yes",
    ])
    func `a value that asks for no protection is taken in silence`(line: String) throws {
        let options = try options(line)
        #expect(options.notInForce.isEmpty && options.withoutEffect.allSatisfy { $0 != "" })
    }

    @Test(arguments: [
        ("maxmemory-policy allkeys-lru", "maxmemory-policy"),
        ("maxmemory-policy volatile-lfu", "maxmemory-policy"),
        ("notify-keyspace-events KEA", "notify-keyspace-events"),
        ("latency-monitor-threshold 1", "latency-monitor-threshold"),
        ("replica-read-only no", "replica-read-only"), ("unixsocket /run/r.sock", "unixsocket"),
        ("loadmodule /lib/m.so", "loadmodule"), ("syslog-enabled yes", "syslog-enabled"),
    ])
    func `what else is asked for and not built is taken, and named`(line: String, name: String)
        throws
    {
        #expect(try options("\(line)\n\(line)").notInForce == [name])
    }

    @Test func `every directive of this kind has one meaning`() {
        let names = UnbuiltDirectives.all.map(\.name)
        #expect(Set(names).count == names.count)
        // Of the policies some are there.
        for name in names where name != "maxmemory-policy" {
            #expect(Directives.find(name) == nil, "\(name)")
            #expect(!StoreDirectives.names.contains(name), "\(name)")
        }
        for directive in UnbuiltDirectives.all {
            guard let holds = directive.holds else { continue }
            #expect(directive.asksForNothing([holds]), "\(directive.name) \(holds)")
        }
        #expect(Directives.table.allSatisfy { !StoreDirectives.names.contains($0.name) })
    }

    // MARK: - The password of the default user

    /// As Redis 6.2.14, 7.0.15 and Valkey 9.1.2 rewrite a file with a password.
    private static let hashed =
        "user default on #c592df4a86933b92addc9842402ddf198c638ea9be58916ee6e3734e1e3152f8 ~* &* +@all"

    @Test(arguments: ["requirepass \"pw1\"\n\(hashed)", "\(hashed)\nrequirepass pw1"])
    func `the user of a rewritten file is taken by the hash of its password`(lines: String) throws {
        let options = try options(lines)
        #expect(options.password == "pw1" && options.notInForce.isEmpty)
    }

    @Test(arguments: ["requirepass pw2\n", "requirepass \"\"\n", "#\n"])
    func `a hash of another password is refused with its place`(line: String) throws {
        let error = #expect(throws: OptionError.self) { try options("\(line)\(Self.hashed)\n") }
        #expect(error?.place.hasSuffix("node.conf:2") == true)
        #expect(error?.text == "user: its password is not that of requirepass")
    }

    @Test func `a password is text in quotes as the reference writes it`() throws {
        #expect(try options("requirepass \"a \\x62\\\"\\xzz#\"").password == "a b\"xzz#")
        let given = try NodeOptions(arguments: ["--requirepass", "a b", "--primaryauth", "m"])
        #expect(given.password == "a b" && given.masterAuth == "m")
        #expect(given.secrets == ["a b", "m"])
    }

    // MARK: - What does nothing yet

    @Test func `what does nothing yet is kept as it was given, and named`() throws {
        let options = try options(
            "hz 0\nkey-load-delay -5\nenable-debug-assert yes\ncluster-ping-interval 100")
        #expect(options.stored.ticksPerSecond == 1 && options.stored.keyLoadDelay == -5)
        #expect(options.stored.hasDebugAssert)
        #expect(options.withoutEffect == ["hz", "enable-debug-assert"])
        #expect(options.notInForce == ["cluster-ping-interval"])
    }

    @Test(arguments: [
        ("hz x", "argument couldn't be parsed into an integer"),
        ("shutdown-timeout -1", "argument must be between 0 and 2147483647 inclusive"),
        ("repl-diskless-sync maybe", "argument must be 'yes' or 'no'"),
        (
            "loading-process-events-interval-bytes 1023",
            "argument must be between 1024 and 2147483647 inclusive"
        ),
        ("cluster-announce-client-ipv4 ::1", "Invalid IPv4 address"),
        ("cluster-announce-client-ipv6 192.0.2.1", "Invalid IPv6 address"),
        ("cluster-announce-client-port 70000", "argument must be between 0 and 65535 inclusive"),
    ])
    func `a wrong value is refused in the reference's words though it would do nothing`(
        line: String, text: String
    ) throws {
        #expect(refusal(line) == "\(line.prefix { $0 != " " }): \(text)")
    }

    @Test(arguments: [
        ("dir", "/tmp", "can't set protected config"),
        ("enable-debug-assert", "yes", "can't set immutable config"),
        ("cluster-announce-ip", "a b", "cluster-announce-ip contains invalid character"),
        (
            "cluster-announce-ip", String(repeating: "1", count: 46),
            "cluster-announce-ip is too long"
        ),
        ("requirepass", "\u{FFFD}", "argument must be text in UTF-8"),
    ])
    func `CONFIG SET refuses in the words of Valkey 9`(name: String, value: String, text: String) {
        var change = SettingsChange(of: NodeOptions())
        let error = #expect(throws: OptionError.self) { try change.set(name, value) }
        #expect(error?.text == text)
    }

    // MARK: - Files of existing servers

    /// What the stock files of Redis 6.0 to 8.0 and Valkey 7.2 to 9.1 set, with their values.
    static let stock = """
        bind 127.0.0.1 -::1
        protected-mode yes
        tcp-backlog 511
        timeout 0
        tcp-keepalive 300
        daemonize no
        supervised no
        pidfile node.pid
        loglevel notice
        logfile ""
        databases 16
        always-show-logo no
        hide-user-data-from-log yes
        set-proc-title yes
        proc-title-template "{title} {listen-addr} {server-mode}"
        locale-collate ""
        save 900 1
        save 300 10
        stop-writes-on-bgsave-error yes
        rdbcompression yes
        rdbchecksum yes
        rdb-version-check strict
        dbfilename dump.rdb
        rdb-del-sync-files no
        dir ./
        replica-serve-stale-data yes
        replica-read-only yes
        repl-diskless-sync yes
        repl-diskless-sync-delay 5
        repl-diskless-sync-max-replicas 0
        repl-diskless-load disabled
        dual-channel-replication-enabled no
        repl-disable-tcp-nodelay no
        replica-priority 100
        acllog-max-len 128
        lazyfree-lazy-eviction no
        lazyfree-lazy-expire no
        lazyfree-lazy-server-del no
        replica-lazy-flush no
        lazyfree-lazy-user-del no
        lazyfree-lazy-user-flush no
        oom-score-adj no
        oom-score-adj-values 0 200 800
        disable-thp yes
        appendonly no
        appendfilename "appendonly.aof"
        appenddirname "appendonlydir"
        appendfsync everysec
        no-appendfsync-on-rewrite no
        auto-aof-rewrite-percentage 100
        auto-aof-rewrite-min-size 64mb
        aof-load-truncated yes
        aof-use-rdb-preamble yes
        aof-timestamp-enabled no
        lua-time-limit 5000
        cluster-enabled yes
        slowlog-log-slower-than 10000
        slowlog-max-len 128
        commandlog-execution-slower-than 10000
        commandlog-slow-execution-max-len 128
        commandlog-request-larger-than 1048576
        commandlog-large-request-max-len 128
        commandlog-reply-larger-than 1048576
        commandlog-large-reply-max-len 128
        latency-monitor-threshold 0
        notify-keyspace-events ""
        hash-max-ziplist-entries 512
        hash-max-listpack-value 64
        list-max-listpack-size -2
        list-compress-depth 0
        set-max-intset-entries 512
        set-max-listpack-entries 128
        zset-max-listpack-entries 128
        hll-sparse-max-bytes 3000
        stream-node-max-bytes 4096
        stream-node-max-entries 100
        activerehashing yes
        client-output-buffer-limit normal 0 0 0
        client-output-buffer-limit replica 256mb 64mb 60
        client-output-buffer-limit pubsub 32mb 8mb 60
        hz 10
        dynamic-hz yes
        aof-rewrite-incremental-fsync yes
        rdb-save-incremental-fsync yes
        jemalloc-bg-thread yes
        include none-*.conf
        """

    @Test func `a file like the stock ones is taken`() throws {
        let options = try options(Self.stock)
        #expect(options.notInForce.isEmpty)
        #expect(options.bind == ["127.0.0.1", "-::1"] && options.protectedMode)
        #expect(
            options.savePoints == [
                SavePoint(seconds: 900, changes: 1), SavePoint(seconds: 300, changes: 10),
            ])
    }

    @Test(.enabled(if: File.exists("/etc/redis/redis.conf"), "no redis.conf on this machine"))
    func `the file that came with this machine's server is taken, with cluster-enabled`() throws {
        let text = try File.readText("/etc/redis/redis.conf")
        // Its folders are there only where the server was set up.
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("dir ") }
        let options = try options(lines.joined(separator: "\n") + "\ncluster-enabled yes\n")
        #expect(options.protectedMode)
    }

    // MARK: - Included files and folders

    @Test func `include takes patterns, whose files come in order and may be none`() throws {
        let folder = try TemporaryFolder()
        try Folder.make(folder.path(of: "sub/more"))
        func write(_ name: String, _ text: String) throws {
            try File.write(Array(text.utf8), to: folder.path(of: name))
        }
        try write("sub/20.conf", "timeout 20\n")
        try write("sub/10.conf", "timeout 10\ntcp-keepalive 77\n")
        try write("sub/.hidden.conf", "timeout 99\n")
        try write("sub/more/x.conf", "timeout 66\n")
        func read(_ include: String) throws -> [Int] {
            try write("node.conf", "dir \(folder.path)\ninclude \(include)\n")
            let options = try NodeOptions(arguments: [folder.path(of: "node.conf")])
            return [Int(options.clientTimeout ?? 0), Int(options.keepAliveSeconds)]
        }
        #expect(try read("\(folder.path)/sub/*.conf") == [20, 77])
        #expect(try read("sub/*.conf") == [20, 77], "from the folder that dir names")
        #expect(try read("sub/[12]0.conf") == [20, 77])
        #expect(try read("sub/[!2]0.conf") == [10, 77])
        #expect(try read("sub/?0.conf") == [20, 77])
        #expect(try read("sub/*") == [20, 77], "a folder is no file")
        #expect(try read("sub/.*.conf") == [99, 300])
        #expect(try read("*/more/*.conf") == [66, 300])
        #expect(try read("sub/*.none") == [0, 300])
        #expect(try read("none/*.conf") == [0, 300])
        let missing = #expect(throws: OptionError.self) { try read("sub/none.conf") }
        #expect(missing?.text == "cannot be read: No such file or directory")
        let loop = #expect(throws: OptionError.self) { try read("node.con?") }
        #expect(loop?.text == "files include each other")
        try write("sub/30.conf", "\nfrobnicate 1\n")
        let wrong = #expect(throws: OptionError.self) { try read("sub/*.conf") }
        #expect(wrong?.place == "\(folder.path)/sub/30.conf:2")
    }

    @Test func `files are named from the folder that dir names, wherever it stands`() throws {
        let folder = try TemporaryFolder()
        try Folder.make(folder.path(of: "n/m"))
        let options = try options(
            "logfile log.txt\npidfile p\ndir \(folder.path)/./n/\ndir m\nrecord /r\npcap b.pcap\n")
        let place = "\(folder.path)/n/m"
        #expect(options.directory == place)
        #expect(options.path(of: options.logFile) == "\(place)/log.txt")
        #expect(options.path(of: options.pidFile) == "\(place)/p")
        #expect(options.path(of: options.recordFile) == "/r")
        #expect(options.path(of: options.pcapFile) == "\(place)/b.pcap")
        #expect(options.configPath == "\(place)/nodes.conf")
        #expect(options.path(of: "") == "")
        let elsewhere = #expect(throws: OptionError.self) { try self.options("dir none") }
        #expect(elsewhere?.text == "dir: 'none' is not a folder")
    }

    // MARK: - Addresses

    @Test func `localhost is an address to bind, other names are not`() throws {
        #expect(try options("bind localhost ::1").bind == ["localhost", "::1"])
        for word in ["localhost", "LOCALHOST", "-localhost", "127.0.0.1"] {
            let address = BindAddress(word)?.socketAddress(port: 7000)
            #expect(address == .loopback(port: 7000), "\(word)")
        }
        #expect(BindAddress("*")?.socketAddress(port: 1)?.ip == "0.0.0.0")
        #expect(BindAddress("-::*")?.socketAddress(port: 1)?.ip == "::")
        #expect(BindAddress("-::*")?.isOptional == true)
        for word in ["", "-", "nowhere", "localhost.", "127.1", "--::1", "::1%lo"] {
            #expect(BindAddress(word) == nil, "\(word)")
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.66", true), ("::1", true), ("::ffff:127.0.0.1", true),
        ("128.0.0.1", false), ("126.255.255.255", false), ("0.0.0.0", false), ("::", false),
        ("::2", false), ("::ffff:10.0.0.1", false), ("fe80::1", false), ("1::1", false),
        ("192.0.2.1", false), ("::127.0.0.1", false),
    ])
    func `loopback is what only this machine can have`(ip: String, isLoopback: Bool) throws {
        let address = try #require(SocketAddress(ip: ip, port: 1))
        #expect(address.isLoopback == isLoopback)
    }

    // MARK: - Descriptors

    @Test func `clients get what links and files leave of the descriptors`() {
        let budget = DescriptorBudget(limit: 1024)
        #expect(budget.mostClients == 992)
        #expect(budget.clients(wanted: 10_000, nodes: 0) == 992)
        #expect(budget.clients(wanted: 10_000, nodes: 5) == 982)
        #expect(budget.clients(wanted: 100, nodes: 5) == 100)
        #expect(budget.clients(wanted: 10_000, nodes: 494) == 8, "an operator may ask")
        #expect(budget.clients(wanted: 10_000, nodes: 20_000) == 8)
        #expect(DescriptorBudget(limit: 64).clients(wanted: 10_000, nodes: 7) == 18)
        #expect(DescriptorBudget(limit: 33).clients(wanted: 10_000, nodes: 7) == 1)
        #expect(budget.mostStrangers == 124 && DescriptorBudget(limit: 64).mostStrangers == 8)
    }
}
