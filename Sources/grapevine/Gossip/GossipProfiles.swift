// `gossip profile`: the settings of named systems with their sources, and runs with them.

import GossipLab
import Text

enum GossipProfiles {
    static let command = Command(
        name: "gossip profile", summary: "the settings of a named system, each with its source",
        operands: "[NAME]",
        options: [
            Option(
                "--nodes", value: "N", "of which the laboratory's options are told, default 1000"),
            Option("--explain", "how the laboratory runs it, and what that leaves out"),
            Option("--json", "one JSON object and nothing else"),
        ],
        notes: ["Without a name: all of them, a line each."],
        run: { arguments throws(UsageError) in
            guard !arguments.operands.isEmpty else {
                if arguments.has("--json") {
                    throw UsageError("--json is for one profile: its name is missing")
                }
                try GossipCommand.print(list)
                return 0
            }
            let profile = try named(try arguments.single("profile"))
            let nodes = try arguments.number(
                "--nodes", in: 1...LabOptions.nodesLimit, default: 1000)
            try GossipCommand.print(
                arguments.has("--json")
                    ? json(profile) : text(profile, nodes, explains: arguments.has("--explain")))
            return 0
        })

    private static var list: String {
        let width = Profile.all.map(\.name.count).max() ?? 0
        return Profile.all.map { "\(GossipText.padded($0.name, width))  \($0.title)\n" }.joined()
    }

    private static func named(_ name: String) throws(UsageError) -> Profile {
        guard let profile = Profile.named(name) else {
            throw UsageError("unknown profile \(name); grapevine gossip profile lists them")
        }
        return profile
    }

    private static func text(_ profile: Profile, _ nodes: Int, explains: Bool) -> String {
        var lines = ["\(profile.name): \(profile.title)", ""]
        let width = profile.settings.map(\.name.count).max() ?? 0
        for setting in profile.settings {
            let value = setting.value.map { "\($0) \(setting.unit)" } ?? "not published"
            lines.append("\(GossipText.padded(setting.name, width))  \(value)")
            lines.append("\(GossipText.padded("", width))    \(setting.source)")
        }
        if explains {
            lines.append("")
            lines += profile.notes
            if let options = profile.options(nodes: nodes) {
                lines.append("")
                lines.append("grapevine gossip run " + GossipOptions.commandLine(options))
                lines.append("small print: \(GossipText.smallPrint(options))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(_ profile: Profile) -> String {
        GossipJSON.document { json in
            json.field("name", profile.name)
            json.list("settings") { json in
                for setting in profile.settings {
                    json.object { json in
                        json.field("name", setting.name)
                        json.field("value") { write(setting.value, &$0) }
                        json.field("unit", setting.unit)
                        json.field("source", setting.source)
                    }
                }
            }
        }
    }

    private static func write(_ value: String?, _ json: inout JSONText) {
        guard let value else { return json.null() }
        if let whole = Int64(value) {
            json.number(whole)
        } else if let number = Double(value), number.isFinite {
            json.number(number, decimals: 6)
        } else {
            json.string(value)
        }
    }

    // MARK: As options

    /// The options of `gossip run`: of a profile when one is named, and what is given besides.
    static func options(_ arguments: Arguments) throws(UsageError) -> LabOptions {
        guard let name = arguments.value("--profile") else {
            return try GossipOptions.read(arguments, base: LabOptions())
        }
        return try options(of: try named(name), arguments, isShared: false)
    }

    private static func options(
        of profile: Profile, _ arguments: Arguments, isShared: Bool
    ) throws(UsageError)
        -> LabOptions
    {
        let nodes = try arguments.number("--nodes", in: 1...LabOptions.nodesLimit, default: 1000)
        let base = try base(profile, nodes)
        return try GossipOptions.read(arguments, base: base, isShared: isShared)
    }

    /// The options of a profile named in one run of a comparison, with what is for all runs.
    static func options(
        _ own: Arguments, beside shared: Arguments
    ) throws(UsageError) -> LabOptions {
        let profile = try named(own.value("--profile") ?? "")
        let range = 1...LabOptions.nodesLimit
        let common = try shared.number("--nodes", in: range, default: 1000)
        let nodes = try own.number("--nodes", in: range, default: common)
        return try GossipOptions.read(
            shared, base: try base(profile, nodes), isShared: true)
    }

    /// A profile's options for so many nodes.
    static func base(_ profile: Profile, _ nodes: Int) throws(UsageError) -> LabOptions {
        guard var base = profile.options(nodes: nodes) else {
            throw UsageError(
                "\(profile.name) cannot be run: \(profile.notes.first ?? profile.title)")
        }
        base.profile = profile.name
        return base
    }

    /// The runs of `gossip compare --profile`.
    static func list(_ arguments: Arguments) throws(UsageError) -> [LabOptions] {
        var list: [LabOptions] = []
        for text in arguments.all("--profile") {
            if text == "all" {
                for profile in Profile.all where profile.options(nodes: 2) != nil {
                    do throws(UsageError) {
                        list.append(try options(of: profile, arguments, isShared: true))
                    } catch {
                        complain("gossip compare", "\(profile.name) is left out: \(error.text)")
                    }
                }
                continue
            }
            for name in text.split(separator: ",") {
                list.append(
                    try options(of: try named(String(name)), arguments, isShared: true))
            }
        }
        return list
    }
}
