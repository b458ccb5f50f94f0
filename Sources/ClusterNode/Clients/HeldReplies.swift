// Replies of one client that wait for a save. They stand in its output already, where what comes behind
// them waits too; here is where they stand, and for which save each of them waits. When that is in place
// they may go out as they are; when it failed an error takes their place.

import ClusterCore
import ClusterHost
import RESP
import SystemIO

/// Places in the output of one client, in order.
struct HeldReplies {
    fileprivate struct Hold {
        var generation: Generation
        /// The first byte that may not go out: that of the reply, or of the whole that it is a part of.
        var stop: Int
        var range: Range<Int>
        /// What was promised is not in effect when the save fails.
        var isUndone = false
    }
    private var holds: [Hold] = []
    /// Where a reply of many parts began that goes out as one.
    private var wholeStart: Int?

    var isEmpty: Bool { holds.isEmpty }
    var firstStop: Int? { holds.first?.stop }

    /// From now on all parts belong to one reply, until `endWhole`.
    mutating func beginWhole(at place: Int) { wholeStart = place }
    mutating func endWhole() { wholeStart = nil }

    /// The reply at the end of the output waits for a save. Saves grow from call to call.
    mutating func add(_ range: Range<Int>, until generation: Generation) {
        holds.append(
            Hold(generation: generation, stop: wholeStart ?? range.lowerBound, range: range))
    }

    /// What is waited for by a reply that begins there is taken back if it cannot be saved.
    mutating func markUndone(from place: Int) {
        guard let last = holds.indices.last, holds[last].range.lowerBound >= place else { return }
        holds[last].isUndone = true
    }

    /// The output was cut to so many bytes.
    mutating func takeBack(to length: Int) {
        while let last = holds.last, last.range.upperBound > length { holds.removeLast() }
    }

    /// The output lost, or got, so many bytes before the first place.
    mutating func shift(by count: Int) {
        for index in holds.indices { holds[index].move(by: count) }
    }

    /// A save is in place.
    mutating func release(upTo generation: Generation) {
        holds.removeFirst(count(upTo: generation))
    }

    /// A save failed: errors take the place of the replies that waited for it, in one pass.
    /// - Returns: how many.
    mutating func fail(
        upTo generation: Generation, because error: SystemError, in output: inout [UInt8]
    ) -> Int {
        let count = count(upTo: generation)
        guard let first = holds.first, count > 0 else { return 0 }
        var text = Array(output[..<first.range.lowerBound])
        text.reserveCapacity(output.count + count * 64)
        for index in 0..<count {
            RESPWriter.error(
                SaveFailure.text(error, isUndone: holds[index].isUndone), to: &text)
            let next = index + 1 < count ? holds[index + 1].range.lowerBound : output.count
            text += output[holds[index].range.upperBound..<next]
        }
        let grown = text.count - output.count
        output = text
        holds.removeFirst(count)
        // Parts of one whole wait for one save: all of them are gone, or all are behind.
        shift(by: grown)
        return count
    }

    private func count(upTo generation: Generation) -> Int {
        holds.prefix { $0.generation <= generation }.count
    }
}

extension HeldReplies.Hold {
    fileprivate mutating func move(by count: Int) {
        stop += count
        range = range.lowerBound + count..<range.upperBound + count
    }
}
