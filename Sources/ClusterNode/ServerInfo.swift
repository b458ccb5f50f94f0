// INFO, as cluster tools read it.

import ClusterCore
import ClusterWire
import SystemIO

enum ServerInfo {
    /// The version whose commands are answered here: tools decide by it what they may ask.
    static let redisVersion = "7.2.0"
    package static let grapevineVersion = "0.1.0"

    /// The sections asked for; all of them when none is named.
    static func text(_ node: Node, sections: [String]) -> String {
        let all = [
            ("server", server(node)), ("clients", clients(node)), ("memory", memory()),
            ("replication", replication(node)), ("cluster", [("cluster_enabled", "1")]),
            ("keyspace", []),
        ]
        let wantsAll =
            sections.isEmpty || !Set(sections).isDisjoint(with: ["all", "everything", "default"])
        return
            all.filter { wantsAll || sections.contains($0.0) }
            .map { name, lines in
                let title = name.prefix(1).uppercased() + name.dropFirst()
                return "# \(title)\r\n" + lines.map { "\($0.0):\($0.1)\r\n" }.joined()
            }.joined(separator: "\r\n")
    }

    private static func server(_ node: Node) -> [(String, String)] {
        let uptime = (node.now.wall - node.startedAt) / 1000
        return [
            ("redis_version", redisVersion), ("grapevine_version", grapevineVersion),
            ("redis_mode", "cluster"), ("process_id", "\(ProcessInformation.ownID)"),
            ("run_id", node.runID), ("tcp_port", "\(node.options.port)"),
            ("uptime_in_seconds", "\(uptime)"), ("uptime_in_days", "\(uptime / 86_400)"),
        ]
    }

    private static func clients(_ node: Node) -> [(String, String)] {
        [
            ("connected_clients", "\(node.clients.count)"),
            ("cluster_connections", "\(2 * (node.machine.state.nodes.count - 1))"),
            ("maxclients", "\(node.options.maxClients)"),
        ]
    }

    private static func memory() -> [(String, String)] {
        let bytes = ProcessInformation.residentBytes()
        return [("used_memory", "\(bytes)"), ("used_memory_rss", "\(bytes)")]
    }

    private static func replication(_ node: Node) -> [(String, String)] {
        let state = node.machine.state
        var lines: [(String, String)] = []
        if let id = state.me.master {
            let address = state.nodes.find(id).map { state.nodes[$0].address } ?? .none
            lines += [
                ("role", Word.replica), ("master_host", address.ip.text),
                ("master_port", "\(address.port)"), ("master_link_status", "down"),
                ("slave_repl_offset", "\(state.me.offset)"),
                ("grapevine_copy", state.store.copyAge == nil ? "none" : "held"),
            ]
        } else {
            lines += [("role", Word.master)]
        }
        lines += [
            ("connected_slaves", "0"), ("master_replid", node.runID),
            ("master_repl_offset", "\(state.me.offset)"),
        ]
        return lines
    }
}

/// CLUSTER LINKS: the connections, each with the node it belongs to.
enum LinksReport {
    static func reply(_ node: Node) -> AdminReply {
        let state = node.machine.state
        var list: [AdminReply] = []
        for handle in state.nodes.handles {
            let known = state.nodes[handle]
            for (direction, id) in [("to", known.outbound.id), ("from", known.inbound)] {
                guard let id, let link = node.links[id: id] else { continue }
                list.append(
                    .map([
                        ("direction", .bulk(direction)), ("node", .bulk(known.id.description)),
                        ("create-time", .integer(link.createdAt)),
                        ("events", .bulk(link.wantsWrite ? "rw" : "r")),
                        ("send-buffer-allocated", .integer(Int64(link.queuedBytes))),
                        ("send-buffer-used", .integer(Int64(link.queuedBytes))),
                    ]))
            }
        }
        return .list(list)
    }
}
