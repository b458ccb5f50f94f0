// The two clocks of the machine and its source of chance. Who may read them, and how often, is
// decided by the callers: the rules never do.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// Readings of the machine's clocks.
package enum SystemClock {
    /// Milliseconds since some moment in the past, never set back.
    package static func monotonicMilliseconds() -> Int64 {
        monotonicNanoseconds() / 1_000_000
    }

    /// Nanoseconds since some moment in the past, never set back.
    package static func monotonicNanoseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Milliseconds since 1970; may be set back or forward.
    package static func wallMilliseconds() -> Int64 { read(CLOCK_REALTIME) / 1_000_000 }

    /// Nanoseconds since 1970; may be set back or forward.
    package static func wallNanoseconds() -> Int64 { read(CLOCK_REALTIME) }

    /// Nanoseconds of processor time that this process has used.
    package static func processorNanoseconds() -> Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    /// Lets this thread rest. For tests and tools; a loop waits in its poller.
    package static func sleep(milliseconds: Int) {
        let end = monotonicMilliseconds() + Int64(milliseconds)
        var left = Int64(milliseconds)
        while left > 0 {
            var time = timespec(tv_sec: Int(left / 1000), tv_nsec: Int(left % 1000) * 1_000_000)
            _ = unsafe nanosleep(&time, nil)
            left = end - monotonicMilliseconds()
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Bytes that nobody can foresee, to seed generators with.
package enum Entropy {
    /// Bytes from the system's source of chance.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        #if canImport(Darwin)
            unsafe arc4random_buf(&bytes, count)
        #else
            var filled = 0
            while filled < count {
                let wanted = UInt32(min(count - filled, 256))
                let taken = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
                    unsafe clinux_random(buffer.baseAddress.map { unsafe $0 + filled }, wanted)
                }
                precondition(taken >= 0 || taken == -EINTR, "getrandom failed: \(-taken)")
                filled += Int(max(0, taken))
            }
        #endif
        return bytes
    }

    /// A seed of 64 bits.
    package static func seed() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
