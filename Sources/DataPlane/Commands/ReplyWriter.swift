// The bytes of replies, in the version of the protocol that their reader chose. Whether and when they leave is
// for whoever owns a connection; commands only add to the end.

package import RESP

/// Replies as bytes, one behind the other.
///
/// What it keeps is private: what only one module can reach, the compiler proves to be used by one at a time,
/// and need not check at each access.
package final class ReplyWriter {
    private var spokenVersion = RESPVersion.two
    private var bytes: [UInt8] = []

    package init() {}

    /// The version of the protocol that replies are written in.
    package var version: RESPVersion {
        get { spokenVersion }
        set { spokenVersion = newValue }
    }

    package var count: Int { bytes.count }

    /// Lends all bytes.
    package func lend<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        let bytes = bytes
        return body(bytes.span)
    }

    /// Lets go of all, and of the memory if it is more than this.
    package func removeAll(keepingUpTo capacity: Int) {
        if bytes.capacity > capacity {
            bytes = []
        } else {
            bytes.removeAll(keepingCapacity: true)
        }
    }

    package func removeFirst(_ count: Int) { bytes.removeFirst(count) }

    /// Takes back what was written behind this place.
    package func cut(to length: Int) {
        guard bytes.count > length else { return }
        bytes.removeLast(bytes.count - length)
    }

    /// Changes all bytes at once.
    package func update<Result>(_ body: (inout [UInt8]) -> Result) -> Result { body(&bytes) }
}

// MARK: - Writing

extension ReplyWriter {
    private static let okReply = Array("+OK\r\n".utf8)

    package func ok() { bytes.append(contentsOf: Self.okReply) }
    package func raw(_ reply: [UInt8]) { bytes.append(contentsOf: reply) }

    /// A reply that is long; it is not copied if no other waits.
    package func take(_ reply: inout [UInt8]) {
        if bytes.isEmpty { swap(&bytes, &reply) } else { bytes.append(contentsOf: reply) }
        reply = []
    }

    package func null() { RESPWriter.null(spokenVersion, to: &bytes) }
    package func nullArray() { RESPWriter.nullArray(spokenVersion, to: &bytes) }
    package func error(_ text: String) { RESPWriter.error(text, to: &bytes) }
    package func simple(_ text: String) { RESPWriter.simple(text, to: &bytes) }
    package func bulk(_ text: String) { RESPWriter.bulk(text, to: &bytes) }
    package func bulk(_ content: [UInt8]) { RESPWriter.bulk(content, to: &bytes) }
    package func bulk(_ content: Span<UInt8>) { RESPWriter.bulk(content, to: &bytes) }
    package func integer(_ number: Int64) { RESPWriter.integer(number, to: &bytes) }
    package func arrayHeader(_ count: Int) { RESPWriter.arrayHeader(count, to: &bytes) }
    package func mapHeader(_ count: Int) { RESPWriter.mapHeader(count, spokenVersion, to: &bytes) }
    package func double(_ number: Double) {
        RESPWriter.double(number, spokenVersion, to: &bytes)
    }
    package func text(_ text: String) {
        RESPWriter.verbatim(format: "txt", Array(text.utf8), spokenVersion, to: &bytes)
    }
}
