// Replies to commands that wait for the save of what the command changed. When the save is written they are
// given to the server; when it failed, an error takes their place.

import ClusterCore
package import SystemIO

/// The error for a client whose change could not be saved.
package enum SaveFailure {
    /// - Parameter isUndone: whether the change was taken back because the save failed.
    package static func text(_ error: SystemError, isUndone: Bool) -> String {
        let reason = "could not be saved: \(error.reason)"
        return isUndone
            ? "ERR the change \(reason); it was taken back"
            : "ERR the change is in effect and \(reason)"
    }
}

/// Replies that wait, in their order.
struct HeldAnswers {
    private struct Held {
        let reply: AdminReply
        let client: ClientID
        let generation: Generation
        let isUndone: Bool
    }
    private var held: [Held] = []

    mutating func add(
        _ reply: AdminReply, to client: ClientID, until generation: Generation, isUndone: Bool
    ) {
        held.append(Held(reply: reply, client: client, generation: generation, isUndone: isUndone))
    }

    /// Takes what waited for this save or an earlier one.
    /// - Parameter error: why it failed; nil: it is in place.
    mutating func take(
        upTo generation: Generation, because error: SystemError? = nil
    ) -> [(reply: AdminReply, client: ClientID)] {
        let count = held.prefix { $0.generation <= generation }.count
        guard count > 0 else { return [] }
        defer { held.removeFirst(count) }
        return held.prefix(count).map { answer in
            let failure = error.map {
                AdminReply.error(SaveFailure.text($0, isUndone: answer.isUndone))
            }
            return (failure ?? answer.reply, answer.client)
        }
    }
}
