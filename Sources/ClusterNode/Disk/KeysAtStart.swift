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
        for name in File.removeUnfinished(of: path) {
            log.write(.notice, "Removed \(name), which a save did not finish")
        }
        guard File.exists(path) else { return }
        let began = SystemClock.monotonicMilliseconds()
        let isReplica = !host.machine.state.me.isMaster
        let fresh = MemoryStore(seed: Entropy.seed())
        fresh.now = store.now
        fresh.valueLimit = store.valueLimit
        var reader = KeysFileReader(into: fresh)
        try read(path, into: &reader)
        store.replaceAll(with: fresh)
        keysOnDisk.loaded(store)
        if let (id, offset) = reader.position {
            replication.restore(id, at: offset, asReplica: isReplica)
        }
        // Behind the history: replicas that go on with it have these keys, and are told that they go.
        let ended = isReplica ? 0 : store.dropEnded()
        log.write(
            .notice,
            "DB loaded from disk: \(store.count) keys in "
                + "\(SystemClock.monotonicMilliseconds() - began) ms"
                + (ended > 0 ? ", \(ended) had expired" : ""))
        if !isReplica { checkSlotsOfKeys() }
    }

    private static let readBytes = 1 << 20

    private func read(
        _ path: String, into reader: inout KeysFileReader
    ) throws(StartError) {
        var offset = 0
        while true {
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try File.read(path, from: offset, limitBytes: Self.readBytes)
            } catch {
                throw StartError("\(path) cannot be read: \(error.reason)")
            }
            offset += bytes.count
            do throws(KeysFileError) {
                guard !bytes.isEmpty else { return try reader.finish() }
                try reader.feed(bytes.span)
            } catch {
                throw StartError("\(path) is not taken: \(error)")
            }
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
