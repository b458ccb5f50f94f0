// `grapevine status`: every node asked, one table, and who disagrees with whom about what.

import ClusterClient
import Interop
import RESP
import SystemIO
import Text

enum StatusCommand {
    static let command = Command(
        name: "status", summary: "Asks every node of a cluster and shows one table.",
        operands: "HOST:PORT",
        options: [
            Option("--json", "one JSON object"),
            Option("--watch", "again each second until interrupted"),
            Option("--timeout", value: "MS", "how long to wait for each node, default 1000"),
        ] + Login.options,
        notes: ["Exit status 1 when the cluster is not healthy."] + Login.notes,
        run: { arguments throws(UsageError) in
            let place = try arguments.single("HOST:PORT")
            guard let address = SocketAddress(text: place) else {
                throw UsageError(
                    "'\(place)' is not an address: write 127.0.0.1:7000; names are not looked up")
            }
            let timeout = try arguments.number("--timeout", in: 1...600_000, default: 1000)
            let isWatching = arguments.has("--watch")
            let login = try Login.credentials(arguments)
            while true {
                let status = show(address, timeout, login, arguments.has("--json"), isWatching)
                guard isWatching else { return status }
                SystemClock.sleep(milliseconds: 1000)
            }
        })

    private static func show(
        _ address: SocketAddress, _ timeout: Int, _ login: Credentials?, _ asJSON: Bool,
        _ isWatching: Bool
    ) -> Int32 {
        do throws(AdminClientError) {
            let survey = try ClusterSurvey(
                from: address, timeoutMilliseconds: timeout, as: login)
            if asJSON {
                StandardStream.output.write(StatusJSON.bytes(survey))
            } else {
                let isTerminal = StandardStream.output.isTerminal
                // Home and clear, so that a watched table stays in place.
                let start = isWatching && isTerminal ? "\u{1B}[H\u{1B}[2J" : ""
                StandardStream.output.write(
                    start + StatusText.table(survey, colour: Colour.isWanted))
            }
            return survey.isHealthy ? 0 : 1
        } catch {
            complain("status", "\(address): \(error)")
            return 2
        }
    }
}

/// Colour only for a person who wants it.
enum Colour {
    static var isWanted: Bool {
        StandardStream.output.isTerminal && (Environment.value("NO_COLOR") ?? "").isEmpty
    }

    static func green(_ text: String, _ isWanted: Bool) -> String { paint(text, "32", isWanted) }
    static func red(_ text: String, _ isWanted: Bool) -> String { paint(text, "31", isWanted) }

