// A thread of its own for a loop, so that several nodes can live in one process, sharing nothing. How
// such a loop is told to stop is not decided here; see WakePipe.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread that runs one body and ends.
package struct Thread: ~Copyable {
    private let handle: pthread_t

    /// Starts the thread.
    package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Body(body))
        #if canImport(Darwin)
            var handle: pthread_t?
        #else
            var handle = pthread_t()
        #endif
        let code = unsafe pthread_create(&handle, nil, runBody, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        #if canImport(Darwin)
            guard let handle else { throw .invalid("pthread_create") }
        #endif
        self.handle = handle
    }

    /// Nobody will wait for it.
    package consuming func detach() { _ = pthread_detach(handle) }

    /// Waits until the body has ended.
    package consuming func join() { _ = pthread_join(handle, nil) }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

#if canImport(Darwin)
    private func runBody(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func runBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#endif
