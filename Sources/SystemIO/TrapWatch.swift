// Which of several threads trapped. Each runs the same code on an input of its own; one that traps stops
// for good where it is, keeps what it had, and is said to have trapped. The others go on.

#if !canImport(Darwin)
    import CLinux
#endif

/// A place where one thread's trap is seen from others.
///
/// - Note: where the system is not Linux, a trap ends the process.
@safe package final class TrapWatch: Sendable {
    /// For as long as the process lives: the thread may write to it at any time.
    private nonisolated(unsafe) let place: UnsafeMutablePointer<Int32>

    /// From here on threads that watch themselves do not end the process by a trap.
    package static func begin() throws(SystemError) {
        #if !canImport(Darwin)
            let code = clinux_watch_traps()
            guard code == 0 else { throw SystemError(code: -code, call: "sigaction") }
        #endif
    }

    package init() {
        unsafe place = .allocate(capacity: 1)
        unsafe place.initialize(to: 0)
    }

    /// What the calling thread does from here on is watched.
    package func watchThisThread() {
        #if !canImport(Darwin)
            unsafe clinux_report_trap(place)
        #endif
    }

    /// The signal by which the thread was stopped; nil while it runs.
    package var signal: Int32? {
        #if canImport(Darwin)
            return nil
        #else
            let number = unsafe clinux_trap(place)
            return number == 0 ? nil : number
        #endif
    }
}
