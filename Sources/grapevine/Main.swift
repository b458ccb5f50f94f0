// The table of commands: finds the one that is called, shows help, and turns wrong calls into one
// line on standard error and exit status 2. What the commands do is in their own files.

@main
enum Main {
    /// All commands, in the order of the help.
    static let commands: [Command] = [DecodeCommand.command, BenchCommand.command]

    static func main() {
        ignoreBrokenPipes()
        leave(run(CommandLine.arguments.dropFirst()))
    }

    private static func run(_ words: ArraySlice<String>) -> Int32 {
        guard let name = words.first else {
            say(help, to: 2)
            return 2
        }
        if name == "--help" || name == "-h" || name == "help" {
            say(help, to: 1)
            return 0
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            say("grapevine: unknown command \(name); see grapevine --help\n", to: 2)
            return 2
        }
        do throws(UsageError) {
            let arguments = try Arguments(words.dropFirst(), options: command.options)
            if arguments.wantsHelp {
                say(command.help, to: 1)
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

    private static func say(_ text: String, to descriptor: Int32) {
        var output = Output(descriptor: descriptor)
        output.bytes.append(contentsOf: text.utf8)
        _ = output.flush()
    }
}
