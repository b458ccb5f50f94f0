// `grapevine replay` from outside: the table, its JSON, and what it says to captures that are none.

import Foundation
import Testing

@Suite struct ReplayTests {
    private func json(_ said: Said) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(said.output.utf8)) as? [String: Any])
    }

    @Test func `the topology as JSON has the documented keys and no others`() throws {
        let said = try Grapevine.run("replay", "valkey-8.1.1-kill-master.pcap", "--json")
        #expect(said.status == 0 && said.errors.isEmpty)
        let root = try json(said)
        #expect(Set(root.keys) == ["currentEpoch", "nodes"])
        #expect(root["currentEpoch"] as? Int == 11)
        let nodes = try #require(root["nodes"] as? [[String: Any]])
        #expect(nodes.count == 6)
        let keys: Set = [
            "id", "role", "replicaOf", "address", "busPort", "configEpoch", "slots", "flags",
            "lastSeen",
        ]
        for node in nodes { #expect(Set(node.keys) == keys) }
        let ids = nodes.compactMap { $0["id"] as? String }
        #expect(ids == ids.sorted())
        let dead = try #require(nodes.first { $0["address"] as? String == "127.0.0.1:21000" })
        #expect(dead["flags"] as? [String] == ["master", "fail"])
        #expect(dead["slots"] as? [[Int]] == [])
        let successor = try #require(nodes.first { $0["address"] as? String == "127.0.0.1:21003" })
        #expect(successor["slots"] as? [[Int]] == [[0, 5460], [12182, 12182]])
        #expect(successor["role"] as? String == "master")
        #expect(successor["replicaOf"] is NSNull)
        #expect(successor["configEpoch"] as? Int == 11)
    }

    @Test func `the table names each node, its role and what it serves`() throws {
        let said = try Grapevine.run("replay", "valkey-8.1.1-kill-master.pcap")
        #expect(said.status == 0)
        #expect(said.lines.first == "4 masters, 2 replicas, currentEpoch 11")
        #expect(said.lines.contains { $0.hasSuffix("fail   no slots") })
        #expect(
            said.lines.contains {
                $0.hasPrefix("45cd0affad797fc8ffc475098e07d3fce1ef7af6")
                    && $0.hasSuffix("of 9ab02c2ccb88c09f6a0f9a8ccad647331dca43e7")
            })
    }

    @Test func `one node is played by our rules, and what was compared is counted`() throws {
        let said = try Grapevine.run(
            "replay", "valkey-8.1.1-kill-master.pcap", "--as", "23ff479c", "--json")
        #expect(said.status == 0 && said.errors.isEmpty, "\(said.output)")
        let root = try json(said)
        #expect(
            Set(root.keys) == ["node", "inputs", "compared", "notCompared", "differences"])
        #expect(root["node"] as? String == "23ff479c164b158def8303a38cedda7f228ac3d1")
        #expect((root["differences"] as? [Any])?.isEmpty == true)
        let compared = try #require(root["compared"] as? [String: Int])
        for kind in ["role", "slots", "configEpoch", "currentEpoch", "failure flag"] {
            #expect((compared[kind] ?? 0) > 0, "\(kind)")
        }
        #expect(compared["vote request"] == 4)
        let all = try Grapevine.run("replay", "valkey-8.1.1-kill-master.pcap", "--as", "all")
        #expect(all.status == 0)
        #expect(all.lines.filter { $0.hasSuffix("no difference") }.count == 5)
    }

    @Test(arguments: [
        (["--as", "zzzz"], "no node of the capture begins with zzzz"),
        (["--as", "371affc8"], "never speaks in this capture"),
        (["--as", "23ff", "--node-timeout", "x"], "--node-timeout must be a number"),
    ])
    func `a node that cannot be played is refused`(words: [String], what: String) throws {
        let said = try Grapevine.run(["replay", "valkey-8.1.1-kill-master.pcap"] + words)
        #expect(said.status == 2 && said.errors.contains(what), "\(said.errors)")
    }
}
