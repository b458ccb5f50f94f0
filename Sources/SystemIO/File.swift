// Whole files and folders by path: read with a limit, write, append, replace so that a crash leaves
// the old or the new one, and the small questions about them. What is in a file, and how often it is
// saved, is decided elsewhere.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// Files and folders by path.
package enum File {
    /// Reads a whole file.
    /// - Throws: `isTooLarge` past the limit, `isMissing` when there is none.
    package static func read(_ path: String, limitBytes: Int = 1 << 30) throws(SystemError)
        -> [UInt8]
    {
        try contents(of: try open(path, O_RDONLY), path, limitBytes)
    }

    /// Reads a whole file, and waits for nobody: a pipe, a device or a folder is refused.
    /// - Throws: `isTooLarge` past the limit, `isMissing` when there is none.
    package static func readRegular(
        _ path: String, limitBytes: Int = 1 << 30
    ) throws(SystemError) -> [UInt8] {
        let file = try open(path, O_RDONLY | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw .last("fstat", about: path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .invalid("read", about: path) }
        return try contents(of: file, path, limitBytes)
    }

    private static func contents(
        of file: borrowing Descriptor, _ path: String, _ limitBytes: Int
    ) throws(SystemError) -> [UInt8] {
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            switch file.read(into: &chunk) {
            case .bytes(let count):
                contents.append(contentsOf: chunk[..<count])
                if contents.count > limitBytes {
                    throw SystemError(code: EFBIG, call: "read", about: path)
                }
            case .closed, .wouldBlock: return contents
            case .failed(let error): throw SystemError(code: error.code, call: "read", about: path)
            }
        }
    }

    /// Reads a file from a place on, at most so many bytes.
    package static func read(
        _ path: String, from offset: Int, limitBytes: Int
    ) throws(SystemError) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        guard lseek(file.number, off_t(offset), SEEK_SET) >= 0 else {
            throw .last("lseek", about: path)
        }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while contents.count < limitBytes, case .bytes(let count) = file.read(into: &chunk) {
            contents.append(contentsOf: chunk[..<min(count, limitBytes - contents.count)])
        }
        return contents
    }

    /// Reads the last bytes of a file, at most so many, as text.
    package static func readEnd(
        _ path: String, bytes limit: Int
    ) throws(SystemError) -> String {
        let start = max(0, try size(path) - limit)
        return String(decoding: try read(path, from: start, limitBytes: limit), as: UTF8.self)
    }

    /// Reads a whole file as text; bytes that are not UTF-8 become U+FFFD.
    package static func readText(
        _ path: String, limitBytes: Int = 1 << 30
    ) throws(SystemError) -> String {
        String(decoding: try read(path, limitBytes: limitBytes), as: UTF8.self)
    }

    /// Writes a whole file in place.
    package static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        try open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(bytes, about: path)
    }

    /// Adds to the end of a file, which is made if there is none.
    package static func append(_ bytes: [UInt8], to path: String) throws(SystemError) {
        try open(path, O_WRONLY | O_CREAT | O_APPEND).writeAll(bytes, about: path)
    }

    /// Adds to the end of a file, a terminal or a device like /dev/null, and waits for nobody: a pipe or
    /// a folder is refused, unless it is standard output or error by their names.
    /// - Throws: EINVAL when it is refused; EAGAIN when a terminal takes no more.
    package static func appendToLog(_ bytes: [UInt8], to path: String) throws(SystemError) {
        // What is refused is not opened: a device may act on that.
        var status = stat()
        if unsafe stat(path, &status) == 0 { try checkLog(status, path) }
        let file = try open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY)
        guard unsafe fstat(file.number, &status) == 0 else { throw .last("fstat", about: path) }
        try checkLog(status, path)
        switch file.write(bytes.span) {
        case .bytes: break
        case .closed, .wouldBlock: throw SystemError(code: EAGAIN, call: "write", about: path)
        case .failed(let error):
            throw SystemError(code: error.code, call: error.call, about: path)
        }
    }

    private static func checkLog(_ status: stat, _ path: String) throws(SystemError) {
        let isStandard = path == "/dev/stdout" || path == "/dev/stderr"
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFCHR: break
        case S_IFIFO where isStandard: break
        default: throw .invalid("open", about: path)
        }
    }

    /// Replaces a file: what is there after a crash is the old one or the new one, whole.
    ///
    /// - Parameter sync: whether the new one must be on the disk when this returns.
    package static func replace(
        _ path: String, with bytes: [UInt8], sync: Bool
    ) throws(SystemError) {
        let outcome = replaceFile(path, bytes, sync)
        guard outcome.code == 0 else {
            throw SystemError(code: outcome.code, call: outcome.step.rawValue, about: path)
        }
    }

    /// Whether there is a file or folder of that name.
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Whether this process may execute the file.
    package static func isExecutable(_ path: String) -> Bool {
        unsafe access(path, X_OK) == 0 && !isFolder(path)
    }

    /// Whether there is a folder of that name.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether the name leads to a file, not to a folder, a pipe or a device.
    package static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The length of a file in bytes.
    package static func size(_ path: String) throws(SystemError) -> Int {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw .last("stat", about: path) }
        return Int(status.st_size)
    }

    /// Removes a file.
    package static func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) == 0 else { throw .last("unlink", about: path) }
    }

    /// Gives a file another name, in place of what had it.
    package static func rename(_ path: String, to other: String) throws(SystemError) {
        guard systemRename(path, other) == 0 else { throw .last("rename", about: path) }
    }

    /// Makes a symbolic link at `path` that leads to `target`.
    package static func link(_ path: String, to target: String) throws(SystemError) {
        guard unsafe symlink(target, path) == 0 else { throw .last("symlink", about: path) }
    }

    /// Sets who may do what, such as 0o755.
    package static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        guard unsafe chmod(path, mode_t(mode)) == 0 else { throw .last("chmod", about: path) }
    }

    /// A path as it is from everywhere, without "." in it; links and ".." are left to the system.
    package static func absolute(_ path: String) -> String {
        var base = ""
        if !path.hasPrefix("/") {
            var here = [CChar](repeating: 0, count: 4096)
            guard unsafe getcwd(&here, here.count) != nil else { return path }
            base = String(
                decoding: here.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        let parts = (base + "/" + path).split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    /// The folder that a path is in: "." for a bare name.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        let folder = path[..<slash]
        return folder.isEmpty ? "/" : String(folder)
    }

    /// The last part of a path.
    package static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// The path of the program that runs.
    package static func ownExecutable() throws(SystemError) -> String {
        #if canImport(Darwin)
            var length: UInt32 = 4096
            var path = [CChar](repeating: 0, count: Int(length))
            guard unsafe _NSGetExecutablePath(&path, &length) == 0 else {
                throw .last("_NSGetExecutablePath")
            }
            return String(
                decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        #else
            var path = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlink("/proc/self/exe", &path, path.count)
            guard count > 0 else { throw .last("readlink", about: "/proc/self/exe") }
            return String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        #endif
    }

    static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0o644
    ) throws(SystemError) -> Descriptor {
        let number = retrying { systemOpen(path, flags | O_CLOEXEC, mode) }
        guard number >= 0 else { throw .last("open", about: path) }
        return Descriptor(owning: number)
    }
}

/// Bytes that one read of a file asks for.
private let chunkBytes = 64 * 1024

// The names below are those of methods above, too.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    unsafe open(path, flags, mode)
}

