// redis-cli as operators use it: run to its end within a limit, and its verdict taken. Which of its
// operations are tried, and for how long, is decided by the callers.

package import SystemIO

/// Why redis-cli did not do what it was asked.
package enum RedisCLIError: Error {
    case notInstalled
    case system(SystemError)
    /// It ended with another status than 0; the end of what it said.
    case failed(words: String, output: String)
}

package enum RedisCLI {
    /// The first of redis-cli and valkey-cli on `PATH`.
    package static let path: String? =
        Environment.find("redis-cli") ?? Environment.find("valkey-cli")

    private static let quoteLength = 500

    /// Runs it to its end; anything but status 0 is a failure.
    /// - Parameter milliseconds: it is ended when it takes longer.
    @discardableResult
    package static func run(
        _ words: [String], milliseconds: Int
    ) throws(RedisCLIError) -> String {
        guard let path else { throw .notInstalled }
        var options = ChildProcess.Options(arguments: words)
        options.output = .pipe
        let output: String
        let status: ExitStatus?
        do throws(SystemError) {
            let child = try ChildProcess(path, options)
            output = String(
                decoding: try child.readOutput(milliseconds: milliseconds), as: UTF8.self)
            status = child.wait(milliseconds: milliseconds)
        } catch {
            throw .system(error)
        }
        guard status == .exited(0) else {
            throw .failed(
                words: words.joined(separator: " "), output: String(output.suffix(quoteLength)))
        }
        return output
    }
}
