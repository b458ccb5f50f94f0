// `grapevine replay FILE --as ID`: our rules in the place of one node of a capture, or of each in turn,
// and what the real one said otherwise. How they are compared is known to Playback.

import ClusterWire
import Playback
import SystemIO
import Text

enum DifferenceReplay {
    /// Plays one node, or with "all" each that speaks.
    static func run(
        _ path: String, as name: String, nodeTimeout: Int?, looks: Int, isJSON: Bool
    ) -> Int32 {
        var capture = IndexedCapture()
        var refusal: IndexedCapture.Refusal?
        var run = CaptureRun("replay", path)
        let status = run.run(
            take: { events in
                for event in events {
                    do throws(IndexedCapture.Refusal) { try capture.take(event) } catch {
                        refusal = error
                        return false
                    }
                }
                return true
            }, pause: { true })
        guard status != 2 else { return 2 }
        do throws(IndexedCapture.Refusal) {
            if let refusal { throw refusal }
            capture.finish()
            let ids = name == "all" ? capture.speakers : [try capture.node(name)]
            let timeout = nodeTimeout.map { Int64($0) } ?? capture.likelyNodeTimeout ?? 15_000
            var results: [ReplayResult] = []
            var effort = ReplayEffort(looks: looks)
            for id in ids where !effort.isSpent {
                var replay = try DifferentialReplay(capture, as: id, nodeTimeout: timeout)
                results.append(replay.run(&effort))
            }
            let shown = show(results.sorted { $0.node < $1.node }, timeout, isJSON, status)
            guard effort.isSpent, shown != 2, let last = results.last else { return shown }
            complain(
                "replay",
                "\(path): stopped after \(results.count) of \(ids.count) nodes, those that said "
                    + "most, and within \(last.node.short): all would take too long; "
                    + "--effort N plays more")
            return 1
        } catch {
            complain("replay", "\(path): \(error)")
            return 2
        }
    }

    private static func show(
        _ results: [ReplayResult], _ timeout: Int64, _ isJSON: Bool, _ status: Int32
    ) -> Int32 {
        var output = Output()
        for result in results {
            if isJSON {
                var json = JSONText()
                json.result(result)
                json.endLine()
                output.bytes += json.bytes
            } else {
                output.bytes.addLines(text(result, timeout))
            }
        }
        guard output.flush() || output.isClosed else { return 2 }
        let isUnexplained = results.contains { $0.differences.contains { $0.decision == nil } }
        return isUnexplained ? 1 : status
    }

    private static func text(_ result: ReplayResult, _ timeout: Int64) -> [String] {
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                .joined(separator: ", ")
        }
        let words = TimelineText()
        var lines = [
            "\(result.node): \(result.inputs) inputs, node timeout \(timeout) ms, "
                + (result.differences.isEmpty
                    ? "no difference" : "\(result.differences.count) differences"),
            "  compared      \(list(result.compared))",
            "  not compared  \(list(result.notCompared))",
        ]
        for difference in result.differences {
            lines += [
                "  \(words.clock(difference.time)) UTC  \(difference.rule), after "
                    + difference.input
                    + (difference.decision.map { " (on purpose: D\($0))" } ?? ""),
                "    the node   \(difference.expected)", "    our rules  \(difference.got)",
            ]
        }
        return lines
    }
}

extension JSONText {
    /// The outcome of one node's replay.
    fileprivate mutating func result(_ result: ReplayResult) {
        object { json in
            json.field("node", result.node)
            json.field("inputs", result.inputs)
            json.counts("compared", result.compared)
            json.counts("notCompared", result.notCompared)
            json.list("differences") { list in
                for difference in result.differences { list.difference(difference) }
            }
        }
    }

    private mutating func counts(_ name: String, _ counts: [String: Int]) {
        object(name) { json in
            for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
                json.field(name, count)
            }
        }
    }

    private mutating func difference(_ difference: ReplayResult.Difference) {
        object { json in
            json.field("time", nanoseconds: difference.time)
            json.field("rule", difference.rule)
            json.field("input", difference.input)
            json.field("expected", difference.expected)
            json.field("got", difference.got)
            json.field("decision", difference.decision)
        }
    }
}
