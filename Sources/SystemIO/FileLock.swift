// One owner of a file among all processes of a machine. The lock lasts as long as its descriptor and
// goes with the process, however that ends. It is on the file that had the name then: replacing the
// file by rename takes the name away from the lock, so lock a file that is never replaced.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A lock on a file, released when its owner goes.
package struct FileLock: ~Copyable, Sendable {
    private let file: Descriptor

    /// Locks the file, which is made if there is none.
    /// - Throws: `isHeldElsewhere` when somebody has it locked.
    package init(_ path: String) throws(SystemError) {
        let file = try File.open(path, O_RDWR | O_CREAT)
        let number = file.number
        guard retrying({ flock(number, LOCK_EX | LOCK_NB) }) == 0 else {
            throw .last("flock", about: path)
        }
        self.file = file
    }
}
