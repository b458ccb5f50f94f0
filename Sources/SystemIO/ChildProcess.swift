// Other programs: start, signal, wait, end. A child is ended and collected with its owner, so that no
// test or tool leaves servers behind. What is started, and what its output means, is decided by the
// callers.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// The longest pause in milliseconds between two looks at a child that runs.
private let longestPause = 10

/// How a process ended.
package enum ExitStatus: Equatable, Sendable, CustomStringConvertible {
    /// By itself, with this number.
    case exited(Int32)
    /// By the signal of this number.
    case killed(signal: Int32)

    package var description: String {
        switch self {
        case .exited(let number): "with status \(number)"
        case .killed(let signal): "by signal \(signal)"
        }
    }
}

/// A program that this process started.
package final class ChildProcess {
    /// Where the output of a child goes.
    package enum Output: Equatable, Sendable {
        /// Where that of this process goes.
        case inherited
        case discarded
        /// Behind what is in the file, which is made if there is none.
        case file(String)
        /// To this process, which must read `output`.
        case pipe
    }

    /// How to start a child.
    package struct Options: Sendable {
        /// What follows the name of the program.
        package var arguments: [String] = []
        /// "NAME=value" each; nil for the environment of this process.
        package var environment: [String]?
        /// Where it runs; a relative path of the program counts from there.
        package var folder: String?
        /// Where both its output and its errors go.
        package var output = Output.inherited
        /// A file for its errors alone, which is made or emptied; nil for where its output goes.
        package var errorsFile: String?
        /// The name that it is called by, when that is not its path.
        package var name: String?

        package init(arguments: [String] = []) { self.arguments = arguments }
    }

    /// The number that the system knows it by.
    package let id: Int32
    private let pipe: PipeEnd?
    private var status: ExitStatus?

    /// Starts a program.
    /// - Parameter program: its path; a name without "/" is looked for in `PATH`.
    package init(_ program: String, _ options: Options = Options()) throws(SystemError) {
        var (reading, writing): (Int32, Int32) = (-1, -1)
        if options.output == .pipe { (reading, writing) = try makePipe(nonBlocking: false) }
        pipe = reading >= 0 ? PipeEnd(owning: reading) : nil
        let child = spawn(program, options, writing)
        if writing >= 0 { _ = close(writing) }
        guard child.code == 0 else {
            throw SystemError(code: child.code, call: "start", about: program)
        }
        id = child.id
    }

    deinit {
        if poll() == nil {
            _ = kill(id, SIGKILL)
            collect(waiting: true)
        }
    }

    /// How it ended; nil while it runs.
    package func poll() -> ExitStatus? {
        collect(waiting: false)
        return status
    }

    /// Waits until it has ended.
    /// - Returns: nil when the time was over first.
    package func wait(milliseconds: Int) -> ExitStatus? {
        let end = SystemClock.monotonicMilliseconds() + Int64(milliseconds)
        var pause = 1
        while poll() == nil {
            let left = end - SystemClock.monotonicMilliseconds()
            if left <= 0 { return nil }
            SystemClock.sleep(milliseconds: min(pause, Int(left)))
            pause = min(pause * 2, longestPause)
        }
        return status
    }

    /// Sends a signal; one that has ended gets none.
    package func send(_ signal: Signal) {
        if poll() == nil { _ = kill(id, signal.number) }
    }

    /// Asks it to end, and ends it when it has not after the grace.
    @discardableResult
    package func terminate(graceMilliseconds: Int = 2000) -> ExitStatus {
        send(.terminate)
        if let status = wait(milliseconds: graceMilliseconds) { return status }
        // One that is stopped ends by this signal, too.
        send(.kill)
        collect(waiting: true)
        return status ?? .killed(signal: SIGKILL)
    }

    /// Reads what it writes until it closes its output.
    /// - Throws: `isTimeout` when it has not by then, `isTooLarge` past the limit.
    package func readOutput(
        milliseconds: Int, limitBytes: Int = 64 << 20
    ) throws(SystemError) -> [UInt8] {
        guard let pipe else { return [] }
        let number = pipe.end.number
        let end = SystemClock.monotonicMilliseconds() + Int64(milliseconds)
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let left = max(0, end - SystemClock.monotonicMilliseconds())
            guard waitFor(number, Int32(POLLIN), milliseconds: Int32(clamping: left)) else {
                throw .timeout("read", about: "output of \(id)")
            }
            switch pipe.end.read(into: &chunk) {
            case .bytes(let count):
                contents.append(contentsOf: chunk[..<count])
                if contents.count > limitBytes { throw SystemError(code: EFBIG, call: "read") }
            case .wouldBlock: continue
            case .failed(let error): throw error
            case .closed: return contents
            }
        }
    }

    private func collect(waiting: Bool) {
        guard status == nil else { return }
        var word: Int32 = 0
        let id = self.id
        let result = retrying { unsafe waitpid(id, &word, waiting ? 0 : WNOHANG) }
        if result == id {
            let signal = word & 0x7f
            status = signal == 0 ? .exited(word >> 8 & 0xff) : .killed(signal: signal)
        } else if result < 0 {
            // Somebody else collected it; how it ended is lost.
            status = .exited(-1)
        }
    }
}

