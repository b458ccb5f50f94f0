// One file, saved in the background by one helper thread, so that a slow disk delays promises and
// never heartbeats. Results come through a descriptor that the loop watches. What a generation
// promises is known to the rules alone. On Darwin the save is made at once, on the calling thread.

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
#endif

/// What became of the saves up to a generation.
package struct SaveResult: Equatable, Sendable {
    /// Success holds for this generation and all before it; failure for this one, and for those
    /// before it that no success has named.
    package let generation: UInt64
    /// Nil when all is saved.
    package let error: SystemError?

    package init(generation: UInt64, error: SystemError?) {
        self.generation = generation
        self.error = error
    }
}

/// The sole owner of the thread that saves one file.
package struct SaveThread: ~Copyable {
    private let path: String
    #if canImport(Darwin)
        private let ends: (reading: Descriptor, writing: Descriptor)
        private var results: [SaveResult] = []
    #else
        private let handle: UInt64
    #endif

    /// Starts the thread for a file.
    package init(replacing path: String) throws(SystemError) {
        self.path = path
        #if canImport(Darwin)
            let ends = try makePipe(nonBlocking: true)
            self.ends = (Descriptor(owning: ends.reading), Descriptor(owning: ends.writing))
        #else
            var code: Int32 = 0
            let folder = File.folder(of: path)
            handle = unsafe clinux_saver_start(temporaryPath(for: path), path, folder, &code)
            guard handle != 0 else { throw SystemError(code: code, call: "pthread_create") }
        #endif
    }

    /// Finishes the job that waits, then ends the thread.
    deinit {
        #if !canImport(Darwin)
            clinux_saver_stop(handle)
        #endif
    }

    #if canImport(Darwin)
        /// Is readable while results wait.
        package var descriptor: Int32 { ends.reading.number }

        /// Saves the bytes as this generation.
        package mutating func submit(generation: UInt64, _ bytes: [UInt8], sync: Bool) {
            let (code, step) = replaceFile(path, bytes, sync)
            results.append(result(generation, code, step))
            _ = ends.writing.write([0].span)
        }

        /// Takes the results that wait.
        package mutating func drainResults() -> [SaveResult] {
            var ignored = [UInt8](repeating: 0, count: 64)
            while case .bytes = ends.reading.read(into: &ignored) {}
            defer { results = [] }
            return results
        }
    #else
        /// Is readable while results wait.
        package var descriptor: Int32 { clinux_saver_descriptor(handle) }

        /// Has the bytes saved as this generation, in place of those that still wait.
        ///
        /// Generations must grow from call to call.
        /// - Parameter sync: whether success means that the bytes are on the disk.
        package mutating func submit(generation: UInt64, _ bytes: [UInt8], sync: Bool) {
            let failure = unsafe clinux_saver_submit(
                handle, generation, bytes, UInt64(bytes.count), sync ? 1 : 0)
            precondition(failure == 0, "no memory for \(bytes.count) bytes")
        }

        /// Takes the results that wait, in the order of their generations.
        package mutating func drainResults() -> [SaveResult] {
            var two = [clinux_save_result](repeating: clinux_save_result(), count: 2)
            let count = unsafe clinux_saver_results(handle, &two)
            return two.prefix(Int(count)).map {
                result($0.generation, $0.error, SaveStep(number: $0.step))
            }
        }
    #endif

    private borrowing func result(
        _ generation: UInt64, _ code: Int32, _ step: SaveStep
    ) -> SaveResult {
        let error = SystemError(code: code, call: step.rawValue, about: path)
        return SaveResult(generation: generation, error: code == 0 ? nil : error)
    }
}
