// `grapevine node`: one node, with the directives of redis.conf from a file, from arguments, or both.
// Called under the name of a server of the reference, through a symbolic link, the program is this.

import ClusterNode
import SystemIO

enum NodeCommand {
    static let command = Command(
        name: "node", summary: "Runs one node of a cluster.",
        operands: "[FILE] [--DIRECTIVE VALUE...]...", options: [], runRaw: { run($0) },
        run: { _ in 0 })

    private static let help = """
        Usage: grapevine node [FILE] [--DIRECTIVE VALUE...]...

        Runs one node. Directives are those of redis.conf, from FILE, from arguments, or both.

          --port N                        port for clients, default 6379
          --cluster-port N                port of the bus, default port + 10000
          --bind ADDRESS...               addresses to listen on, default 127.0.0.1
          --dir FOLDER                    where files are kept, default the current folder
          --cluster-config-file NAME      what must not be forgotten, default nodes.conf
          --cluster-node-timeout MS       silence after which a node is suspected, default 15000
          --cluster-announce-ip IP        said to others in place of what they see
          --cluster-announce-port N       the same for the port; -bus-port for that of the bus
          --cluster-announce-hostname H   a name for clients; -human-nodename for people
          --cluster-replica-validity-factor N, --cluster-replica-no-failover yes|no,
          --cluster-migration-barrier N, --cluster-allow-replica-migration yes|no,
          --cluster-require-full-coverage yes|no, --cluster-manual-failover-timeout MS,
          --cluster-blacklist-ttl SECONDS, --cluster-link-sendbuf-limit BYTES
                                          as in redis.conf
          --failover-without-copy yes|no  stand although no copy of the keys is held, default no
          --cluster-refuse-merge yes|no   refuse a MEET that would merge two clusters, default no
          --cluster-light-publish yes|no  let Valkey 8 and later send publications in the short
                                          form, default yes
          --loglevel LEVEL                debug, verbose, notice, warning or nothing; default notice
          --logfile FILE                  default standard output
          --pidfile FILE, --maxclients N, --tcp-backlog N, --tcp-keepalive SECONDS
          --record FILE                   write each input and what the rules made of it,
                                          for grapevine replay FILE
          --pcap FILE                     write the traffic on the bus as a capture
          --help                          show this text

        Directives that concern only a data store are taken and have no effect.

        """

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words == ["-h"] {
            StandardStream.output.write(help)
            return 0
        }
        do throws(OptionError) {
            let options = try NodeOptions(arguments: words)
            return start(options)
        } catch {
            complain("node", "\(error)")
            return 2
        }
    }

    private static func start(_ options: NodeOptions) -> Int32 {
        do throws(StartError) {
            try Node(options).run()
            return 0
        } catch {
            complain("node", "\(error)")
            return 2
        }
    }
}
