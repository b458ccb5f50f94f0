// What processes and the machine have used so far: processor time, memory, descriptors, bytes over
// loopback. Also a network of one's own, in which the counters are one's own, too. Differences over
// time, and what they mean, are for the callers. Linux tells all of it; elsewhere it is nil.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// What a process has used.
package struct ProcessUsage: Sendable {
    /// Nanoseconds of processor time since its start, of all its threads.
    package var processorNanoseconds: Int64
    /// Bytes in RAM, shared ones divided among those who share them.
    package var proportionalBytes: Int
    /// Bytes in RAM.
    package var residentBytes: Int
    /// Open descriptors.
    package var descriptors: Int

    /// Asks the system; nil when it does not tell, or the process is gone.
    package init?(of process: Int32) {
        guard let time = Self.processorNanoseconds(of: process),
            let rollup = try? File.readText("/proc/\(process)/smaps_rollup", limitBytes: 65_536),
            let descriptors = try? Folder.list("/proc/\(process)/fd").count
        else { return nil }
        func kilobytes(_ name: String) -> Int {
            for line in rollup.split(separator: "\n") where line.hasPrefix(name) {
                let words = line.split(separator: " ")
                return words.count > 1 ? Int(words[1]) ?? 0 : 0
            }
            return 0
        }
        processorNanoseconds = time
        proportionalBytes = kilobytes("Pss:") * 1024
        residentBytes = kilobytes("Rss:") * 1024
        self.descriptors = descriptors
    }

    /// The processor time alone, which is cheap to ask for.
    package static func processorNanoseconds(of process: Int32) -> Int64? {
        #if canImport(Darwin)
            return nil
        #else
            var clock = clockid_t()
            guard unsafe clock_getcpuclockid(process, &clock) == 0 else { return nil }
            var time = timespec()
            guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        #endif
    }
}

/// What the machine has done.
package struct MachineUsage: Sendable {
    /// Seconds of processor time in use, of all processors together.
    package var busySeconds: Double
    /// Bytes sent over loopback, with the headers of TCP and IP.
    package var loopbackBytes: Int64

    package init?() {
        guard let processors = try? File.readText("/proc/stat", limitBytes: 1 << 20),
            let devices = try? File.readText("/proc/self/net/dev", limitBytes: 1 << 20),
            let first = processors.split(separator: "\n").first,
            let loopback = devices.split(separator: "\n").first(where: { $0.contains("lo:") })
        else { return nil }
        // user nice system idle iowait irq softirq steal
        let ticks = first.split(separator: " ").dropFirst().compactMap { Int64($0) }
        let fields = loopback.split { $0 == " " || $0 == ":" }
        guard ticks.count >= 8, fields.count >= 10, let sent = Int64(fields[9]) else { return nil }
        let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]
        busySeconds = Double(busy) / Double(sysconf(Int32(_SC_CLK_TCK)))
        loopbackBytes = sent
    }

    /// The kind of processor; empty where the system does not tell.
    package static var processorName: String {
        let text = (try? File.readText("/proc/cpuinfo", limitBytes: 1 << 20)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            let name = line.drop { $0 != ":" }.dropFirst().drop { $0 == " " }
            return String(name)
        }
        return ""
    }

    package static var processorCount: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// How many processes wanted to run in the last minute, on average.
    package static var load: Double {
        let text = (try? File.readText("/proc/loadavg", limitBytes: 4096)) ?? ""
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}

/// A network of one's own.
package enum OwnNetwork {
    /// From now on this thread, and what it starts, is alone on a loopback of its own. To be called
    /// before other threads are started.
    /// - Throws: when the system does not allow it.
    package static func enter() throws(SystemError) {
        #if canImport(Darwin)
            throw SystemError(code: ENOTSUP, call: "unshare")
        #else
            let failure = clinux_own_network()
            guard failure == 0 else { throw SystemError(code: -failure, call: "unshare") }
        #endif
    }
}
