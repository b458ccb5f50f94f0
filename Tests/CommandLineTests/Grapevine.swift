// Runs the program that was built beside the test bundle: words and input in, output, errors and
// status out. It decides nothing.

import Foundation
import SystemIO
import TestSupport

/// What one run of the program said.
struct Said: Equatable {
    var output: String
    var errors: String
    var status: Int32

    var lines: [Substring] { output.split(separator: "\n") }
}

enum Grapevine {
    /// The program, in the folder of the test bundle.
    static func program() throws -> String {
        "\(File.folder(of: try File.ownExecutable()))/grapevine"
    }

    /// A run that has been started, in the folder of captures.
    final class Run {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        let errors = Pipe()

        init(_ words: [String], environment: [String: String] = [:]) throws {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.executableURL = URL(fileURLWithPath: try Grapevine.program())
            process.arguments = words
            process.currentDirectoryURL = URL(fileURLWithPath: Fixture.path("captures"))
            process.standardInput = input
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        /// Closes the input and waits for the end.
        func finish() throws -> Said {
            try? input.fileHandleForWriting.close()
            // Errors are a few lines and wait in their pipe meanwhile.
            let text = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let errors = String(
                decoding: self.errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let status = process.terminationReason == .exit ? process.terminationStatus : -1
            return Said(output: text, errors: errors, status: status)
        }
    }

    static func run(_ words: String...) throws -> Said { try run(words) }
    static func run(_ words: [String], environment: [String: String] = [:]) throws -> Said {
        try Run(words, environment: environment).finish()
    }
}

/// A short name for a text of any length (FNV-1a, 64 bits).
func digest(_ text: String) -> String {
    let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return String(hash, radix: 16)
}
