// Saves of nodes.conf: one for a whole wake-up, given to the threads that write and sync it; and which save the
// replies wait for.

import ClusterCore
import SystemIO

/// The saves that were asked for, and how they ended.
struct HostSaves: ~Copyable {
    var thread: SaveThread
    private var locks: NodesFileLocks
    /// The newest save asked for since the last wake-up.
    private(set) var wanted: (generation: Generation, sync: Bool)?
    /// The newest save that was ever asked for.
    private(set) var newest = Generation(0)
    /// The newest save that is known to be in place, or to have failed.
    private var placed = Generation(0)
    private var failed = Generation(0)
    /// The newest save for which somebody waits.
    private var awaited = Generation(0)
    var answers = HeldAnswers()
    /// The reply of the command that runs, and the save that it waits for.
    var answer: (reply: AdminReply, after: Generation?)?

    /// A tick came since the last save was given to the threads: a save may not be put off any longer.
    var ticked = false

    /// A save was made at the end of a wake-up, and the next has to be made ready.
    var hasToTidy = false

    init(_ thread: consuming SaveThread, _ locks: consuming NodesFileLocks) {
        self.thread = thread
        self.locks = locks
    }

    /// The file that was saved for the first time, by other means than the threads.
    mutating func adoptFirst(_ path: String) throws(HostError) {
        do throws(SystemError) { try thread.adopt() } catch { throw .system(error) }
        try locks.lockFirst(path)
    }

    /// Whether the save may be put off until the next tick: no command waits for it, and it need not be synced.
    /// While a cluster forms there are changes in each wake-up, and one save a tick is enough for them.
    ///
    /// - Source: DECISIONS D21, D70.
    var mayWait: Bool { !ticked && wanted?.sync == false && awaited <= max(placed, failed) }

    mutating func want(_ generation: Generation, sync: Bool) {
        wanted = (generation, sync || wanted?.sync == true)
        newest = generation
    }

    /// A reply waits for a save. Returns whether it is still to come.
    mutating func expect(_ generation: Generation) -> Bool {
        guard generation > placed else { return false }
        awaited = max(awaited, generation)
        return true
    }

    mutating func place(_ generation: Generation) { placed = max(placed, generation) }
    mutating func fail(_ generation: Generation) { failed = max(failed, generation) }

    /// Hands over what was asked for, as `text` says it. While clients wait for one save after another, on
    /// a disk that is quick, they are made here and now.
    /// - Returns: the save that is in place already.
    mutating func handOver(_ text: String, isUrgent: Bool) -> Generation? {
        guard let save = wanted else { return nil }
        wanted = nil
        ticked = false
        let bytes = Array(text.utf8)
        let isAwaited = awaited > max(placed, failed)
        let isUrgent = !isAwaited || isUrgent
        let number = save.generation.number
        if isAwaited,
            thread.put(generation: number, bytes, sync: save.sync, isUrgent: isUrgent)
        {
            return save.generation
        }
        thread.submit(
            generation: number, bytes, sync: save.sync, isAwaited: isAwaited, isUrgent: isUrgent)
        return nil
    }

    /// Saves for the last time, and waits for the end of all saves.
    mutating func finish(_ text: String) -> [SaveResult] {
        thread.submit(generation: newest.number + 1, Array(text.utf8), sync: true)
        return thread.finish()
    }
}

extension ClusterHost {
    func handOverSave() {
        guard saves.wanted != nil, !saves.mayWait else { return }
        let text = NodesFile.text(machine.state, .now)
        guard let generation = saves.handOver(text, isUrgent: machine.awaitsSave) else {
            return
        }
        isInPlace(generation)
        saves.hasToTidy = true
    }

    func saved(_ result: SaveResult) {
        switch result {
        case .renamed(let number): isInPlace(Generation(number))
        case .synced(let number): step(.persisted(Generation(number)))
        case .failed(let number, let error):
            let generation = Generation(number)
            step(.persistFailed(generation, SystemFault("\(error)")))
            saves.fail(generation)
            server?.saveFailed(upTo: generation, because: error)
            for (reply, client) in saves.answers.take(upTo: generation, because: error) {
                server?.answer(reply, to: client)
            }
        }
    }

    private func isInPlace(_ generation: Generation) {
        saves.place(generation)
        server?.saveIsInPlace(upTo: generation)
        for (reply, client) in saves.answers.take(upTo: generation) {
            server?.answer(reply, to: client)
        }
    }
}
