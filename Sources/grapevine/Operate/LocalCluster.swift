// A cluster of processes on loopback that lives until a signal comes, as `launch` and `demo` start one. What
// happens to it meanwhile is theirs.

import Interop
import SystemIO

/// A cluster that ends with its owner.
struct LocalCluster {
    let cluster: MixedCluster
    private let signals: SignalWatch

    private static let napMilliseconds = 100

    /// Starts the nodes, which do not know each other yet.
    /// - Parameters:
    ///   - password: what they ask of clients, and say to each other; nil for none.
    ///   - programs: what each node is, given our own program.
    init(
        nodeTimeout: Int, folder: String? = nil, basePort: Int? = nil, password: String? = nil,
        _ programs: (_ ours: ServerProgram) -> [ServerProgram]
    ) throws(InteropError) {
        let ours: ServerProgram
        do throws(SystemError) {
            // Interrupted, it still cleans up.
            signals = try SignalWatch([.interrupt, .terminate])
            ours = .ours(try File.ownExecutable())
        } catch {
            throw .system(error)
        }
        cluster = try MixedCluster(
            programs(ours), nodeTimeoutMilliseconds: nodeTimeout,
            // Real masters wait for more replicas before a copy, unless they are told not to.
            directives: ["--repl-diskless-sync-delay", "0"]
                + (password.map { ["--requirepass", $0, "--masterauth", $0] } ?? []),
            folder: folder, basePort: basePort)
    }

    /// Whether a signal that ends the program has come since this was last asked.
    func wasInterrupted() -> Bool { !signals.take().isEmpty }

    /// Waits until a signal comes.
    /// - Parameter meanwhile: called ten times a second.
    func waitForInterrupt(_ meanwhile: () -> Void = {}) {
        while !wasInterrupted() {
            meanwhile()
            SystemClock.sleep(milliseconds: Self.napMilliseconds)
        }
    }
}
