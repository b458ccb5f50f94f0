// The table of commands: finds the one that is called, shows help, and turns wrong calls into one
// line on standard error and exit status 2. What the commands do is in their own files.

import SystemIO

@main
enum Main {
    /// All commands, in the order of the help.
    static let commands: [Command] = [
        DemoCommand.command, LaunchCommand.command, NodeCommand.command,
        AdminCommandLine.command, StatusCommand.command, InteropCommand.command,
        DecodeCommand.command, ReplayCommand.command, ExplainCommand.command,
        SimulateCommand.command, GossipCommand.command, BenchCommand.command,
    ]

    static func main() {
        Program.ignoreBrokenPipes()
        Program.leave(run(CommandLine.arguments.dropFirst()))
    }

    /// Names under which the program is a node: a symbolic link stands in for a server.
    private static let serverNames = ["redis-server", "valkey-server"]

    private static func run(_ words: ArraySlice<String>) -> Int32 {
        if let own = CommandLine.arguments.first, serverNames.contains(File.name(of: own)) {
            return NodeCommand.run(Array(words))
        }
        guard let name = words.first else {
            say(help, to: .errors)
            return 2
        }
        if name == "--help" || name == "-h" || name == "help" {
            say(help, to: .output)
            return 0
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            say("grapevine: unknown command \(name); see grapevine --help\n", to: .errors)
            return 2
        }
        if let raw = command.runRaw { return raw(Array(words.dropFirst())) }
        do throws(UsageError) {
            let arguments = try Arguments(words.dropFirst(), options: command.options)
            if arguments.wantsHelp {
                say(command.help, to: .output)
                return 0
            }
            return try command.run(arguments)
        } catch {
            complain(command.name, "\(error.text); see grapevine \(command.name) --help")
            return 2
        }
    }

    private static var help: String {
        let width = commands.map(\.name.count).max() ?? 0
        let rows = commands.map {
            "  \($0.name)\(String(repeating: " ", count: width - $0.name.count))  \($0.summary)"
        }
        return """
            Usage: grapevine COMMAND [options]

            The cluster bus of Redis and Valkey: a node, a laboratory and a harness.

            \(rows.joined(separator: "\n"))

            grapevine COMMAND --help shows the options of a command.
            Exit status: 0 all well, 1 the answer is no, 2 the call or a file was wrong.

            """
    }

    private static func say(_ text: String, to stream: StandardStream) {
        var output = Output(stream)
        output.bytes.append(contentsOf: text.utf8)
        _ = output.flush()
    }
}
