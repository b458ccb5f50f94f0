// The log has one line a message, whatever peers, clients and files put into it.

import ClusterNode
import SystemIO
import TestSupport
import Testing

@Suite struct NodeLogTests {
    @Test func `nobody writes a line or an order of a terminal into the log`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path(of: "log")
        var log = NodeLog(path: path, level: .notice)
        log.write(.warning, "name 'x\n1:M forged\r\u{1B}[2J\u{7F}\u{85}\u{202E}\u{2028}é'")
        let text = try File.readText(path)
        #expect(
            text.hasSuffix(
                " # name 'x\\x0a1:M forged\\x0d\\x1b[2J\\x7f\\u0085\\u202e\\u2028é'\n"))
        #expect(text.utf8.filter { $0 == 0x0A }.count == 1)
    }
}
