// The text of CLUSTER NODES, of any server, as rows. It reads what is there and judges nothing; words
// that it does not know are kept. Follows bus protocol §8.2, §9.2.

import ClusterWire

/// One line of CLUSTER NODES.
package struct ClusterNodesRow: Equatable, Sendable {
    /// 40 characters.
    package var id: String
    /// Empty when the node has not learned it.
    package var ip: String
    package var port: Int
    package var busPort: Int
    /// Empty when none is announced.
    package var hostname: String
    /// In the order of the line, "noflags" left out.
    package var flags: [String]
    /// Whom it replicates.
    package var master: String?
    /// Wall milliseconds; 0 when no answer is waited for.
    package var pingSent: Int64
    /// Wall milliseconds; 0 for none.
    package var pongReceived: Int64
    /// A replica's is that of its master.
    package var configEpoch: UInt64
    package var isConnected: Bool
    /// Ascending, as they stand in the line.
    package var slots: [ClosedRange<Int>]
    /// Slots on the move, such as `[93->-ID]`, as they stand in the line.
    package var openSlots: [String]

    package var isMyself: Bool { has(.myself) }
    package var isMaster: Bool { has(.master) }
    package var isReplica: Bool { has(.replica) }
    /// In handshake: its id is not its own yet.
    package var isHandshake: Bool { has(.handshake) }
    package var isPFail: Bool { has(.pfail) }
    package var isFail: Bool { has(.fail) }
    /// PFAIL or FAIL.
    package var isFailing: Bool { isPFail || isFail }
    package var hasNoAddress: Bool { has(.noAddress) }
    package var slotCount: Int { slots.reduce(0) { $0 + $1.count } }

    private func has(_ flag: NodeFlags) -> Bool { flag.list.allSatisfy(flags.contains) }

    /// The slots as the line has them, such as "0-5460 16383".
    package var slotsText: String {
        slots.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: " ")
    }
}

/// Why a line of CLUSTER NODES could not be read.
package struct ClusterNodesError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    package let line: Int
    package let problem: String
    package var description: String { "line \(line): \(problem)" }
}

/// The text of CLUSTER NODES.
package enum ClusterNodesText {
    /// Reads all lines.
    /// - Throws: which line is not of the form, and what is wrong with it.
    package static func parse(_ text: String) throws(ClusterNodesError) -> [ClusterNodesRow] {
        var rows: [ClusterNodesRow] = []
        // By bytes: CR LF would be one character.
        for (index, line) in text.utf8.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() where !line.isEmpty {
            do throws(Problem) {
                rows.append(try row(Substring(line)))
            } catch {
                throw ClusterNodesError(line: index + 1, problem: error.text)
            }
        }
        return rows
    }

    private struct Problem: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static func row(_ line: Substring) throws(Problem) -> ClusterNodesRow {
        let fields = line.split(separator: " ")
        guard fields.count >= 8 else { throw Problem("has \(fields.count) fields, 8 are needed") }
        let (ip, port, busPort, hostname) = try address(fields[1])
        guard fields[0].utf8.count == 40 else { throw Problem("'\(fields[0])' is not an id") }
        guard fields[7] == "connected" || fields[7] == "disconnected" else {
            throw Problem("'\(fields[7])' is not the state of a link")
        }
        let rest = fields[8...]
        var slots: [ClosedRange<Int>] = []
        for word in rest where !word.hasPrefix("[") { slots.append(try range(word)) }
        return ClusterNodesRow(
            id: String(fields[0]), ip: ip, port: port, busPort: busPort, hostname: hostname,
            flags: fields[2].split(separator: ",").map(String.init).filter { $0 != "noflags" },
            master: fields[3] == "-" ? nil : String(fields[3]),
            pingSent: try number(fields[4]), pongReceived: try number(fields[5]),
            configEpoch: try number(fields[6]), isConnected: fields[7] == "connected",
            slots: slots, openSlots: rest.filter { $0.hasPrefix("[") }.map(String.init))
    }

    /// "IP:PORT@BUSPORT", then what servers put behind commas: the hostname, then "name=value".
    private static func address(
        _ field: Substring
    ) throws(Problem) -> (ip: String, port: Int, busPort: Int, hostname: String) {
        let parts = field.split(separator: ",", omittingEmptySubsequences: false)
        let place = parts[0]
        // IPv6 has no brackets here: the port stands after the last colon.
        guard let colon = place.lastIndex(of: ":") else {
            throw Problem("'\(field)' is not an address")
        }
        let ports = place[place.index(after: colon)...].split(
            separator: "@", omittingEmptySubsequences: false)
        guard ports.count == 2, let port = Int(ports[0]), let busPort = Int(ports[1]) else {
            throw Problem("'\(field)' has no port and bus port")
        }
        let hostname = parts.count > 1 && !parts[1].contains("=") ? String(parts[1]) : ""
        return (String(place[..<colon]), port, busPort, hostname)
    }

    private static func number<Number: FixedWidthInteger>(
        _ word: Substring
    ) throws(Problem) -> Number {
        guard let number = Number(word) else { throw Problem("'\(word)' is not a number") }
        return number
    }

    private static func range(_ word: Substring) throws(Problem) -> ClosedRange<Int> {
        let ends = word.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = Int(ends[0]), let last = Int(ends[ends.count - 1]),
            first >= 0, first <= last, last < Layout.slotCount
        else { throw Problem("'\(word)' is not a range of slots") }
        return first...last
    }
}
