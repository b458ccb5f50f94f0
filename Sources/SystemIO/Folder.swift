// Folders: making, listing, removing with all that is in them, and one that goes by itself, for tests
// and demonstrations. Symbolic links are removed, never followed.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Folders by path.
package enum Folder {
    /// Makes a folder, and those above it that are missing. One that exists is left alone.
    package static func make(_ path: String) throws(SystemError) {
        if File.isFolder(path) { return }
        let above = File.folder(of: path)
        if above != path && !File.exists(above) { try make(above) }
        if unsafe mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw .last("mkdir", about: path)
        }
    }

    /// The names in a folder, sorted, without "." and "..".
    package static func list(_ path: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .last("opendir", about: path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        while let entry = unsafe readdir(stream) {
            let start = unsafe UnsafeRawPointer(entry) + offset
            let name = unsafe String(cString: start.assumingMemoryBound(to: UInt8.self))
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder and all that is in it.
    package static func removeTree(_ path: String) throws(SystemError) {
        for name in try list(path) {
            let inner = "\(path)/\(name)"
            var status = stat()
            guard unsafe lstat(inner, &status) == 0 else { throw .last("lstat", about: inner) }
            if status.st_mode & S_IFMT == S_IFDIR {
                try removeTree(inner)
            } else {
                try File.remove(inner)
            }
        }
        guard unsafe rmdir(path) == 0 else { throw .last("rmdir", about: path) }
    }
}

/// A new folder of a name that nobody has, removed with all that is in it when its owner goes.
package struct TemporaryFolder: ~Copyable, Sendable {
    /// Where it is.
    package let path: String
    private let isKept: Bool

    /// Makes the folder below `TMPDIR`, or /tmp.
    /// - Parameter isKept: whether it stays when the owner goes.
    package init(prefix: String = "grapevine", isKept: Bool = false) throws(SystemError) {
        let base = Environment.value("TMPDIR") ?? "/tmp"
        var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw .last("mkdtemp", about: base) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.isKept = isKept
    }

    deinit {
        // What cannot be removed stays; nobody is there to be told.
        if !isKept { try? Folder.removeTree(path) }
    }

    /// The path of something in the folder.
    package borrowing func path(of name: String) -> String { "\(path)/\(name)" }
}
