// Captures that are cut, damaged or none at all: each command that reads a capture says what is wrong with
// it, and ends with the same status.

import Testing

@Suite struct BadCaptureTests {
    private static let captures: [(file: String, status: Int32, what: String)] = [
        ("made-cut.pcap", 1, "the capture is cut"),
        ("made-others.pcap", 0, "TLS"),
        ("made-lost.pcap", 0, "missing or cannot be read"),
        ("valkey-8.1.1-kill-master.json", 2, "not a capture"),
        ("no-such-file", 2, "no-such-file"),
    ]

    @Test(arguments: [["explain"], ["replay", "--json"]], captures)
    func `what is wrong with a capture is said`(
        command: [String], capture: (file: String, status: Int32, what: String)
    ) throws {
        let said = try Grapevine.run([command[0], capture.file] + command.dropFirst())
        #expect(said.status == capture.status, "\(capture.file): \(said.errors)")
        #expect(said.errors.contains(capture.what), "\(capture.file): \(said.errors)")
    }
}
