// Keys that are there at the start: the file is read before anybody can ask, and refused whole if anything is wrong
// with it. Keys of slots that belong to others go, as in the reference; slots that nobody has become this node's.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import SystemIO

extension Node {
    var keysPath: String { options.path(of: options.keysFile) }

    /// Reads the file of keys, if there is one.
    func loadKeys() throws(StartError) {
        let path = keysPath
        guard File.exists(path) else { return }
        let began = SystemClock.monotonicMilliseconds()
        let isReplica = !host.machine.state.me.isMaster
        let fresh = MemoryStore(seed: Entropy.seed())
        fresh.now = store.now
        fresh.valueLimit = store.valueLimit
        var reader = KeysFileReader(into: fresh, keepsEnded: isReplica)
        do throws(KeysFileError) {
            try read(path, into: &reader)
            try reader.finish()
        } catch {
            throw StartError("\(path) is not taken: \(error)")
        }
        store.replaceAll(with: fresh)
        keysOnDisk.loaded(store)
        if let (id, offset) = reader.position {
            replication.restore(id, at: offset, asReplica: isReplica)
        }
        log.write(
            .notice,
            "DB loaded from disk: \(store.count) keys in "
                + "\(SystemClock.monotonicMilliseconds() - began) ms"
                + (reader.endedCount > 0 ? ", \(reader.endedCount) had expired" : ""))
        if !isReplica { checkSlotsOfKeys() }
    }

    private static let readBytes = 1 << 20

    private func read(
        _ path: String, into reader: inout KeysFileReader
    ) throws(KeysFileError) {
        var offset = 0
        while true {
            guard let bytes = try? File.read(path, from: offset, limitBytes: Self.readBytes),
                !bytes.isEmpty
            else { return }
            offset += bytes.count
            try reader.feed(bytes.span)
        }
    }

    private func checkSlotsOfKeys() {
        let state = host.machine.state
        var others = SlotSet()
        for slot in store.occupied {
            guard let owner = state.slots.owner(of: slot) else { continue }
            if owner != .myself { others.insert(slot) }
        }
        guard !others.isEmpty else { return }
        let count = store.count
        store.dropKeys(in: others)
        log.write(
            .warning,
            "Dropped \(count - store.count) keys of \(others.count) slots that belong to other nodes"
        )
    }
}
