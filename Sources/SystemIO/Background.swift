// A program that goes on in the background, and one that tells a supervisor that it has started. The
// process that was called waits for the other one's word: who called it learns how the start went.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// One of the two processes that a program is once it goes on in the background.
package struct Background: ~Copyable {
    /// Whether this is the process that was called, and not the one that goes on.
    package let isCaller: Bool
    private let pipe: Descriptor

    private static let wellWord = "started"

    /// Makes the child, which has no terminal any more. To be called before other threads are started.
    package init() throws(SystemError) {
        #if canImport(Darwin)
            throw SystemError(code: ENOTSUP, call: "fork")
        #else
            var end: Int32 = -1
            let side = unsafe clinux_background(&end)
            guard side >= 0 else { throw SystemError(code: -side, call: "fork") }
            isCaller = side == 1
            pipe = Descriptor(owning: end)
        #endif
    }

    /// Says how the start went, to whoever called; that may be gone.
    /// - Parameter problem: what went wrong; nil when the program runs.
    package consuming func report(_ problem: String?) {
        try? pipe.writeAll(Array((problem ?? Self.wellWord).utf8), about: "pipe")
    }

    /// Waits for the child's word.
    /// - Returns: what went wrong; nil when it runs.
    package consuming func outcome() -> String? {
        var said: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = pipe.read(into: &chunk) { said += chunk[..<count] }
        let text = String(decoding: said, as: UTF8.self)
        if text == Self.wellWord { return nil }
        return text.isEmpty ? "it ended before it had started" : text
    }
}

/// Whoever started this process and waits for its word.
package enum Supervisor {
    /// The variable by which systemd names the socket at which it listens.
    package static let socketVariable = "NOTIFY_SOCKET"
    /// The variable by which upstart shows itself.
    package static let jobVariable = "UPSTART_JOB"

    /// Tells systemd something, such as "READY=1".
    /// - Throws: when it named no socket, or does not listen there.
    package static func notify(_ text: String) throws(SystemError) {
        guard let path = Environment.value(socketVariable) else {
            throw SystemError(code: ENOENT, call: "notify", about: socketVariable)
        }
        #if canImport(Darwin)
            throw SystemError(code: ENOTSUP, call: "notify", about: path)
        #else
            let failure = unsafe clinux_notify(path, text)
            guard failure == 0 else {
                throw SystemError(code: -failure, call: "notify", about: path)
            }
        #endif
    }

    /// Stops this process until upstart, which takes that for readiness, lets it go on.
    package static func stopUntilResumed() { _ = raise(SIGSTOP) }
}