private func systemRename(_ path: String, _ other: String) -> Int32 {
    unsafe rename(path, other)
}

/// Which part of replacing a file failed.
package enum SaveStep: String, Sendable, Equatable {
    case none = ""
    case create = "open"
    case write = "write"
    case sync = "fsync"
    case rename = "rename"
    case syncFolder = "fsync of the folder"
}

/// The name under which a file is written before it takes its place.
func temporaryPath(for path: String) -> String { "\(path).tmp-\(getpid())" }

extension File {
    /// Removes what processes left that ended while they wrote this file. This process must not be writing it.
    /// - Returns: the names of the files that are gone.
    package static func removeUnfinished(of path: String) -> [String] {
        let start = "\(name(of: path)).tmp-"
        let folder = folder(of: path)
        guard let names = try? Folder.list(folder) else { return [] }
        return names.filter { name in
            guard name.hasPrefix(start), let id = Int32(name.dropFirst(start.count)), id > 0,
                id == getpid() || !ProcessInformation.isRunning(id),
                isRegular("\(folder)/\(name)")
            else { return false }
            return (try? remove("\(folder)/\(name)")) != nil
        }
    }
}

/// - Returns: an errno, 0 when all went well, and what failed.
func replaceFile(_ path: String, _ bytes: [UInt8], _ sync: Bool) -> (code: Int32, step: SaveStep) {
    #if canImport(Darwin)
        let temporary = temporaryPath(for: path)
        do {
            let file = try File.open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
            try file.writeAll(bytes, about: path)
            // Always: the rename may reach the disk before the data.
            if fsync(file.number) != 0 { return (errno, .sync) }
            try File.rename(temporary, to: path)
            guard sync else { return (0, .none) }
            let folder = try File.open(File.folder(of: path), O_RDONLY)
            return fsync(folder.number) == 0 ? (0, .none) : (errno, .syncFolder)
        } catch {
            _ = unsafe unlink(temporary)
            return (error.code, SaveStep(rawValue: error.call) ?? .create)
        }
    #else
        var step: Int32 = 0
        let failure = unsafe clinux_replace(
            temporaryPath(for: path), path, File.folder(of: path), bytes, UInt64(bytes.count),
            sync ? 1 : 0, &step)
        return (-failure, SaveStep(number: step))
    #endif
}

#if !canImport(Darwin)
    extension SaveStep {
        init(number: Int32) {
            self =
                switch Int(number) {
                case CLINUX_STEP_NONE: .none
                case CLINUX_STEP_CREATE: .create
                case CLINUX_STEP_WRITE: .write
                case CLINUX_STEP_SYNC: .sync
                case CLINUX_STEP_RENAME: .rename
                default: .syncFolder
                }
        }
    }
#endif
