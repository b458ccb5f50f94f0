// Who is who across restarts and resets: an identity is an id since its last RESET. Found by id without
// hashing into an order, as in the rules' own table.

import ClusterCore
import ClusterWire

/// All identities that a world ever had, by number.
struct Identities: Sendable {
    private(set) var ids: [NodeID] = []
    /// The newest identity of each id, as number + 1; 0 for an empty cell.
    private var cells = [Int32](repeating: 0, count: 64)

    var count: Int { ids.count }

    /// The newest identity of an id.
    func find(_ id: NodeID) -> Int? {
        let cell = cell(of: id)
        return cells[cell] == 0 ? nil : Int(cells[cell]) - 1
    }

    /// A new identity, which is from now on that of the id.
    mutating func add(_ id: NodeID) -> Int {
        ids.append(id)
        if ids.count * 2 > cells.count {
            cells = [Int32](repeating: 0, count: cells.count * 4)
            for number in ids.indices { cells[cell(of: ids[number])] = Int32(number + 1) }
        } else {
            cells[cell(of: id)] = Int32(ids.count)
        }
        return ids.count - 1
    }

    /// Where an id is, or would be.
    private func cell(of id: NodeID) -> Int {
        let mask = cells.count - 1
        var cell = id.quickHash & mask
        while cells[cell] != 0, ids[Int(cells[cell]) - 1] != id { cell = (cell + 1) & mask }
        return cell
    }
}

/// A set of identities.
struct IdentitySet: Sendable {
    private var words: [UInt64] = []

    func contains(_ number: Int) -> Bool {
        number >> 6 < words.count && words[number >> 6] & (1 << UInt64(number & 63)) != 0
    }

    mutating func insert(_ number: Int) {
        while words.count <= number >> 6 { words.append(0) }
        words[number >> 6] |= 1 << UInt64(number & 63)
    }
}

/// What voters told a node against others, and when: by whom and about whom. Kept in small worlds; in
/// large ones it would be larger than they are.
struct HeardReports: Sendable {
    /// Microseconds of the newest word, by speaker * width + subject; -1 for none.
    private var words: [Int64] = []
    private var width = 0

    mutating func heard(_ speaker: Int, against subject: Int, at time: Int64) {
        let most = max(speaker, subject)
        if most >= width { widen(to: max(16, 2 * most)) }
        words[speaker * width + subject] = time
    }

    /// When a speaker last said something against a subject.
    func last(_ speaker: Int, against subject: Int) -> Int64? {
        guard speaker < width, subject < width else { return nil }
        let time = words[speaker * width + subject]
        return time < 0 ? nil : time
    }

    mutating func removeAll() { self = HeardReports() }

    private mutating func widen(to new: Int) {
        var wider = [Int64](repeating: -1, count: new * new)
        for speaker in 0..<width {
            for subject in 0..<width {
                wider[speaker * new + subject] = words[speaker * width + subject]
            }
        }
        words = wider
        width = new
    }
}
