// `grapevine replay` of what `grapevine node --record` wrote: the same inputs into a fresh machine, and
// the first effect that differs. What a recording means is known to ClusterCore.

import ClusterCore
import SystemIO
import Text

enum InputReplay {
    private static let chunkBytes = 1 << 20

    /// Plays a recording; nil when the file is none, whatever else it may be.
    static func run(_ path: String, isJSON: Bool) -> Int32? {
        guard path != "-" else { return nil }
        var player = InputPlayer()
        do throws(SystemError) {
            let file = try Program.openForReading(path)
            var chunk = [UInt8](repeating: 0, count: chunkBytes)
            var line: [UInt8] = []
            var isFirst = true
            while true {
                guard case .bytes(let count) = file.read(into: &chunk) else { break }
                if isFirst && !chunk[..<count].starts(with: Array(InputLog.magic.utf8)) {
                    return nil
                }
                isFirst = false
                do throws(InputLogError) {
                    try take(chunk[..<count], &line, &player)
                } catch {
                    complain("replay", "\(path): \(error)")
                    return 2
                }
            }
            guard !isFirst else { return nil }
            if !line.isEmpty { complain("replay", "\(path): the last line is cut") }
            player.finish()
        } catch {
            return nil
        }
        return show(player, isJSON)
    }

    private static func take(
        _ bytes: ArraySlice<UInt8>, _ line: inout [UInt8], _ player: inout InputPlayer
    ) throws(InputLogError) {
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            line += rest[rest.startIndex..<end]
            rest = rest[rest.index(after: end)...]
            try player.take(line)
            line.removeAll(keepingCapacity: true)
        }
        line += rest
        if line.count > InputLog.lineLimit {
            throw InputLogError(line: 0, reason: "a line is longer than \(InputLog.lineLimit)")
        }
    }

    private static func show(_ player: InputPlayer, _ isJSON: Bool) -> Int32 {
        var output = Output()
        let difference = player.difference
        if isJSON {
            var json = JSONText()
            json.object { json in
                json.field("inputs", player.inputs)
                json.field("effects", player.effects)
                json.field("difference") { json in
                    if let difference { json.difference(difference) } else { json.null() }
                }
            }
            json.endLine()
            output.bytes = json.bytes
        } else if let difference {
            output.bytes.addLines([
                "line \(difference.line): the rules do something else than was recorded",
                "  after     \(difference.input)",
                "  recorded  \(difference.expected ?? "nothing")",
                "  now       \(difference.got ?? "nothing")",
            ])
        } else {
            output.bytes = Array(
                "\(player.inputs) inputs played, \(player.effects) effects, all as recorded\n".utf8)
        }
        guard output.flush() || output.isClosed else { return 2 }
        return difference == nil ? 0 : 1
    }
}

extension JSONText {
    fileprivate mutating func difference(_ difference: InputPlayer.Difference) {
        object { json in
            json.field("line", difference.line)
            json.field("time", nanoseconds: difference.at.wall * 1_000_000)
            json.field("input", difference.input)
            json.field("expected", difference.expected)
            json.field("got", difference.got)
        }
    }
}
