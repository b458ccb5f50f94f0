// The rules of node ids: which texts are valid, how they order, what they print.

import ClusterWire
import TestSupport
import Testing

@Suite struct NodeIDTests {
    /// An id of any bytes, as the wire can bring it.
    private func id(_ raw: [UInt8]) throws -> NodeID {
        var frame = bytes(.full(sampleHeader(), .fail(idA)))
        frame.replaceSubrange(2256..<2296, with: raw)
        guard case .full(_, .fail(let node)) = try Message.decode(frame) else {
            throw WireError.unknownVersion(0)
        }
        return node
    }

    @Test func `validity agrees with a naive check for each byte at each position`() throws {
        for position in 0..<40 {
            for byte in UInt8.min...UInt8.max {
                var raw = Array(idB.description.utf8)
                raw[position] = byte
                let naive = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
                #expect(try id(raw).isValid == naive, "byte \(byte) at \(position)")
            }
        }
    }

    @Test(arguments: [
        "", "a", String(repeating: "a", count: 39), String(repeating: "a", count: 41),
        String(repeating: "A", count: 40), String(repeating: "é", count: 20),
        String(repeating: "a", count: 39) + " ", String(repeating: "\0", count: 40),
    ])
    func `a text that is not forty of a-z and 0-9 is no id`(text: String) {
        #expect(NodeID(text) == nil)
        #expect(ShardID(text) == nil)
    }

    @Test func `an id prints the text that it was made from`() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz0123"
        #expect(NodeID(text)?.description == text)
        #expect(NodeID(text)?.short == "01234567")
        #expect(ShardID(text)?.description == text)
    }

    @Test func `ids order as their bytes do, in every word`() throws {
        for position in 0..<40 {
            var low = Array(idB.description.utf8)
            var high = low
            low[position] = 0x61
            high[position] = 0xFF
            let (first, second) = (try id(low), try id(high))
            #expect(first < second)
            #expect(!(second < first))
            #expect(first != second)
            #expect(ShardID(first) < ShardID(second))
        }
        #expect(!(idA < idA))
    }

    @Test func `forty NULs are no node and not valid`() throws {
        #expect(try id([UInt8](repeating: 0, count: 40)) == .zero)
        #expect(NodeID.zero.isZero)
        #expect(!NodeID.zero.isValid)
        #expect(!idA.isZero)
    }

    @Test func `a fresh id is valid hex and the generator decides it`() {
        var (first, second) = (SeededGenerator(seed: 1), SeededGenerator(seed: 1))
        let id = NodeID(using: &first)
        #expect(id.isValid)
        #expect(id.description.allSatisfy { $0.isHexDigit })
        #expect(id == NodeID(using: &second))
        #expect(id != NodeID(using: &first))
    }

    @Test func `the quick hash looks at every byte`() throws {
        for position in 0..<40 {
            var raw = Array(idB.description.utf8)
            raw[position] = 0x63
            #expect(try id(raw).quickHash != idB.quickHash)
        }
    }

    @Test func `the bytes of an id come in order`() {
        var seen: [UInt8] = []
        let text = "0123456789abcdefghijklmnopqrstuvwxyz0123"
        NodeID(text)?.forEachByte { seen.append($0) }
        #expect(seen == Array(text.utf8))
    }
}
