// Independent pieces of work that threads take one after the other, and their results by place. Who the
// threads are, and when the work is given up, is decided by the callers.

import Synchronization

/// Pieces of work, counted from 0.
package final class WorkQueue<Result: Sendable>: Sendable {
    private struct State: Sendable {
        var next = 0
        /// How many results were collected, in order.
        var collected = 0
        var isStopped = false
        /// By place; nil where there is none yet, or not any more.
        var results: [Result?]
    }

    private let count: Int
    private let runAhead: Int
    private let state: Mutex<State>

    /// - Parameter runAhead: so many results may wait for an earlier one that is not collected.
    package init(count: Int, runAhead: Int = Int.max) {
        self.count = count
        self.runAhead = runAhead
        state = Mutex(State(results: Array(repeating: nil, count: count)))
    }

    /// The place of the next piece of work; nil when there is none now.
    package func takeNext() -> Int? {
        state.withLock { state in
            guard !state.isStopped, state.next < count, state.next - state.collected < runAhead
            else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Whether no piece of work will be handed out any more.
    package var isEmpty: Bool { state.withLock { $0.isStopped || $0.next >= count } }

    /// No more work is handed out.
    package func stop() { state.withLock { $0.isStopped = true } }

    /// - Parameter report: told the result; one at a time, whatever thread it comes from.
    package func finish(_ place: Int, _ result: Result, report: (Result) -> Void = { _ in }) {
        state.withLock { state in
            state.results[place] = result
            report(result)
        }
    }

    /// Takes a result out; nil when it is not there yet. Places are collected in order.
    package func collect(_ place: Int) -> Result? {
        state.withLock { state in
            guard let result = state.results[place] else { return nil }
            state.results[place] = nil
            state.collected += 1
            return result
        }
    }

    /// The results that were not collected, in the order of their places.
    package var results: [Result] { state.withLock { $0.results.compactMap { $0 } } }
}
