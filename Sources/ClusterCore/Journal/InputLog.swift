// A node's life as lines of text: how it began (settings, seed, file), then each input with its instant
// and what the machine asked for. Read back, the same lines drive a fresh machine, and the first effect
// that differs is found. What is written where is for the shell; the words of one input are in
// InputWords.

import ClusterWire
import Determinism

/// The lines of a recording.
package enum InputLog {
    /// The first line: what it is, and in which version.
    package static let magic = "grapevine-inputs 2"
    /// Longest line that is read, in bytes: a message of a gigabyte is not recorded whole either.
    package static let lineLimit = 256 << 20

    /// The lines that say how a node begins, `file` being nodes.conf as it was read; nil: none.
    ///
    /// `seed` is that of the generator from which the run id was drawn first.
    package static func head(
        seed: UInt64, config: ClusterConfig, file: [UInt8]?, at start: Instant
    ) -> String {
        var text = "\(magic)\nseed \(seed)\nconfig \(InputWords.config(config))\n"
        text += "start \(start.monotonic) \(start.wall)\n"
        for line in (file ?? []).split(separator: 0x0A) { text += "file \(latin1(line))\n" }
        return text
    }

    /// The lines of one step.
    package static func lines(
        _ input: Input, at now: Instant, _ effects: [Effect]
    ) -> String {
        var text = "in \(now.monotonic) \(now.wall) \(InputWords.text(input))\n"
        for effect in effects.flatMap(\.parts) { text += "out \(Self.text(effect))\n" }
        return text
    }

    /// An effect as one line: messages by their digest and what they say, publications by their digest.
    package static func text(_ effect: Effect) -> String {
        var line = "\(effect)"
        if case .send(let message, let link) = effect {
            var words: [UInt8] = []
            message.appendLine(to: &words)
            let digest = digest(message.encode() ?? [])
            line = "send \(InputWords.link(link)) \(digest) \(latin1(words))"
        } else if case .deliver(let publication, let toShard) = effect {
            let (channel, message) = (publication.channel, publication.message)
            line = "deliver \(toShard ? "shard" : "all") \(digest(channel)) \(digest(message))"
            line += " \(channel.count) + \(message.count) bytes"
        }
        return String(line.map { $0.isNewline ? " " : $0 })
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        let digest = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(digest, radix: 16)
    }
}

/// Why a recording cannot be played again.
package struct InputLogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    package var line: Int
    package var reason: String
    package var description: String { "line \(line): \(reason)" }

    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// Plays a recording, a line at a time, and stops at the first effect that differs.
package struct InputPlayer: Sendable {
    /// Where the machine does something else than the recording says.
    package struct Difference: Equatable, Sendable {
        package var line: Int
        package var at: Instant
        package var input: String
        /// nil: nothing more.
        package var expected: String?
        package var got: String?
    }

    package private(set) var inputs = 0
    package private(set) var effects = 0
    package private(set) var difference: Difference?
    private var number = 0
    private var seed: UInt64?
    private var config: ClusterConfig?
    private var start: Instant?
    private var file: [UInt8] = []
    private var machine: Machine?
    /// What the machine asked for and the recording has not confirmed yet.
    private var waiting: [Effect] = []
    private var last: (line: Int, at: Instant, input: String)?

    package init() {}

    /// Takes the next line, without its end.
    package mutating func take(_ bytes: some Collection<UInt8>) throws(InputLogError) {
        number += 1
        guard difference == nil else { return }
        let line = latin1(Array(bytes))
        let (word, rest) = Self.cut(line)
        if number == 1 {
            guard line == InputLog.magic else {
                let isOther = line.hasPrefix(InputLog.magic.prefix { $0 != " " })
                throw failure(
                    isOther
                        ? "this recording is of another version" : "this is no recording of inputs")
            }
            return
        }
        switch word {
        case "seed": seed = UInt64(rest)
        case "config":
            config = InputWords.config(rest)
            if config == nil { throw failure("the settings cannot be read") }
        case "start": start = Self.instant(rest)?.at
        case "file": file += Array(rest.utf8) + [0x0A]
        case "in": try input(rest)
        case "out": compare(rest)
        default: throw failure("unknown word '\(word.prefix(20))'")
        }
    }

    /// Ends the recording.
    package mutating func finish() {
        if difference == nil { settle() }
    }

    private func failure(_ reason: String) -> InputLogError {
        InputLogError(line: number, reason: reason)
    }

    private mutating func input(_ text: String) throws(InputLogError) {
        settle()
        guard difference == nil else { return }
        guard let (now, rest) = Self.instant(text), let input = InputWords.input(rest) else {
            throw failure("the input cannot be read")
        }
        if machine == nil { machine = try begin() }
        guard var running = machine else { return }
        waiting = running.step(input, at: now).flatMap(\.parts)
        machine = running
        inputs += 1
        effects += waiting.count
        last = (number, now, String(rest.prefix(200)))
    }

    /// The machine as the node began with it.
    private func begin() throws(InputLogError) -> Machine {
        guard let seed, let config, let start else {
            throw failure("seed, settings or start are missing")
        }
        var random = SplitMix64(seed: seed)
        _ = NodeID(using: &random)
        if file.isEmpty { return Machine(fresh: config, random: random) }
        do throws(NodesFileError) {
            let state = try NodesFile.parse(file, at: start, random: &random)
            return Machine(state: state, config: config, random: random)
        } catch {
            throw failure("the node's file: \(error.reasonText)")
        }
    }

    private mutating func compare(_ expected: String) {
        let got = waiting.isEmpty ? nil : InputLog.text(waiting.removeFirst())
        if got != expected { differ(expected: expected, got: got) }
    }

    /// The next input comes: nothing may be left of the last one.
    private mutating func settle() {
        if let first = waiting.first { differ(expected: nil, got: InputLog.text(first)) }
    }

    private mutating func differ(expected: String?, got: String?) {
        guard let last else { return }
        difference = Difference(
            line: last.line, at: last.at, input: last.input, expected: expected, got: got)
    }

    private static func cut(_ line: String) -> (String, String) {
        guard let space = line.firstIndex(of: " ") else { return (line, "") }
        return (String(line[..<space]), String(line[line.index(after: space)...]))
    }

    /// Two clocks and what follows them.
    private static func instant(_ text: String) -> (at: Instant, rest: String)? {
        let (first, rest) = cut(text)
        let (second, words) = cut(rest)
        guard let monotonic = Int64(first), let wall = Int64(second) else { return nil }
        return (Instant(monotonic: monotonic, wall: wall), words)
    }
}
