// `grapevine launch`: a cluster of real node processes in the foreground, until it is interrupted.

import Interop
import SystemIO

enum LaunchCommand {
    static let command = Command(
        name: "launch", summary: "Runs a cluster of nodes until interrupted.",
        operands: "",
        options: [
            Option("--masters", value: "N", "masters, default 3"),
            Option("--replicas", value: "N", "replicas of each master, default 1"),
            Option("--base-port", value: "PORT", "port of the first node, default 7000"),
            Option("--dir", value: "FOLDER", "where the nodes keep their files, default temporary"),
            ClusterOptions.nodeTimeout("silence after which a node is marked PFAIL, default 5000"),
            Option("--password", value: "TEXT", "what the nodes ask of clients, default nothing"),
        ],
        run: { arguments throws(UsageError) in
            guard arguments.operands.isEmpty else {
                throw UsageError("no operand is wanted, not \(arguments.operands[0])")
            }
            let plan = Plan(
                masters: try arguments.number("--masters", in: 1...500, default: 3),
                replicas: try arguments.number("--replicas", in: 0...10, default: 1),
                basePort: try arguments.number("--base-port", in: 1...55_535, default: 7000),
                folder: arguments.value("--dir"), password: arguments.value("--password"),
                timeout: try ClusterOptions.nodeTimeout(
                    arguments, in: 1...86_400_000, default: 5000))
            if let password = plan.password {
                guard !password.isEmpty, !password.hasPrefix("--") else {
                    throw UsageError("--password must not be empty, nor begin with --")
                }
                Program.hideArgument(password)
            }
            guard plan.basePort + plan.count <= 55_536 else {
                throw UsageError("\(plan.count) nodes from port \(plan.basePort) pass port 55535")
            }
            do throws(InteropError) {
                return try launch(plan)
            } catch {
                complain("launch", "\(error)")
                return 2
            }
        })

    private struct Plan {
        var masters: Int
        var replicas: Int
        var basePort: Int
        var folder: String?
        var password: String?
        var timeout: Int
        var count: Int { masters * (replicas + 1) }
    }

    private static func launch(_ plan: Plan) throws(InteropError) -> Int32 {
        let wasThere = plan.folder.map { File.exists("\($0)/\(plan.basePort)/nodes.conf") } ?? false
        let local = try LocalCluster(
            nodeTimeout: plan.timeout, folder: plan.folder, basePort: plan.basePort,
            password: plan.password
        ) { Array(repeating: $0, count: plan.count) }
        let cluster = local.cluster
        if !wasThere { try cluster.form(cluster.nodes, masters: plan.masters) }
        let last = plan.basePort + plan.count - 1
        StandardStream.output.write(
            """
            \(plan.count) nodes on 127.0.0.1, ports \(plan.basePort) to \(last), in \(cluster.path)
            Try:  grapevine status 127.0.0.1:\(plan.basePort)
                  redis-cli -c -p \(plan.basePort) cluster nodes
            Interrupt to end them.

            """)
        // A node that ends is told of.
        var gone: Set<Int> = []
        local.waitForInterrupt {
            for node in cluster.nodes where node.exitStatus != nil {
                if gone.insert(node.port).inserted {
                    complain("launch", "\(node.name) has ended; its log is \(node.logPath)")
                }
            }
        }
        return 0
    }
}
