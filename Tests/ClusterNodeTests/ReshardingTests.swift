// Slots that move with their keys while a cluster client that nobody here wrote reads and writes them: no key is
// lost, and the client sees nothing but redirections, which it follows by itself.

import Interop
import SystemIO
import TestSupport
import Testing

extension LiveTests {
    @Suite(.serialized, .enabled(if: PythonClient.packages != nil, PythonClient.missing))
    struct ReshardingTests {
        /// Fills a cluster, lets redis-cli move slots under load there and back, and counts.
        private static let script = """
            import logging, random, subprocess, sys, threading
            logging.disable(logging.CRITICAL)
            sys.path.insert(0, sys.argv[1])
            from redis import Redis
            from redis.cluster import RedisCluster
            cli, first, second = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
            nodes = [Redis(port=port) for port in (first, second)]
            ids = [node.execute_command("CLUSTER", "MYID").decode() for node in nodes]
            client = RedisCluster(host="127.0.0.1", port=first, socket_timeout=10)
            values = {"key:%d" % n: "value:%d" % n for n in range(3000)}
            for n, (key, value) in enumerate(values.items()):
                client.set(key, value, px=10**9 if n % 5 == 0 else None)
            stopped, errors, count = False, [], [0]
            def load(seed):
                pick = random.Random(seed)
                own = RedisCluster(host="127.0.0.1", port=first, socket_timeout=10)
                keys = [key for n, key in enumerate(values) if n % 3 == seed]
                while not stopped:
                    key = pick.choice(keys)
                    try:
                        if pick.random() < 0.5:
                            value = "written:%d" % pick.randrange(10**9)
                            own.set(key, value)
                            values[key] = value
                        elif own.get(key).decode() != values[key]:
                            errors.append("wrong value of " + key)
                        count[0] += 1
                    except Exception as error:
                        errors.append(repr(error))
            threads = [threading.Thread(target=load, args=(seed,)) for seed in range(3)]
            for thread in threads: thread.start()
            def reshard(source, target):
                words = [cli, "--cluster", "reshard", "127.0.0.1:%d" % first, "--cluster-from", source,
                    "--cluster-to", target, "--cluster-slots", "100", "--cluster-yes"]
                done = subprocess.run(words, capture_output=True, text=True, timeout=100)
                assert done.returncode == 0, done.stdout[-2000:]
            try:
                reshard(ids[0], ids[1])
                reshard(ids[1], ids[0])
            finally:
                stopped = True
                for thread in threads: thread.join()
            assert not errors, errors[:3]
            assert sum(node.dbsize() for node in nodes) == len(values)
            for key, value in values.items(): assert client.get(key).decode() == value, key
            print("%d requests meanwhile, done" % count[0])
            """

        private func run(_ first: ServerProgram, _ second: ServerProgram) throws {
            let cluster = try MixedCluster(
                [first, second], nodeTimeoutMilliseconds: 2000)
            try cluster.form(cluster.nodes, masters: 2)
            let folder = try TemporaryFolder()
            let script = folder.path(of: "resharding.py")
            try File.write(Array(Self.script.utf8), to: script)
            let packages = try #require(PythonClient.packages)
            let python = try #require(PythonClient.python)
            let (output, status) = try python.run([
                script, packages.folder.path, try #require(Live.redisCLI),
                "\(cluster.nodes[0].port)", "\(cluster.nodes[1].port)",
            ])
            #expect(status == .exited(0) && output.contains("done"), "\(output)")
        }

        @Test(.enabled(if: Live.redisCLI != nil, Tool.noCLI))
        func `slots of ours move under load, and no key is lost`() throws {
            try run(try Live.ours(), try Live.ours())
        }

        @Test(.enabled(if: Live.redis != nil && Live.redisCLI != nil, Live.noRedis))
        func `slots move between ours and theirs under load, and no key is lost`() throws {
            try run(try Live.ours(), try Live.theirs())
        }
    }
}
