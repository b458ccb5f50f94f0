// One file, saved in the background by two helper threads, so that a slow disk delays promises and
// never heartbeats: one writes and renames, one syncs. Results come through a descriptor that the loop
// watches. What a generation promises is known to the rules alone. On Darwin the save is made at once,
// on the calling thread.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
#endif

/// What became of saves.
package enum SaveResult: Equatable, Sendable {
    /// This generation, or a later one, is in the place of the file: no end of the process takes it
    /// back, though a loss of power may. It holds for all generations before it.
    case renamed(UInt64)
    /// This generation and all before it are on the disk.
    case synced(UInt64)
    /// This generation failed, and those before it that no success has named: to be renamed, or to be
    /// synced.
    case failed(UInt64, SystemError)
}

/// The sole owner of the threads that save one file.
package struct SaveThread: ~Copyable {
    private let path: String
    #if canImport(Darwin)
        private let ends: (reading: Descriptor, writing: Descriptor)
        private var results: [SaveResult] = []
    #else
        private let handle: UInt64
    #endif

    /// The hard link to a file as it was last synced, beside it.
    package static func keptPath(for path: String) -> String { "\(path).synced" }

    /// Starts the threads for a file. What is there is synced and linked before; what was kept is
    /// removed when nothing is there.
    package init(replacing path: String) throws(SystemError) {
        self.path = path
        #if canImport(Darwin)
            let ends = try makePipe(nonBlocking: true)
            self.ends = (Descriptor(owning: ends.reading), Descriptor(owning: ends.writing))
        #else
            var code: Int32 = 0
            let kept = Self.keptPath(for: path)
            handle = unsafe clinux_saver_start(
                path, "\(path).tmp", kept, "\(kept).tmp",
                File.folder(of: path), &code)
            guard handle != 0 else { throw SystemError(code: code, call: "fsync", about: path) }
        #endif
    }

    /// Finishes the job that waits, then ends the threads.
    deinit {
        #if !canImport(Darwin)
            clinux_saver_stop(handle)
        #endif
    }

    #if canImport(Darwin)
        /// Is readable while results wait.
        package var descriptor: Int32 { ends.reading.number }

        /// Saves the bytes as this generation.
        package mutating func submit(
            generation: UInt64, _ bytes: [UInt8], sync: Bool, isAwaited: Bool = false,
            isUrgent: Bool = true
        ) {
            let (code, step) = replaceFile(path, bytes, sync)
            if code == 0 {
                results.append(.renamed(generation))
                if sync { results.append(.synced(generation)) }
            } else {
                results.append(failure(generation, code, step))
            }
            _ = ends.writing.write([0].span)
        }

        /// Takes the results that wait.
        package mutating func drainResults() -> [SaveResult] {
            var ignored = [UInt8](repeating: 0, count: 64)
            while case .bytes = ends.reading.read(into: &ignored) {}
            defer { results = [] }
            return results
        }

        package func adopt() throws(SystemError) {}

        package mutating func put(
            generation: UInt64, _ bytes: [UInt8], sync: Bool, isUrgent: Bool
        ) -> Bool { false }

        package mutating func tidy() {}

        /// Waits until all is saved, and takes the results.
        package mutating func finish() -> [SaveResult] { drainResults() }
    #else
        /// Syncs and links the file that was put there by other means since the start, before the first
        /// job.
        package func adopt() throws(SystemError) {
            let code = -clinux_saver_adopt(handle)
            guard code == 0 else { throw SystemError(code: code, call: "fsync", about: path) }
        }

        /// Is readable while results wait.
        package var descriptor: Int32 { clinux_saver_descriptor(handle) }

        /// Has the bytes saved as this generation, in place of those that still wait.
        ///
        /// Generations must grow from call to call.
        /// - Parameters:
        ///   - sync: whether `synced` is to be said of it; `renamed` is said of each.
        ///   - isAwaited: whether clients wait for the rename, and may ask for more right after it.
        ///   - isUrgent: whether the sync must begin at once; else some milliseconds may go by before.
        package mutating func submit(
            generation: UInt64, _ bytes: [UInt8], sync: Bool, isAwaited: Bool = false,
            isUrgent: Bool = true
        ) {
            let failure = unsafe clinux_saver_submit(
                handle, generation, bytes, UInt64(bytes.count), sync ? 1 : 0, isAwaited ? 1 : 0,
                isUrgent ? 1 : 0)
            precondition(failure == 0, "no memory for \(bytes.count) bytes")
        }

        /// Takes the results that wait: renamed, synced and failed, the newest of each.
        package mutating func drainResults() -> [SaveResult] {
            var news = clinux_save_results()
            unsafe clinux_saver_results(handle, &news)
            var results: [SaveResult] = []
            if news.renamed != 0 { results.append(.renamed(news.renamed)) }
            if news.synced != 0 { results.append(.synced(news.synced)) }
            if news.failed != 0 {
                results.append(failure(news.failed, news.error, SaveStep(number: news.step)))
            }
            return results
        }

        /// Puts the bytes in place on the calling thread, if a save that clients waited for was quick a
        /// moment ago and nothing is under way.
        /// - Returns: whether that is done: `renamed` is not said of it, and `tidy` has to follow.
        package mutating func put(
            generation: UInt64, _ bytes: [UInt8], sync: Bool, isUrgent: Bool
        ) -> Bool {
            unsafe clinux_saver_put(
                handle, generation, bytes, UInt64(bytes.count), sync ? 1 : 0, isUrgent ? 1 : 0)
                != 0
        }

        /// Makes ready for the next `put`, when there is time.
        package mutating func tidy() { clinux_saver_tidy(handle) }

        /// Waits until all is saved and the threads have ended, and takes the results.
        package mutating func finish() -> [SaveResult] {
            clinux_saver_finish(handle)
            return drainResults()
        }
    #endif

    private borrowing func failure(
        _ generation: UInt64, _ code: Int32, _ step: SaveStep
    ) -> SaveResult {
        .failed(generation, SystemError(code: code, call: step.rawValue, about: path))
    }
}
