// What the servers of a recording said themselves, from the file beside it: their tables before and
// after, and what happened when. Read with Foundation, which tests may use.

import ClusterWire
import Foundation
import TestSupport

@testable import Playback

/// The truth beside a capture.
struct Truth {
    /// A line of CLUSTER NODES.
    struct Line {
        var id: String
        var isReplica: Bool
        var master: String?
        var epoch: UInt64
        var slots: String
    }

    struct Event {
        var time: Double
        var what: String
        var port: Int?
        var words: [String]
    }

    private let root: [String: Any]

    /// `name` without ending, below Fixtures.
    init(_ name: String) throws {
        let bytes = try Fixture.bytes("\(name).json")
        root = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
    }

    private var end: [String: [String: Any]] {
        root["end"] as? [String: [String: Any]] ?? [:]
    }

    /// Ids by client port.
    var ids: [Int: String] {
        let ids = root["ids"] as? [String: String] ?? [:]
        return Dictionary(
            uniqueKeysWithValues: ids.compactMap { key, id in Int(key).map { ($0, id) } })
    }

    /// Ids of nodes that did not live at the end.
    var dead: [String] {
        end.values.filter { $0["alive"] as? Bool == false }.compactMap { $0["id"] as? String }
    }

    /// What each living node printed of itself at the end.
    var ownLines: [Line] {
        end.values.compactMap { node in Self.ownLine(node["nodes"] as? String ?? "") }
    }

    private static func ownLine(_ table: String) -> Line? {
        for text in table.split(separator: "\n") {
            let words = text.split(separator: " ").map(String.init)
            guard words.count >= 8, words[2].contains("myself") else { continue }
            let slots = words.dropFirst(8).filter { !$0.hasPrefix("[") }
            return Line(
                id: words[0], isReplica: words[2].contains("slave"),
                master: words[3] == "-" ? nil : words[3], epoch: UInt64(words[6]) ?? 0,
                slots: slots.joined(separator: " "))
        }
        return nil
    }

    var events: [Event] {
        let list = root["events"] as? [[String: Any]] ?? []
        return list.map {
            Event(
                time: $0["t"] as? Double ?? 0, what: $0["what"] as? String ?? "",
                port: $0["node"] as? Int ?? ($0["node"] as? [Int])?.first,
                words: $0["args"] as? [String] ?? [])
        }
    }

    /// When something was first seen, in seconds since the Unix epoch.
    func time(_ what: String) -> Double? { events.first { $0.what == what }?.time }
}

/// A whole capture through a observed or an explanation.
enum Play {
    /// The events of a capture, fed in pieces of this many bytes.
    static func events(_ bytes: [UInt8], piece: Int = 1 << 20) throws -> [BusEvent] {
        var traffic = BusTraffic()
        var events: [BusEvent] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            try traffic.feed(bytes.span.extracting(start..<end), into: &events)
            start = end
        }
        try traffic.finish(into: &events)
        return events
    }

    static func observed(_ name: String) throws -> ObservedCluster {
        var observed = ObservedCluster()
        for event in try events(Fixture.bytes("\(name).pcap")) { observed.take(event) }
        observed.finish()
        return observed
    }

    static func news(_ name: String) throws -> Explanation.News {
        try news(events(Fixture.bytes("\(name).pcap")))
    }

    static func news(_ events: [BusEvent]) throws -> Explanation.News {
        var explanation = Explanation()
        var news = Explanation.News()
        for event in events { explanation.take(event, into: &news) }
        explanation.finish(into: &news)
        return news
    }
}
