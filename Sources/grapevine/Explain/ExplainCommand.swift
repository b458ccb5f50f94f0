// `grapevine explain`: what happened in a capture. Of a file the incidents come first and then the
// timeline; of a pipe each event is told as it happens and each incident when it is over. Also as
// JSON, and as a page for a browser. What happened is found by Playback.

import ClusterWire
import Playback
import SystemIO
import Text

enum ExplainCommand {
    static let command = Command(
        name: "explain", summary: "Tells what happened in a capture, and why, with times.",
        operands: "FILE|-",
        options: [
            Option("--json", "events and incidents as one JSON object"),
            Option("--html", value: "FILE", "also write a page with a timeline to this file"),
        ],
        notes: [
            "FILE is a pcap or pcapng file; - reads a capture as it arrives and tells each event",
            "when it is seen, for instance that of tcpdump -U -w -.",
            "Times are those of the first packet that shows an event.",
            "Exit status: 0 the capture was read, 1 it is cut or holds no message of the bus,",
            "2 the file cannot be read or is no capture.",
        ],
        run: { arguments throws(UsageError) in
            var explainer = Explainer(
                path: try arguments.single("FILE"), isJSON: arguments.has("--json"),
                page: arguments.value("--html"))
            return explainer.run()
        })
}

/// One run of `explain`.
private struct Explainer {
    private let path: String
    private let isJSON: Bool
    private let page: String?
    /// Told as it happens, and not at the end.
    private let isLive: Bool
    private var explanation = Explanation()
    private var words = TimelineText()
    /// What the end needs: all of a file, and of a pipe what a page shows.
    private var events: [TimelineEvent] = []
    private var incidents: [Incident] = []
    private var notKept = 0
    private var bytes: [UInt8] = []
    private var wroteEvent = false

    /// Events that are kept for the end; of more only the number is told.
    private static let kept = 20_000
    private static let keptIncidents = 2_000

    init(path: String, isJSON: Bool, page: String?) {
        self.path = path
        self.isJSON = isJSON
        self.page = page
        isLive = path == "-" && !isJSON
    }

    mutating func run() -> Int32 {
        var run = CaptureRun("explain", path)
        var output = Output()
        if isJSON { output.bytes.append(contentsOf: "{\"events\":[".utf8) }
        var me = self
        let status = run.run(
            take: { batch in
                var news = Explanation.News()
                for event in batch { me.explanation.take(event, into: &news) }
                me.tell(news, to: &output.bytes)
                return output.flushIfLarge() || output.failure == nil
            }, pause: { output.flush() })
        var news = Explanation.News()
        me.explanation.finish(into: &news)
        me.tell(news, to: &output.bytes)
        if status != 2 || isJSON { me.end(&output.bytes, messages: run.messages) }
        self = me
        if explanation.observed.omissions > 0 {
            complain(
                "explain",
                "\(path): so much could be told of each message that not all is told: votes not "
                    + "given, reports behind a FAIL or former owners of slots are left out")
        }
        guard output.flush() || output.isClosed else {
            complain("explain", output.failure?.description ?? "output cannot be written")
            return 2
        }
        if status != 2, let page, !writePage(page) { return 2 }
        return status
    }

    /// Tells what is new, or keeps it for the end.
    private mutating func tell(_ news: Explanation.News, to output: inout [UInt8]) {
        if news.events.isEmpty && news.incidents.isEmpty { return }
        for event in news.events {
            if isJSON { write(event, to: &output) }
            if isLive {
                words.learn(event.nodes, explanation.observed)
                output.addLines(["\(words.clock(event.time))  \(words.sentence(event))"])
            }
            if events.count < Self.kept { events.append(event) } else { notKept += 1 }
        }
        for incident in news.incidents {
            if isLive {
                words.learn(incident.nodes, explanation.observed)
                output.addLines([""] + words.lines(incident) + [""])
            }
            if incidents.count < Self.keptIncidents { incidents.append(incident) }
        }
    }

    private mutating func write(_ event: TimelineEvent, to output: inout [UInt8]) {
        var json = JSONText()
        json.event(event)
        if wroteEvent { output.add(",") }
        wroteEvent = true
        output.add("\n")
        output.append(contentsOf: json.bytes)
    }

    /// What follows when the capture has ended.
    private mutating func end(_ output: inout [UInt8], messages: Int) {
        words.learn(explanation.observed, isAll: !isLive)
        if isJSON {
            output.add("\n],\"incidents\":")
            var json = JSONText()
            json.list { list in
                for incident in incidents { list.incident(incident) }
            }
            output.append(contentsOf: json.bytes)
            output.add("}\n")
        } else if isLive {
            if incidents.isEmpty { output.addLines(report.withoutFailures) }
        } else if messages > 0 {
            output.addLines(report.lines)
        }
    }

    private var report: CaptureReport {
        CaptureReport(
            observed: explanation.observed, events: events, incidents: incidents, words: words,
            notKept: notKept)
    }

    private func writePage(_ path: String) -> Bool {
        let page = TimelinePage(
            observed: explanation.observed, events: events, incidents: incidents, words: words,
            notKept: notKept, headline: incidents.isEmpty ? report.withoutFailures : nil)
        do throws(SystemError) {
            try File.write(Array(page.text.utf8), to: path)
            return true
        } catch {
            complain("explain", "\(path): \(error.reason)")
            return false
        }
    }
}

extension [UInt8] {
    fileprivate mutating func add(_ text: String) { append(contentsOf: text.utf8) }
}
