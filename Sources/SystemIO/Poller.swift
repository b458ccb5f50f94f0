// Which descriptors are ready: epoll on Linux, kqueue on Darwin. Level-triggered, so nothing is lost
// when a loop leaves something unread. What a token stands for is known to the loop alone; it should
// never be used again for another descriptor, since a batch may still hold events of a closed one.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// What a registration waits for.
package struct Interest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = Interest(rawValue: 1)
    package static let write = Interest(rawValue: 2)
    /// That the other side says no more, also while bytes before that are left unread. It is told as a
    /// read. On Darwin only a read tells it.
    package static let end = Interest(rawValue: 16)
}

/// A descriptor that is ready.
package struct PollEvent: Equatable, Sendable {
    /// What it was registered with.
    package let token: UInt64
    /// Whether a read will tell something: bytes, the end, or an error.
    package let isReadable: Bool
    /// Whether a write will tell something: room, or an error.
    package let isWritable: Bool
    /// Whether both directions are closed or broken. It is reported without any interest, too, and
    /// again and again, so the descriptor must be closed or removed then.
    package let isBroken: Bool

    package init(token: UInt64, isReadable: Bool, isWritable: Bool, isBroken: Bool) {
        self.token = token
        self.isReadable = isReadable
        self.isWritable = isWritable
        self.isBroken = isBroken
    }
}

/// The sole owner of a readiness queue.
package struct Poller: ~Copyable {
    private let queue: Descriptor
    #if canImport(Darwin)
        private var batch = unsafe [kevent](repeating: Darwin.kevent(), count: largestBatch)
    #else
        private var batch = [clinux_event](repeating: clinux_event(), count: largestBatch)
    #endif

    package init() throws(SystemError) {
        #if canImport(Darwin)
            let number = kqueue()
            guard number >= 0 else { throw .last("kqueue") }
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        #else
            let number = clinux_poller_create()
            guard number >= 0 else { throw SystemError(code: -number, call: "epoll_create1") }
        #endif
        queue = Descriptor(owning: number)
    }

    /// Is readable while something is ready, and may be watched by another poller.
    package var descriptor: Int32 { queue.number }

    /// Waits until something is ready or the time is over, and puts what is ready into `events`.
    ///
    /// A signal ends the wait early with nothing ready.
    /// - Parameter timeoutMilliseconds: 0 looks only; below 0 there is no limit.
    package mutating func wait(
        timeoutMilliseconds: Int, into events: inout [PollEvent]
    ) throws(SystemError) {
        events.removeAll(keepingCapacity: true)
        let timeout = Int32(clamping: max(-1, timeoutMilliseconds))
        #if canImport(Darwin)
            let count = unsafe kqueueWait(queue.number, &batch, timeout)
        #else
            let count = unsafe clinux_poller_wait(
                queue.number, &batch, Int32(batch.count), timeout)
        #endif
        if count == -EINTR { return }
        guard count >= 0 else { throw SystemError(code: -count, call: "poll") }
        for index in 0..<Int(count) { events.append(event(at: index)) }
    }
}

/// The most events that one wait gives; the others come with the next.
private let largestBatch = 256

#if canImport(Darwin)
    extension Poller {
        /// Watches a descriptor from now on.
        package borrowing func register(
            _ descriptor: Int32, token: UInt64, interest: Interest
        ) throws(SystemError) {
            try modify(descriptor, token: token, interest: interest)
        }

        /// Replaces token and interest of a watched descriptor.
        package borrowing func modify(
            _ descriptor: Int32, token: UInt64, interest: Interest
        ) throws(SystemError) {
            try change(descriptor, EVFILT_READ, token, interest.contains(.read))
            try change(descriptor, EVFILT_WRITE, token, interest.contains(.write))
        }

        /// Stops watching. Needed only while the descriptor stays open.
        package borrowing func remove(_ descriptor: Int32) throws(SystemError) {
            try modify(descriptor, token: 0, interest: [])
        }

        private borrowing func change(
            _ descriptor: Int32, _ filter: Int32, _ token: UInt64, _ wanted: Bool
        ) throws(SystemError) {
            var event = unsafe Darwin.kevent()
            unsafe event.ident = UInt(descriptor)
            unsafe event.filter = Int16(filter)
            unsafe event.flags = UInt16(wanted ? EV_ADD : EV_DELETE)
            unsafe event.udata = UnsafeMutableRawPointer(bitPattern: UInt(token))
            if unsafe kevent(queue.number, &event, 1, nil, 0, nil) < 0
                && (wanted || errno != ENOENT)
            {
                throw .last("kevent")
            }
        }
    }

    private func kqueueWait(_ queue: Int32, _ batch: inout [kevent], _ timeout: Int32) -> Int32 {
        var limit = timespec(tv_sec: Int(timeout / 1000), tv_nsec: Int(timeout % 1000) * 1_000_000)
        let capacity = Int32(batch.count)
        let count =
            unsafe timeout < 0
            ? kevent(queue, nil, 0, &batch, capacity, nil)
            : kevent(queue, nil, 0, &batch, capacity, &limit)
        return count < 0 ? -errno : count
    }

    extension Poller {
        private borrowing func event(at index: Int) -> PollEvent {
            let event = unsafe batch[index]
            let isRead = unsafe Int32(event.filter) == EVFILT_READ
            let ended = unsafe Int32(event.flags) & EV_EOF != 0
            return PollEvent(
                token: unsafe UInt64(UInt(bitPattern: event.udata)), isReadable: isRead,
                isWritable: !isRead, isBroken: unsafe ended && event.fflags != 0)
        }
    }
#else
    extension Poller {
        /// Watches a descriptor from now on.
        package borrowing func register(
            _ descriptor: Int32, token: UInt64, interest: Interest
        ) throws(SystemError) {
            try control(CLINUX_ADD, descriptor, interest, token)
        }

        /// Replaces token and interest of a watched descriptor.
        package borrowing func modify(
            _ descriptor: Int32, token: UInt64, interest: Interest
        ) throws(SystemError) {
            try control(CLINUX_MODIFY, descriptor, interest, token)
        }

        /// Stops watching. Needed only while the descriptor stays open.
        package borrowing func remove(_ descriptor: Int32) throws(SystemError) {
            try control(CLINUX_REMOVE, descriptor, [], 0)
        }

        private borrowing func control(
            _ operation: Int, _ descriptor: Int32, _ interest: Interest, _ token: UInt64
        ) throws(SystemError) {
            let failure = clinux_poller_control(
                queue.number, Int32(operation), descriptor, interest.rawValue, token)
            guard failure == 0 else { throw SystemError(code: -failure, call: "epoll_ctl") }
        }
    }

    extension Poller {
        private borrowing func event(at index: Int) -> PollEvent {
            let event = batch[index]
            let broken = UInt32(CLINUX_HANGUP | CLINUX_ERROR)
            let isBroken = event.events & broken != 0
            return PollEvent(
                token: event.token,
                isReadable: isBroken || event.events & UInt32(CLINUX_READ) != 0,
                isWritable: isBroken || event.events & UInt32(CLINUX_WRITE) != 0,
                isBroken: isBroken)
        }
    }
#endif
