// What the file on a disk says of its own node, read from its text by few and simple means: the
// checkers must not rely on the parser of the rules that they check.

import ClusterCore
import ClusterWire

/// What a disk would give back after a crash.
struct DiskImage: Sendable {
    var currentEpoch: Epoch = 0
    var lastVoteEpoch: Epoch = 0
    var configEpoch: Epoch = 0
    var isMaster = false
    var slots = SlotSet()

    /// Reads the text of a file; nil when it does not tell of its own node.
    init?(_ text: [UInt8]) {
        var hasMyself = false
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard let first = words.first else { continue }
            if first.elementsEqual("vars".utf8) {
                readVariables(words)
            } else if words.count >= 8, Self.lists("myself", in: words[2]) {
                hasMyself = true
                isMaster = Self.lists("master", in: words[2])
                configEpoch = Epoch(Self.number(words[6]) ?? 0)
                for word in words[8...] { readSlots(word) }
            }
        }
        guard hasMyself else { return nil }
    }

    /// What a file of this state would say, unread: for worlds too large to write and read files.
    init(factsOf state: ClusterState) {
        currentEpoch = state.currentEpoch
        lastVoteEpoch = state.lastVoteEpoch
        let mine = state.nodes.belief(about: .myself)
        isMaster = mine.role.isMaster
        configEpoch = mine.configEpoch
        slots = mine.slots
    }

    private mutating func readVariables(_ words: [ArraySlice<UInt8>]) {
        for index in words.indices.dropFirst().dropLast() {
            guard let value = Self.number(words[index + 1]) else { continue }
            if words[index].elementsEqual("currentEpoch".utf8) { currentEpoch = Epoch(value) }
            if words[index].elementsEqual("lastVoteEpoch".utf8) { lastVoteEpoch = Epoch(value) }
        }
    }

    private mutating func readSlots(_ word: ArraySlice<UInt8>) {
        let bounds = word.split(separator: UInt8(ascii: "-")).map { Self.number($0) }
        guard let first = bounds.first ?? nil, let last = bounds.last ?? nil,
            let from = Slot(Int(first)), let to = Slot(Int(last)), let range = SlotRange(from, to)
        else { return }
        slots.insert(range)
    }

    private static func lists(_ flag: String, in word: ArraySlice<UInt8>) -> Bool {
        word.split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual(flag.utf8) }
    }

    private static func number(_ word: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in word {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value &* 10 &+ UInt64(byte - 0x30)
        }
        return value
    }

    /// Whether it holds what a header says of its sender.
    func covers(_ header: Header) -> Bool {
        isMaster && configEpoch >= header.configEpoch && header.slots.subtracting(slots).isEmpty
    }
}
