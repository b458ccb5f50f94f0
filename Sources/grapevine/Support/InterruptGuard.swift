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
        let box = ResultBox<Value>()
        do throws(SystemError) {
            let thread = try Thread {
                do throws(SystemError) {
                    box.set(.success(try work()))
                } catch {
                    box.set(.failure(error))
                }
            }
            while true {
                if let result = box.value {
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

    private final class ResultBox<Value: Sendable>: Sendable {
        private let held = Mutex<Result<Value, SystemError>?>(nil)
        var value: Result<Value, SystemError>? { held.withLock { $0 } }
        func set(_ result: Result<Value, SystemError>) { held.withLock { $0 = result } }
    }
}

extension InterruptGuard {
    /// Runs work that starts servers, ours among them, until it ends or a signal comes. What goes wrong
    /// with the servers is complained of.
    /// - Parameter command: who complains.
    /// - Returns: nil when something went wrong.
    static func run<Value: Sendable>(
        _ command: String,
        _ work:
            @escaping @Sendable (
                _ ours: ServerProgram, _ stop: StopRequest
            ) throws(InteropError) -> Value
    ) throws(UsageError) -> Value? {
        let interrupts: InterruptGuard
        let ours: ServerProgram
        do throws(SystemError) {
            interrupts = try InterruptGuard()
            ours = .ours(try File.ownExecutable())
        } catch {
            throw UsageError("\(error)")
        }
        let request = interrupts.request
        let result = try interrupts.run { () throws(SystemError) in
            Result<Value, InteropError> { () throws(InteropError) in try work(ours, request) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error):
            complain(command, "\(error)")
            return nil
        }
    }
}
