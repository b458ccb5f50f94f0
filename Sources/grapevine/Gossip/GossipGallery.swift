// `gossip scenario`: the failure gallery, one experiment by name or all of them.

import GossipLab
import Text

enum GossipGallery {
    static let command = Command(
        name: "gossip scenario", summary: "the failure gallery: what goes wrong, expected and seen",
        operands: "[NAME|all]",
        options: [
            Option("--seed", value: "N", "default 1"),
            Option("--json", "one JSON object a scenario and nothing else"),
        ],
        notes: [
            "Without a name: the list.", "Exit status: 0 when what was expected was seen, else 1.",
            "",
        ]
            + Gallery.all.map { "\(GossipText.padded($0.name, 20))\($0.summary)" },
        run: { arguments throws(UsageError) in
            guard !arguments.operands.isEmpty else {
                if arguments.has("--json") {
                    throw UsageError("--json is for a scenario: its name is missing")
                }
                try GossipCommand.print(
                    Gallery.all.map { "\(GossipText.padded($0.name, 20))\($0.summary)\n" }.joined())
                return 0
            }
            let name = try arguments.single("scenario")
            let chosen = Gallery.all.filter { name == "all" || $0.name == name }
            guard !chosen.isEmpty else { throw UsageError("unknown scenario \(name)") }
            guard let seed = UInt64(arguments.value("--seed") ?? "1") else {
                throw UsageError("--seed must be a number, not \(arguments.value("--seed") ?? "")")
            }
            var holds = true
            for exhibit in chosen {
                let finding = exhibit.run(seed)
                try GossipCommand.print(
                    arguments.has("--json") ? json(exhibit, finding) : text(exhibit, finding))
                holds = holds && finding.holds
            }
            return holds ? 0 : 1
        })

    private static func text(_ exhibit: Exhibit, _ finding: Finding) -> String {
        var lines = ["\(exhibit.name): \(exhibit.summary)"]
        for (expected, seen) in zip(finding.expected, finding.seen) {
            lines.append("  expected: \(expected)")
            lines.append("  seen:     \(seen)")
        }
        lines.append(finding.holds ? "  as expected" : "  NOT as expected")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(_ exhibit: Exhibit, _ finding: Finding) -> String {
        GossipJSON.document { json in
            json.field("scenario", exhibit.name)
            for (name, list) in [("expected", finding.expected), ("seen", finding.seen)] {
                json.field(name, list)
            }
            json.field("holds", finding.holds)
        }
    }
}
