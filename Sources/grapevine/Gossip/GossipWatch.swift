// `gossip run --watch`: a grid in the terminal in which each node changes as the news reaches it. The run is
// made first and shown round by round; q ends it.

import GossipLab
import SystemIO

enum GossipWatch {
    /// Cells of the grid at most: a node each, or as many nodes as it takes.
    private static let columns = 64
    private static let rows = 20
    private static let pause: Int32 = 250
    /// q, Q and the key that interrupts.
    private static let ends: [UInt8] = [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3]

    static func run(_ options: LabOptions, _ arguments: Arguments) throws(UsageError) -> Int32 {
        guard StandardStream.output.isTerminal else {
            throw UsageError("--watch needs a terminal")
        }
        for name in ["--json", "--csv", "--plot", "--html", "--seeds"] where arguments.has(name) {
            throw UsageError("--watch shows one run: no \(name)")
        }
        let seed = try GossipRuns(arguments, usual: 1...1).seeds.lowerBound
        guard let history = Lab.history(options, seed: seed) else {
            throw UsageError("--watch shows rumor, anti-entropy and direct-mail alone")
        }
        guard let keys = KeyInput.open() else {
            throw UsageError("--watch needs a terminal for its keys")
        }
        StandardStream.output.write("\u{1B}[?25l")
        defer { StandardStream.output.write("\u{1B}[?25h\n") }
        for round in 0...history.rounds {
            StandardStream.output.write(frame(history, round, options, seed))
            let key = keys.next(within: round == history.rounds ? -1 : pause)
            if let key, ends.contains(key) { break }
        }
        return 0
    }

    private static func frame(
        _ history: History, _ round: Int, _ options: LabOptions, _ seed: UInt64
    ) -> String {
        let cells = min(options.nodes, columns * rows)
        var lines = [
            "\(GossipText.shortened(GossipCommand.name(of: options), 60)), seed \(seed), round \(round)"
        ]
        var counts = (s: 0, i: 0, r: 0)
        for node in 0..<options.nodes {
            switch history.phase(of: node, after: round) {
            case .susceptible: counts.s += 1
            case .infective, .fresh: counts.i += 1
            case .removed: counts.r += 1
            }
        }
        var line = ""
        for cell in 0..<cells {
            let first = cell * options.nodes / cells
            let end = (cell + 1) * options.nodes / cells
            line += symbol(history, first..<max(first + 1, end), round)
            if cell % columns == columns - 1 || cell == cells - 1 {
                lines.append(line)
                line = ""
            }
        }
        lines.append(
            "\(counts.s) have not heard, \(counts.i) spread it, \(counts.r) have stopped; q ends")
        return "\u{1B}[H\u{1B}[2J" + lines.joined(separator: "\r\n") + "\r\n"
    }

    /// Of several nodes in one cell the state that most of them are in.
    private static func symbol(_ history: History, _ nodes: Range<Int>, _ round: Int) -> String {
        var counts = (s: 0, i: 0, r: 0)
        for node in nodes {
            switch history.phase(of: node, after: round) {
            case .susceptible: counts.s += 1
            case .infective, .fresh: counts.i += 1
            case .removed: counts.r += 1
            }
        }
        let isColoured = Colour.isWanted
        if counts.s >= counts.i && counts.s >= counts.r { return "·" }
        if counts.i >= counts.r { return Colour.red("●", isColoured) }
        return Colour.green("○", isColoured)
    }
}
