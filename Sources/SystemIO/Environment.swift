// What the process was given and what it may use: variables of the environment, its number, its limit
// of descriptors and its memory. What follows from them is decided by the callers.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The variables that the process was started with.
package enum Environment {
    /// The value of a variable, nil when it is not set.
    package static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// The first program of this name in the folders of `PATH`.
    package static func find(_ program: String) -> String? {
        (value("PATH") ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first(where: File.isExecutable)
    }

    /// All variables as "NAME=value", for starting a child.
    package static func all() -> [String] {
        var result: [String] = []
        guard var entry = unsafe environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        else { return [] }
        while let text = unsafe entry.pointee {
            unsafe result.append(String(cString: text))
            unsafe entry += 1
        }
        return result
    }
}

/// This process, and others by their number.
package enum ProcessInformation {
    /// The number of this process.
    package static var ownID: Int32 { getpid() }

    /// Whether a process of that number exists.
    package static func isRunning(_ id: Int32) -> Bool { kill(id, 0) == 0 || errno == EPERM }

    /// Memory of this process that is in RAM, in bytes; 0 where the system does not tell.
    package static func residentBytes() -> Int {
        guard let text = try? File.readText("/proc/self/statm", limitBytes: 4096) else { return 0 }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Memory of this process that is in RAM, now and at most so far, in bytes; 0 where the system does
    /// not tell.
    package static func memoryBytes() -> (resident: Int, peak: Int) {
        let text = (try? File.readText("/proc/self/status", limitBytes: 65_536)) ?? ""
        func bytes(_ name: String) -> Int {
            for line in text.split(separator: "\n") where line.hasPrefix(name) {
                let words = line.split { $0 == " " || $0 == "\t" }
                return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
            }
            return 0
        }
        return (bytes("VmRSS:"), bytes("VmHWM:"))
    }

    /// How many descriptors this process has open, that of the list among them where there is one.
    package static func openDescriptors() -> Int {
        (try? Folder.list("/dev/fd").count) ?? 0
    }

    /// Processor time of this process so far, in nanoseconds: its own, and the system's for it.
    package static func processorTimes() -> (user: Int64, system: Int64) {
        var usage = rusage()
        #if canImport(Darwin)
            let result = unsafe getrusage(RUSAGE_SELF, &usage)
        #else
            let result = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #endif
        guard result == 0 else { return (0, 0) }
        func nanoseconds(_ time: timeval) -> Int64 {
            Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000
        }
        return (nanoseconds(usage.ru_utime), nanoseconds(usage.ru_stime))
    }

    /// Raises the number of descriptors that the process may have to what it is allowed at most.
    /// - Returns: the limit that holds now.
    @discardableResult
    package static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        #if canImport(Darwin)
            let kind = RLIMIT_NOFILE
        #else
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        guard unsafe getrlimit(kind, &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            let before = limit.rlim_cur
            limit.rlim_cur = limit.rlim_max
            #if canImport(Darwin)
                limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
            #endif
            if unsafe setrlimit(kind, &limit) != 0 { limit.rlim_cur = before }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