/// A descriptor that may be absent.
private final class PipeEnd {
    let end: Descriptor
    init(owning number: Int32) { end = Descriptor(owning: number) }
}

#if canImport(Darwin)
    private typealias FileActions = posix_spawn_file_actions_t?
    private typealias Attributes = posix_spawnattr_t?
#else
    private typealias FileActions = posix_spawn_file_actions_t
    private typealias Attributes = posix_spawnattr_t
#endif

private func spawn(
    _ program: String, _ options: ChildProcess.Options, _ writing: Int32
) -> (id: Int32, code: Int32) {
    #if canImport(Darwin)
        var actions: FileActions
        var attributes: Attributes
    #else
        var actions = unsafe FileActions()
        var attributes = Attributes()
    #endif
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe redirect(&actions, options, writing)
    #if !canImport(Darwin)
        // What whoever started this process left open is nothing to its children: they would hold
        // it after this process has ended.
        unsafe clinux_spawn_closing_from(&actions, 3)
    #endif
    resetSignals(&attributes)

    var words = unsafe ([options.name ?? program] + options.arguments).map { unsafe strdup($0) }
    unsafe words.append(nil)
    var environment = unsafe (options.environment ?? Environment.all()).map { unsafe strdup($0) }
    unsafe environment.append(nil)
    defer {
        for index in unsafe words.indices { unsafe free(words[index]) }
        for index in unsafe environment.indices { unsafe free(environment[index]) }
    }
    var id: pid_t = 0
    let code = unsafe posix_spawnp(&id, program, &actions, &attributes, words, environment)
    return (id, code)
}

private func redirect(
    _ actions: inout FileActions, _ options: ChildProcess.Options, _ writing: Int32
) {
    if let folder = options.folder {
        #if canImport(Darwin)
            unsafe posix_spawn_file_actions_addchdir_np(&actions, folder)
        #else
            unsafe clinux_spawn_in_folder(&actions, folder)
        #endif
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    switch options.output {
    case .inherited:
        // Errors stay where they are, too, unless they have a file.
        if options.errorsFile == nil { return }
    case .discarded: unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    case .file(let path):
        let flags = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 1, path, flags, 0o644)
    case .pipe: unsafe posix_spawn_file_actions_adddup2(&actions, writing, 1)
    }
    if let path = options.errorsFile {
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, 2, path, flags, 0o644)
    } else {
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
}

/// Lets a child begin with no signal blocked or ignored, whatever this process does with them.
private func resetSignals(_ attributes: inout Attributes) {
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    #if canImport(Darwin)
        let flags = Int16(
            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT)
    #else
        let flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
    #endif
    unsafe posix_spawnattr_setflags(&attributes, flags)
}
