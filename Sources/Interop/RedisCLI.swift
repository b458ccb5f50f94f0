// redis-cli as operators use it: run to its end with a limit, and its verdict taken. Which of its
// operations are tried is decided by scenarios.

import SystemIO

enum RedisCLI {
    /// The first of redis-cli and valkey-cli on `PATH`.
    static let path: String? = Environment.find("redis-cli") ?? Environment.find("valkey-cli")

    private static let patience = 60_000

    /// Runs it to its end; anything but status 0 is a failure.
    @discardableResult
    static func run(_ words: [String], _ allowance: Allowance) throws(InteropError) -> String {
        guard let path else { throw .notAServer(path: "redis-cli", said: "not installed") }
        try allowance.check()
        var options = ChildProcess.Options(arguments: words)
        options.output = .pipe
        let output: String
        let status: ExitStatus?
        do throws(SystemError) {
            let child = try ChildProcess(path, options)
            let patience = allowance.left(atMost: patience)
            output = String(
                decoding: try child.readOutput(milliseconds: patience), as: UTF8.self)
            status = child.wait(milliseconds: patience)
        } catch {
            throw .system(error)
        }
        guard status == .exited(0) else {
            throw .refused(
                server: "redis-cli", command: words.joined(separator: " "),
                reply: String(output.suffix(500)))
        }
        return output
    }

    /// `--cluster check` finds nothing.
    static func check(_ node: ServerProcess, _ allowance: Allowance) throws(InteropError) {
        try run(["--cluster", "check", "\(node.address)"], allowance)
    }
}
