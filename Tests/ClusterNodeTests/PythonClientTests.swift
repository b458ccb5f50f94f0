// A cluster client that nobody here wrote: redis-py's RedisCluster, which reads and writes before,
// during and after a failover. It is installed into a temporary folder for the test.

import Interop
import SystemIO
import TestSupport
import Testing

enum PythonClient {
    /// Holds the packages, for as long as the process lives.
    final class Packages: Sendable {
        let folder: TemporaryFolder
        init(_ folder: consuming TemporaryFolder) { self.folder = folder }
    }

    static let python = ProgramSearch.find("python3").map { Tool(path: $0) }

    /// redis-py; nil where it cannot be had.
    static let packages: Packages? = {
        guard let python, let folder = try? TemporaryFolder() else { return nil }
        let words = [
            "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target",
            folder.path, "redis",
        ]
        guard let (_, status) = try? python.run(words, milliseconds: 60_000),
            status == .exited(0)
        else { return nil }
        return Packages(folder)
    }()

    static let missing: Comment = "python3, pip or PyPI is out of reach: redis-py cannot be had"

    static let script = """
        import os, signal, sys, time
        sys.path.insert(0, sys.argv[1])
        from redis.cluster import RedisCluster
        from redis.exceptions import RedisError
        port, victim = int(sys.argv[2]), int(sys.argv[3])
        client = RedisCluster(host="127.0.0.1", port=port, socket_timeout=2)
        keys = ["key:%d" % n for n in range(200)]
        def round(word):
            for key in keys: assert client.set(key, word + key), key
            for key in keys: assert client.get(key).decode() == word + key, key
        round("before ")
        assert client.mget_nonatomic(keys[:20])[3].decode() == "before " + keys[3]
        pipe = client.pipeline()
        for key in keys: pipe.incr("n" + key)
        assert pipe.execute() == [1] * len(keys)
        os.kill(victim, signal.SIGKILL)
        killed, failed = time.time(), 0
        while True:
            try:
                round("during ")
                break
            except (RedisError, OSError) as error:
                failed += 1
                assert time.time() - killed < 30, repr(error)
                time.sleep(0.05)
        print("%.2f s, %d rounds failed" % (time.time() - killed, failed))
        round("after ")
        print("done")
        """
}

extension LiveTests {
    @Suite(.serialized, .enabled(if: PythonClient.packages != nil, PythonClient.missing))
    struct PythonClientTests {
        @Test func `redis-py reads and writes before, during and after a failover`() throws {
            let cluster = try MixedCluster(
                Array(repeating: try Live.ours(), count: 6),
                nodeTimeoutMilliseconds: Live.nodeTimeout)
            try cluster.form(cluster.nodes, masters: 3)
            let folder = try TemporaryFolder()
            let script = folder.path(of: "client.py")
            try File.write(Array(PythonClient.script.utf8), to: script)
            let packages = try #require(PythonClient.packages)
            let python = try #require(PythonClient.python)
            let (output, status) = try python.run([
                script, packages.folder.path, "\(cluster.nodes[0].port)",
                "\(cluster.nodes[1].processID)",
            ])
            #expect(status == .exited(0) && output.contains("done"), "\(output)")
            print("redis-py, from kill to a whole round: \(output)")
        }
    }
}
