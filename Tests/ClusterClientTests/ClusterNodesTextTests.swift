// Lines of CLUSTER NODES of all versions as rows, and lines that are none.

import ClusterClient
import Testing

@Suite struct ClusterNodesTextTests {
    private let id = "07c37dfeb235213a872192d90877d0cd55635b91"
    private let other = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1"

    private func row(_ line: String) throws -> ClusterNodesRow {
        try #require(try ClusterNodesText.parse(line + "\n").first)
    }

    @Test func `a line has all its fields`() throws {
        let row = try row(
            "\(id) 127.0.0.1:30004@31004 slave,fail? \(other) 12 1426238317239 4 connected")
        #expect(row.id == id && row.ip == "127.0.0.1" && row.hostname.isEmpty)
        #expect(row.port == 30004 && row.busPort == 31004)
        #expect(row.flags == ["slave", "fail?"] && row.isReplica && row.isFailing)
        #expect(row.master == other && row.configEpoch == 4 && row.isConnected)
        #expect(row.pingSent == 12 && row.pongReceived == 1_426_238_317_239)
        #expect(row.slots.isEmpty && !row.isMyself)
    }

    @Test func `slots and open slots are told apart`() throws {
        let row = try row(
            "\(id) :7000@17000 myself,master - 0 0 18446744073709551615 connected 0-5 7 "
                + "16383 [93->-\(other)] [94-<-\(other)]")
        #expect(row.slots == [0...5, 7...7, 16383...16383] && row.slotCount == 8)
        #expect(row.slotsText == "0-5 7 16383")
        #expect(row.openSlots == ["[93->-\(other)]", "[94-<-\(other)]"])
        #expect(row.ip.isEmpty && row.isMyself && row.configEpoch == .max)
    }

    @Test(arguments: [
        ("127.0.0.1:1@2,host.example", "127.0.0.1", "host.example"),
        ("127.0.0.1:1@2,,tls-port=0,shard-id=x", "127.0.0.1", ""),
        ("127.0.0.1:1@2,h,tls-port=0", "127.0.0.1", "h"), ("::1:1@2", "::1", ""),
        ("fe80::5:1@2", "fe80::5", ""),
    ])
    func `an address may have a hostname and more behind it`(
        field: String, ip: String, hostname: String
    ) throws {
        let row = try row("\(id) \(field) noflags - 0 0 0 disconnected")
        #expect(row.ip == ip && row.hostname == hostname && row.port == 1 && row.busPort == 2)
        #expect(row.flags.isEmpty && !row.isConnected)
    }

    @Test(arguments: [
        "short 127.0.0.1:1@2 master - 0 0 0 connected",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1 master - 0 0 0 connected",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1 master - 0 0 0 connected",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 x 0 connected",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 0 0 maybe",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 0 0 connected 9-5",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 0 0 connected 16384",
        "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:1@2 master - 0 0 0",
    ])
    func `what is no line is refused with its number`(line: String) {
        let error = #expect(throws: ClusterNodesError.self) {
            try ClusterNodesText.parse("\n" + line)
        }
        #expect(error?.line == 2)
    }
}
