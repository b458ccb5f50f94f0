// What a cluster looks like when each of its nodes is asked: one row a node as the first one lists
// them, who cannot be reached, and in what any two differ. How it is shown is for the command line.

import ClusterWire
import RESP
package import SystemIO

/// One node as the cluster sees it.
package struct SurveyedNode: Sendable {
    /// As the node that was asked first lists it.
    package var row: ClusterNodesRow
    /// How long a PING from here took; nil when it did not answer.
    package var pingMilliseconds: Double?
    /// What it says when it is asked itself; nil when it did not answer.
    package var own: [ClusterNodesRow]?
    /// Why it did not, in its own words, when it refused to.
    package var refusal: String?
    /// "ok" or "fail", as it says itself.
    package var state: String?
    package var currentEpoch: UInt64?
}

/// Two nodes that say different things.
package struct Disagreement: Equatable, Sendable {
    /// The ids of the two.
    package var between: [String]
    /// The id of the node it is about.
    package var about: String
    package var first: String
    package var second: String
}

/// All nodes, asked one after the other.
package struct ClusterSurvey: Sendable {
    package var nodes: [SurveyedNode]
    package var disagreements: [Disagreement]
    package var isServing: Bool
    package var currentEpoch: UInt64

    /// Every slot is served, every node lives and all say the same.
    package var isHealthy: Bool {
        isServing && disagreements.isEmpty
            && nodes.allSatisfy { $0.own != nil && !$0.row.isFailing }
            && nodes.reduce(0) { $0 + ($1.row.isMaster ? $1.row.slotCount : 0) }
                == Layout.slotCount
    }

    private static let disagreementLimit = 1000

    /// Asks the node at an address, then every node that it lists.
    ///
    /// - Throws: why the first one cannot be asked, or does not say.
    package init(
        from address: SocketAddress, timeoutMilliseconds: Int, as credentials: Credentials? = nil
    ) throws(AdminClientError) {
        let client = try AdminClient(
            address, timeoutMilliseconds: timeoutMilliseconds, as: credentials)
        let rows = try Self.rows(client)
        nodes = []
        for row in rows {
            nodes.append(
                Self.ask(
                    row, seenAt: address, timeoutMilliseconds: timeoutMilliseconds, credentials))
        }
        nodes.sort { $0.row.id < $1.row.id }
        disagreements = []
        isServing =
            nodes.contains { $0.state == "ok" }
            && nodes.allSatisfy { $0.state == nil || $0.state == "ok" }
        currentEpoch = nodes.compactMap(\.currentEpoch).max() ?? 0
        disagreements = Self.compare(nodes)
    }

    private static func rows(
        _ client: AdminClient
    ) throws(AdminClientError) -> [ClusterNodesRow] {
        let reply = try client.send(["CLUSTER", "NODES"])
        if let error = reply.errorText { throw .refused(error) }
        do throws(ClusterNodesError) {
            return try ClusterNodesText.parse(reply.string ?? "")
        } catch {
            throw .unexpected("CLUSTER NODES: \(error)")
        }
    }

    private static func ask(
        _ row: ClusterNodesRow, seenAt address: SocketAddress, timeoutMilliseconds: Int,
        _ credentials: Credentials?
    ) -> SurveyedNode {
        var node = SurveyedNode(row: row)
        // A node that does not know its own address prints none: it is the one that was asked.
        let ip = row.ip.isEmpty ? address.ip : row.ip
        guard let target = SocketAddress(ip: ip, port: UInt16(clamping: row.port)),
            row.port > 0
        else { return node }
        do throws(AdminClientError) {
            let client = try AdminClient(
                target, timeoutMilliseconds: timeoutMilliseconds, as: credentials)
            let start = SystemClock.monotonicNanoseconds()
            _ = try client.send(["PING"])
            node.pingMilliseconds =
                Double(SystemClock.monotonicNanoseconds() - start) / 1_000_000
            node.own = try rows(client)
            let info = try client.send(["CLUSTER", "INFO"]).string ?? ""
            node.state = field("cluster_state", in: info)
            node.currentEpoch = field("cluster_current_epoch", in: info).flatMap { UInt64($0) }
        } catch {
            node.own = nil
            if case .refused(let words) = error { node.refusal = words }
        }
        return node
    }

    private static func field(_ name: String, in info: String) -> String? {
        info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(name):") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    /// What each says of each, against what that one says of itself.
    private static func compare(_ nodes: [SurveyedNode]) -> [Disagreement] {
        var found: [Disagreement] = []
        for subject in nodes {
            guard let own = subject.own?.first(where: \.isMyself) else { continue }
            let truth = summary(own)
            for speaker in nodes where speaker.row.id != subject.row.id {
                guard let listed = speaker.own else { continue }
                let said = listed.first { $0.id == subject.row.id }.map(summary) ?? "not known"
                guard said != truth, found.count < disagreementLimit else { continue }
                found.append(
                    Disagreement(
                        between: [subject.row.id, speaker.row.id], about: subject.row.id,
                        first: truth, second: said))
            }
        }
        return found
    }

    /// Role, master, epoch, slots and failure, as words.
    private static func summary(_ row: ClusterNodesRow) -> String {
        var words = [
            row.isMaster
                ? "master" : row.isReplica ? "slave of \(row.master ?? "nobody")" : "in handshake"
        ]
        words.append("epoch \(row.configEpoch)")
        if !row.slots.isEmpty { words.append("slots \(row.slotsText)") }
        if row.isFail { words.append("fail") }
        if row.isPFail { words.append("fail?") }
        return words.joined(separator: ", ")
    }
}
