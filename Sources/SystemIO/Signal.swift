// Signals by name, and those sent to this process as bytes of a descriptor that a loop can watch. A
// request from another thread comes the same way, through a pipe. What a node does when it is told
// to stop is decided by its loop.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// The signals that are sent or waited for here.
package enum Signal: CaseIterable, Sendable, Equatable {
    case hangUp, interrupt, terminate, kill, stop, resume, user1

    /// The number that the system knows it by.
    package var number: Int32 {
        switch self {
        case .hangUp: SIGHUP
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        case .kill: SIGKILL
        case .stop: SIGSTOP
        case .resume: SIGCONT
        case .user1: SIGUSR1
        }
    }

    package init?(number: Int32) {
        guard let signal = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = signal
    }

    /// Sends it to a process.
    package func send(to process: Int32) throws(SystemError) {
        guard systemKill(process, number) == 0 else { throw .last("kill", about: "\(process)") }
    }
}

private func systemKill(_ process: Int32, _ number: Int32) -> Int32 { kill(process, number) }

/// Signals to this process, taken as they come instead of ending it. They stay taken for good.
package struct SignalWatch: Sendable {
    /// Is readable while signals wait.
    package let descriptor: Int32

    /// Takes these signals from now on, together with those of earlier watches: there is one
    /// descriptor for all, which lives as long as the process.
    package init(_ signals: [Signal]) throws(SystemError) {
        let numbers = signals.map(\.number)
        #if canImport(Darwin)
            descriptor = try openSignals(numbers)
        #else
            let number = unsafe clinux_signals_open(numbers, Int32(numbers.count))
            guard number >= 0 else { throw SystemError(code: -number, call: "sigaction") }
            descriptor = number
        #endif
    }

    /// Takes the signals that wait.
    package func take() -> [Signal] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let number = descriptor
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in
            retrying { unsafe read(number, bytes.baseAddress, bytes.count) }
        }
        return bytes.prefix(max(0, count)).compactMap { Signal(number: Int32($0)) }
    }
}

#if canImport(Darwin)
    private nonisolated(unsafe) var signalPipe: (reading: Int32, writing: Int32) = (-1, -1)

    private func openSignals(_ numbers: [Int32]) throws(SystemError) -> Int32 {
        if unsafe signalPipe.reading < 0 { unsafe signalPipe = try makePipe(nonBlocking: true) }
        var wanted = sigset_t()
        unsafe sigemptyset(&wanted)
        for number in numbers {
            _ = unsafe signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(signalPipe.writing, &byte, 1)
            }
            unsafe sigaddset(&wanted, number)
        }
        // Whoever started this process may have had them blocked.
        unsafe pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
        return unsafe signalPipe.reading
    }
#endif

/// A request that any thread may make once or more, and one loop watches.
package final class WakePipe: Sendable {
    private let reading: Descriptor
    private let writing: Descriptor

    package init() throws(SystemError) {
        let ends = try makePipe(nonBlocking: true)
        reading = Descriptor(owning: ends.reading)
        writing = Descriptor(owning: ends.writing)
    }

    /// Is readable once the request was made.
    package var descriptor: Int32 { reading.number }

    /// Makes the request.
    package func wake() {
        // A full pipe holds the request already.
        _ = writing.write([1].span)
    }

    /// Forgets requests.
    /// - Returns: whether there were any.
    @discardableResult
    package func clear() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        var wasWoken = false
        while case .bytes = reading.read(into: &bytes) { wasWoken = true }
        return wasWoken
    }
}
