// InterruptGuard long work of many processes in good order: signals that would end the program are turned into
// a request, and whoever works ends what it started. Used by commands that start servers.

import Interop
import Synchronization
import SystemIO

/// Watches for the signals by which people and systems end a program.
struct InterruptGuard: Sendable {
    let request = StopRequest()
    private let watch: SignalWatch

    private static let napMilliseconds = 20

    init() throws(SystemError) {
        watch = try SignalWatch([.interrupt, .terminate, .hangUp])
    }

    /// Runs the work on a thread of its own, and asks it to end when a signal comes.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(SystemError) -> Value
    ) throws(UsageError) -> Value {
        let outcome = Outcome<Value>()
        do throws(SystemError) {
            let thread = try Thread {
                do throws(SystemError) {
                    outcome.set(.success(try work()))
                } catch {
                    outcome.set(.failure(error))
                }
            }
            while true {
                if let result = outcome.value {
                    thread.join()
                    return try result.get()
                }
                if !watch.take().isEmpty && !request.isMade {
                    request.make()
                    StandardStream.errors.write("interrupted: ending all servers\n")
                }
                SystemClock.sleep(milliseconds: Self.napMilliseconds)
            }
        } catch {
            throw UsageError("\(error)")
        }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let held = Mutex<Result<Value, SystemError>?>(nil)
        var value: Result<Value, SystemError>? { held.withLock { $0 } }
        func set(_ result: Result<Value, SystemError>) { held.withLock { $0 = result } }
    }
}
