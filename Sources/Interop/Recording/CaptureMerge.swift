// Several captures of one cluster, each taken by one of its nodes, as one: a connection that both of
// its ends recorded is there once, from the file that saw more of it (a node that was killed did not
// see the end), and packets are in order of time.

package import Capture

/// Puts captures together.
package enum CaptureMerge {
    /// A connection, whichever way its packets go.
    private struct Key: Hashable {
        let low: CaptureAddress
        let high: CaptureAddress

        init(_ segment: TCPSegment) {
            low = min(segment.source, segment.destination)
            high = max(segment.source, segment.destination)
        }
    }

    private struct Entry {
        let key: Key
        let file: Int
        let segment: TCPSegment
    }

    /// - Parameters:
    ///   - files: pcap files with TCP over IP; what else is in them is left out.
    ///   - end: wall nanoseconds; what is later is left out, too.
    /// - Returns: the bytes of a pcap file.
    /// - Throws: what is wrong with one of them. A file that ends in the middle of a packet is
    ///   taken up to there: its writer was killed.
    package static func merge(
        _ files: [[UInt8]], until end: Int64 = Int64.max
    ) throws(CaptureError) -> [UInt8] {
        var entries: [Entry] = []
        var counts: [Key: [Int]] = [:]
        for (index, file) in files.enumerated() {
            var reader = CaptureReader()
            reader.feed(file)
            while let packet = try reader.next() {
                guard case .tcp(let segment) = try IPPacket.content(of: packet), segment.time <= end
                else { continue }
                let key = Key(segment)
                counts[key, default: Array(repeating: 0, count: files.count)][index] += 1
                entries.append(Entry(key: key, file: index, segment: segment))
            }
        }
        let owners = counts.mapValues { counts in
            counts.indices.max { (counts[$0], $1) < (counts[$1], $0) }
        }
        let writer = PcapWriter()
        var bytes = writer.header
        // Sorting is stable: packets of one moment stay in the order of their file.
        for entry in entries.filter({ owners[$0.key] == $0.file })
            .sorted(by: { $0.segment.time < $1.segment.time })
        {
            bytes += writer.record(of: entry.segment)
        }
        return bytes
    }
}
