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
          --protected-mode yes|no         refuse clients of other machines while there is no password,
                                          default yes
          --requirepass PASSWORD          what clients have to say
          --masterauth PASSWORD           what a replica says to its master; --masteruser NAME as whom
          --dir FOLDER                    where files are kept, default the current folder; all other
                                          files are named from there
          --cluster-config-file NAME      the file with the state of the cluster, default nodes.conf
          --cluster-node-timeout MS       silence after which a node is marked PFAIL, default 15000
          --cluster-announce-ip IP        said to others in place of what they see
          --cluster-announce-port N       the same for the port; -bus-port for that of the bus
          --cluster-announce-hostname H   a name for clients; -human-nodename for people
          --cluster-replica-validity-factor N, --cluster-replica-no-failover yes|no,
          --cluster-migration-barrier N, --cluster-allow-replica-migration yes|no,
          --cluster-require-full-coverage yes|no, --cluster-manual-failover-timeout MS,
          --cluster-blacklist-ttl SECONDS, --cluster-link-sendbuf-limit BYTES
                                          as in redis.conf
          --repl-timeout SECONDS, --repl-backlog-size BYTES, --replica-serve-stale-data yes|no,
          --min-replicas-to-write N, --replica-announce-ip IP, --replica-announce-port N
                                          of replication, as in redis.conf
          --failover-without-copy yes|no  stand for election without a copy of the keys, default no
          --cluster-refuse-merge yes|no   refuse a MEET by which two clusters would become one, default no
          --cluster-light-publish yes|no  let Valkey 8 and later send publications in the short
                                          form, default yes
          --daemonize yes|no              go on in the background once it has started
          --supervised HOW                no, systemd, upstart or auto
          --loglevel LEVEL                debug, verbose, notice, warning or nothing; default notice
          --logfile FILE                  default standard output
          --pidfile FILE                  holds the number of the process while it runs
          --maxclients N, --tcp-backlog N, --tcp-keepalive SECONDS
          --record FILE                   write each input and what the rules made of it,
                                          for grapevine replay FILE
          --pcap FILE                     write the traffic on the bus as a capture
          --force                         --record and --pcap may write over files
          --help                          show this text

        Directives that say how well a data store works are taken and have no effect. Those that promise
        what is not built, such as users, TLS or keys on disk, are refused. A password among the arguments
        is in the list of processes until it has been read: better is a FILE that others cannot read.

        """

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words == ["-h"] {
            StandardStream.output.write(help)
            return 0
        }
        do throws(OptionError) {
            let options = try NodeOptions(arguments: words)
            for secret in options.secrets { Program.hideArgument(secret) }
            let supervisor = NodeSupervisor(options)
            if options.daemonizes && supervisor.kind == nil { return background(options) }
            return start(options, supervisor)
        } catch {
            complain("node", "\(error)")
            return 2
        }
    }

    private static func start(_ options: NodeOptions, _ supervisor: NodeSupervisor) -> Int32 {
        do throws(StartError) {
            let node = try Node(options)
            supervisor.tell(node)
            node.run()
            return ended(node)
        } catch {
            complain("node", "\(error)")
            return 2
        }
    }

    /// What is left to do when a node has let go: DEBUG RESTART has the program begin again.
    private static func ended(_ node: Node) -> Int32 {
        guard let delay = node.restartsAfter else { return 0 }
        SystemClock.sleep(milliseconds: delay)
        complain("node", "it cannot start again: \(Program.startAgain())")
        return 2
    }

    /// The node goes on in a child; this process ends once it is known how its start went.
    private static func background(_ options: NodeOptions) -> Int32 {
        do throws(SystemError) {
            let side = try Background()
            if !side.isCaller { return startDetached(options, side) }
            guard let problem = side.outcome() else { return 0 }
            complain("node", problem)
        } catch {
            complain("node", "it cannot go into the background: \(error)")
        }
        return 2
    }

    private static func startDetached(
        _ options: NodeOptions, _ side: consuming Background
    ) -> Int32 {
        do throws(StartError) {
            let node = try Node(options)
            side.report(nil)
            node.run()
            return ended(node)
        } catch {
            side.report("\(error)")
            return 2
        }
    }
}

/// Whoever is to be told that a node has started.
private struct NodeSupervisor {
    /// nil for nobody.
    private(set) var kind: Supervision?
    /// What was asked for and is not there.
    private var problem: String?

    init(_ options: NodeOptions) {
        let hasJob = Environment.value(Supervisor.jobVariable) != nil
        let hasSocket = Environment.value(Supervisor.socketVariable) != nil
        switch options.supervision {
        case .none: break
        case .auto: kind = hasJob ? .upstart : hasSocket ? .systemd : nil
        case .upstart: kind = hasJob ? .upstart : nil
        case .systemd: kind = hasSocket ? .systemd : nil
        }
        if kind == nil && [.upstart, .systemd].contains(options.supervision) {
            problem = "supervised \(options.supervision.rawValue): no supervisor is there"
        }
    }

    func tell(_ node: Node) {
        if let problem { node.warn(problem) }
        switch kind {
        case .upstart: Supervisor.stopUntilResumed()
        case .systemd:
            do throws(SystemError) {
                try Supervisor.notify("STATUS=Ready to accept connections\nREADY=1\n")
            } catch {
                node.warn("systemd cannot be told that the node has started: \(error)")
            }
        case .none?, .auto?, nil: break
        }
    }
}