    private static func paint(_ text: String, _ code: String, _ isWanted: Bool) -> String {
        isWanted ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// A survey as a table.
enum StatusText {
    static func table(_ survey: ClusterSurvey, colour: Bool) -> String {
        let state = survey.isServing ? Colour.green("ok", colour) : Colour.red("fail", colour)
        let healthy =
            survey.isHealthy
            ? Colour.green("healthy", colour) : Colour.red("not healthy", colour)
        var text = "state \(state), epoch \(survey.currentEpoch), \(survey.nodes.count) nodes: "
        text += "\(healthy)\n\n"
        var rows = [["node", "address", "role", "epoch", "slots", "flags", "ping ms", "view"]]
        for node in ordered(survey.nodes) {
            rows.append(cells(node, survey).map(PrintableText.line))
        }
        let widths = rows[0].indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        for row in rows {
            let padded = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        for node in survey.nodes {
            guard let refusal = node.refusal else { continue }
            text += PrintableText.line("\(short(node.row.id)) refuses: \(refusal)") + "\n"
        }
        if !survey.disagreements.isEmpty { text += "\n" }
        for item in survey.disagreements.prefix(20) {
            let line =
                "\(short(item.between[0])) says of itself: \(item.first); "
                + "\(short(item.between[1])) says: \(item.second)"
            text += PrintableText.line(line) + "\n"
        }
        if survey.disagreements.count > 20 {
            text += "and \(survey.disagreements.count - 20) more disagreements\n"
        }
        return text
    }

    /// Masters in the order of their slots, each followed by its replicas.
    private static func ordered(_ nodes: [SurveyedNode]) -> [SurveyedNode] {
        func first(_ node: SurveyedNode) -> Int {
            let masterSlots = nodes.first { $0.row.id == node.row.master }?.row.slots
            return (node.row.isMaster ? node.row.slots : masterSlots ?? []).first?.lowerBound
                ?? Int.max
        }
        return nodes.sorted {
            (first($0), $0.row.isMaster ? 0 : 1, $0.row.port)
                < (first($1), $1.row.isMaster ? 0 : 1, $1.row.port)
        }
    }

    private static func cells(_ node: SurveyedNode, _ survey: ClusterSurvey) -> [String] {
        let row = node.row
        let role =
            row.isMaster
            ? "master" : row.isReplica ? "  of \(short(row.master ?? "nobody"))" : "-"
        let plain: Set<String> = ["myself", "master", "slave"]
        let flags = row.flags.filter { !plain.contains($0) }.joined(separator: ",")
        return [
            short(row.id), "\(row.ip):\(row.port)", role, "\(row.configEpoch)",
            row.slots.isEmpty ? "-" : row.slotsText, flags.isEmpty ? "-" : flags,
            node.pingMilliseconds.map { Decimals.text($0, 2) } ?? "-", view(node, survey),
        ]
    }

    static func view(_ node: SurveyedNode, _ survey: ClusterSurvey) -> String {
        if node.own == nil { return node.refusal == nil ? "unreachable" : "refuses" }
        return survey.disagreements.contains { $0.between[1] == node.row.id }
            ? "disagrees" : "agrees"
    }

    static func short(_ id: String) -> String { String(id.prefix(8)) }
}

/// A survey as JSON.
enum StatusJSON {
    static func bytes(_ survey: ClusterSurvey) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.field("healthy", survey.isHealthy)
            json.field("state", survey.isServing ? "ok" : "fail")
            json.field("currentEpoch", survey.currentEpoch)
            json.list("nodes") { json in
                for node in survey.nodes { write(node, survey, &json) }
            }
            json.list("disagreements") { json in
                for item in survey.disagreements { write(item, &json) }
            }
        }
        json.endLine()
        return json.bytes
    }

    private static func write(_ item: Disagreement, _ json: inout JSONText) {
        json.object { json in
            json.field("between", item.between)
            for (key, value) in [
                ("about", item.about), ("first", item.first), ("second", item.second),
            ] {
                json.field(key, value)
            }
        }
    }

    private static func write(
        _ node: SurveyedNode, _ survey: ClusterSurvey, _ json: inout JSONText
    ) {
        let row = node.row
        json.object { json in
            json.field("id", row.id)
            json.field("role", row.isMaster ? "master" : row.isReplica ? "slave" : nil)
            json.field("replicaOf", row.master)
            json.field(
                "address",
                row.ip.contains(":") ? "[\(row.ip)]:\(row.port)" : "\(row.ip):\(row.port)")
            json.field("busPort", row.busPort)
            json.field("configEpoch", row.configEpoch)
            json.list("slots") { json in
                for range in row.slots {
                    json.list { json in
                        json.number(range.lowerBound)
                        json.number(range.upperBound)
                    }
                }
            }
            json.list("flags") { json in
                for flag in row.flags where flag != "myself" && flag != "noflags" {
                    json.string(flag)
                }
            }
            let seen = row.pongReceived > 0 ? Double(row.pongReceived) / 1000 : nil
            json.field("lastSeen", seen, decimals: 3)
            json.field("link", row.isConnected ? "connected" : "disconnected")
            json.field("pingMs", node.pingMilliseconds, decimals: 3)
            json.field("view", StatusText.view(node, survey))
        }
    }
}
