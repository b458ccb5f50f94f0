// Tables whose keys are gone for everybody but a copy that is still walking one. Their memory goes back in
// pieces, a few with each tick, since giving back gigabytes at once would hold up all who wait.

/// Tables that are let go.
struct LeavingTables {
    /// Pieces in a tick, each of a quarter of a megabyte or of a thousand strings: a millisecond or less.
    private static let piecesPerTick = 48
    /// What takes less goes at once.
    private static let smallBytes = 1 << 18
    private static let fewRows = 4096

    private var tables: [KeyTable] = []

    var isEmpty: Bool { tables.isEmpty }

    mutating func add(_ table: KeyTable) {
        table.isAbandoned = true
        let isSmall = table.sums.held < Self.smallBytes && table.rows.count < Self.fewRows
        if table.copies.isEmpty && isSmall { return }
        tables.append(table)
    }

    func endCopies() {
        for table in tables {
            for copy in table.copies { copy.end() }
        }
    }

    /// Gives back some memory, more if many tables wait for it.
    mutating func letGo() {
        guard !tables.isEmpty else { return }
        var budget = Self.piecesPerTick * tables.count
        tables.removeAll { table in
            guard table.copies.isEmpty else { return false }
            while budget > 0 {
                guard table.letGoOfPiece() else { return true }
                budget -= 1
            }
            return false
        }
    }
}
