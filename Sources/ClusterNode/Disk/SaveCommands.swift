// SAVE, BGSAVE and LASTSAVE. Both saves are made piece by piece while the node goes on; who says SAVE is answered
// when the file is in place.

import ClusterCore
import DataPlane
import RESP
import SystemIO

enum SaveCommands {
    private static let isUnderWay = "ERR Background save already in progress"

    static func saveInBackground(_ context: ServerContext) -> CommandResult {
        let isScheduled = context.count > 1
        if isScheduled && (context.count > 2 || context.option(1) != "schedule") {
            return .syntaxError
        }
        let disk = context.node.keysOnDisk
        if disk.isSaving {
            guard isScheduled else { return .error(isUnderWay) }
            disk.isWantedAgain = true
            return context.simple("Background saving scheduled")
        }
        do throws(SystemError) {
            try disk.begin(context.node)
        } catch {
            return .error("ERR \(error.reason)")
        }
        context.node.log.write(.notice, "Background saving started")
        return context.simple("Background saving started")
    }

    static func save(_ context: ServerContext) -> CommandResult {
        let disk = context.node.keysOnDisk
        guard !disk.isSaving else { return .error(isUnderWay) }
        // Within a transaction nobody can wait.
        guard context.frame === context.client.frame else {
            if let failure = disk.saveNow(context.node) {
                return .error("ERR \(failure.reason)")
            }
            return context.ok()
        }
        do throws(SystemError) {
            try disk.begin(context.node)
        } catch {
            return .error("ERR \(error.reason)")
        }
        disk.waiting = context.client.id
        return .unfinished(.answer)
    }

    static func lastSave(_ context: ServerContext) -> CommandResult {
        context.integer(context.node.keysOnDisk.figures.lastSave / 1000)
    }
}

extension Node {
    /// The part of a wake-up that a save gets.
    func workOnSave() {
        guard let outcome = keysOnDisk.work(self) else { return }
        if let id = keysOnDisk.waiting {
            keysOnDisk.waiting = nil
            clients.answer(id, outcome.map { .error("ERR \($0.reason)") } ?? .replied, self)
        }
        guard keysOnDisk.isWantedAgain else { return }
        keysOnDisk.isWantedAgain = false
        beginSave()
    }

    /// Each second: whether changes have waited for long enough.
    func saveIfDue() {
        if keysOnDisk.isDue(options.savePoints, self) { beginSave() }
    }

    /// Whether a shutdown without a word about it saves.
    var savesAtEnd: Bool { !options.savePoints.isEmpty }

    private func beginSave() {
        do throws(SystemError) {
            try keysOnDisk.begin(self)
        } catch {
            log.write(.warning, "Saving keys failed: \(error.reason)")
        }
    }

    /// Before it leaves: keys are saved where that is asked for.
    /// - Returns: why that failed.
    func saveBeforeEnd() -> SystemError? {
        log.write(.notice, "Saving the final RDB snapshot before exiting.")
        return keysOnDisk.saveNow(self)
    }
}
