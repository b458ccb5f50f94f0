// Requests that are run one after the other: those of a connection as its bytes come in, those that wait for
// EXEC, or those that a master streams. The one that is being run is read in place; what its words mean is
// for the commands.

package import ClusterWire
package import RESP

/// Requests in their order, and the one that is being run.
///
/// What it keeps is private, as in MemoryStore.
package final class RequestSource {
    private var parser = RequestParser()
    private var keySlot = KeySlot.of([UInt8]())

    package init() {}

    /// The slot of the keys of the request that is being run.
    package var slot: Slot {
        get { keySlot }
        set { keySlot = newValue }
    }

    /// How much the parser takes.
    package var limits: RequestLimits {
        get { parser.limits }
        set { parser.limits = newValue }
    }

    /// Bytes that were fed and belong to no request given out yet.
    package var bufferedBytes: Int { parser.bufferedBytes }

    package func feed(_ bytes: Span<UInt8>) { parser.feed(bytes) }
    package func feed(_ bytes: [UInt8]) { parser.feed(bytes) }

    /// Goes to the next request; false asks for more bytes.
    package func next() throws(RESPError) -> Bool { try parser.next() }

    /// The parser as it stands, for whoever reads ahead in a copy of it.
    package var copy: RequestParser { parser }
}

// MARK: - The request

extension RequestSource {
    /// How many words the request has.
    package var count: Int { parser.argumentCount }
    /// The bytes that the request took.
    package var requestBytes: Int { parser.requestBytes }

    /// Lends a word where it lies.
    @inline(__always)
    package func withWord<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        parser.lendArgument(index, body)
    }

    /// Lends two words at once.
    @inline(__always)
    package func withWords<Result>(
        _ first: Int, _ second: Int, _ body: (Span<UInt8>, Span<UInt8>) -> Result
    ) -> Result {
        parser.lendArguments(first, second, body)
    }

    /// Lends the whole request as it came; nil when it came as a line of words.
    package func withRequest<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        parser.lendRequest(body)
    }

    /// A word as text; bytes that are not UTF-8 become U+FFFD.
    package func text(_ index: Int) -> String { parser.argumentText(index) }

    /// A word in small letters, for options.
    package func option(_ index: Int) -> String { parser.argumentText(index).lowercased() }

    /// A copy of a word.
    package func bytes(_ index: Int) -> [UInt8] { parser.argument(index) }

    /// Copies of all words.
    package var words: [[UInt8]] { parser.arguments }

    /// A number in its one spelling.
    package func number(_ index: Int) -> Int64? {
        parser.lendArgument(index) { strictInteger($0) }
    }
}
