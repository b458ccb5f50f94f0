// One poller and what all who wait on it share: what is ready in this wake-up, and a buffer to read
// into, so that an idle connection needs none of its own. Who owns which token is for those who share.

/// A poller with its events and a buffer, for one thread.
package final class PollSet {
    private var poller: Poller
    /// What the last wait found ready.
    package private(set) var events: [PollEvent] = []
    /// What was read is to be taken out of it before anybody else reads.
    package var readBuffer = [UInt8](repeating: 0, count: 64 << 10)

    package init() throws(SystemError) { poller = try Poller() }

    /// Is readable while something is ready, and may itself be watched by another poller.
    package var descriptor: Int32 { poller.descriptor }

    /// Waits until something is ready or the time is over.
    /// - Parameter milliseconds: 0 looks only; below 0 there is no limit.
    package func wait(milliseconds: Int) throws(SystemError) {
        try poller.wait(timeoutMilliseconds: milliseconds, into: &events)
    }

    /// Watches a descriptor from now on, until it is closed.
    package func register(
        _ descriptor: Int32, token: UInt64, interest: Interest
    ) throws(SystemError) {
        try poller.register(descriptor, token: token, interest: interest)
    }

    /// Replaces token and interest of a watched descriptor.
    package func modify(
        _ descriptor: Int32, token: UInt64, interest: Interest
    ) throws(SystemError) {
        try poller.modify(descriptor, token: token, interest: interest)
    }
}
