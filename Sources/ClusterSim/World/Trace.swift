// What a run leaves behind: a hash of all that happened, the last events as lines for a report, and
// all of them when somebody wants to read them. Lines name nodes n0, n1, …; ids are long.

import ClusterCore
import ClusterWire
import Determinism

/// The record of a run.
struct Trace: Sendable {
    /// Follows from every event and message in order.
    private var traceHash = TraceHash()
    var hash: UInt64 { traceHash.value }
    /// Something worth a line in a report, which is written when somebody reads it.
    private enum Entry: Sendable {
        case text(Int64, String)
        case note(Int64, node: Int, Note)
    }

    /// The newest events that are not heartbeats.
    private var ring: [Entry] = []
    private var oldest = 0
    /// Every line, when all are kept.
    private(set) var lines: [String] = []
    private let keepsAll: Bool
    /// Ids with the node that has or had each.
    private var names: [(id: NodeID, name: String)] = []

    /// Lines that a report shows.
    static let shown = 60

    init(keepsAll: Bool) { self.keepsAll = keepsAll }

    @inline(__always)
    mutating func mix(_ word: UInt64) { traceHash.mix(word) }

    mutating func mix(_ text: String) { traceHash.mix(text) }

    /// All that a node believes of others, and its epochs.
    mutating func mix(_ state: ClusterState) {
        mix(state.currentEpoch.value)
        mix(state.lastVoteEpoch.value)
        mix(state.health.isOK ? 1 : 0)
        mix(state.slots.fingerprint)
        for handle in state.nodes.handles {
            let belief = state.nodes.belief(about: handle)
            mix(UInt64(truncatingIfNeeded: state.nodes[handle].id.quickHash))
            mix(belief.configEpoch.value << 1 | (belief.isUnhealthy ? 1 : 0))
            if case .replica(let master) = belief.role {
                mix(UInt64(truncatingIfNeeded: (master ?? .zero).quickHash))
            }
        }
    }

    mutating func nameNode(_ id: NodeID, of node: Int) {
        let earlier = names.count { $0.name.prefix { $0 != "'" } == "n\(node)" }
        names.append((id, "n\(node)" + String(repeating: "'", count: earlier)))
    }

    func name(_ id: NodeID) -> String {
        names.last { $0.id == id }?.name ?? id.short
    }

    /// A line that a report may show.
    mutating func record(_ time: Int64, _ text: String) {
        keep(.text(time, text))
    }

    private mutating func keep(_ entry: Entry) {
        if keepsAll { lines.append(line(entry)) }
        if ring.count < Self.shown {
            ring.append(entry)
        } else {
            ring[oldest] = entry
            oldest = (oldest + 1) % Self.shown
        }
    }

    private func line(_ entry: Entry) -> String {
        switch entry {
        case .text(let time, let text): "\(Self.clock(time)) \(text)"
        case .note(let time, let node, let note):
            "\(Self.clock(time)) n\(node) \(shortened("\(note)"))"
        }
    }

    /// A line that only a whole trace shows.
    mutating func recordDetail(_ time: Int64, _ text: @autoclosure () -> String) {
        if keepsAll { lines.append("\(Self.clock(time)) \(text())") }
    }

    mutating func note(_ note: Note, of node: Int, at time: Int64) {
        keep(.note(time, node: node, note))
    }

    /// The newest lines in order.
    var tail: [String] { (ring[oldest...] + ring[..<oldest]).map(line) }

    /// Seconds with microseconds.
    static func clock(_ time: Int64) -> String {
        let rest = String(time % 1_000_000)
        return "\(time / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }

    /// The text with names in place of ids.
    private func shortened(_ text: String) -> String {
        var result = ""
        var word: [UInt8] = []
        func flush() {
            let text = String(decoding: word, as: UTF8.self)
            if word.count == 40, let id = NodeID(text) {
                result += name(id)
            } else {
                result += text
            }
            word = []
        }
        for byte in text.utf8 {
            if (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) {
                word.append(byte)
            } else {
                flush()
                result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        flush()
        return result
    }
}
