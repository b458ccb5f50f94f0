// A disk that takes its time, for a node that really runs: a library that a test compiles delays the
// node's calls.

import Interop
import SystemIO
import Testing

/// A library that makes syncs, or renames, of a node take as long as a file says.
final class SlowDisk {
    enum Call: String { case sync, rename }

    static let whyNot: Comment = "no C compiler on PATH: clang comes with Swift"
    static let compiler = ProgramSearch.find("clang") ?? ProgramSearch.find("cc")

    private let folder: TemporaryFolder
    /// Starts our executable with the library.
    let wrapper: String

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void wait_as_told(const char *call) {
            char path[4096];
            long milliseconds = 0;
            snprintf(path, sizeof path, "%s/%s", getenv("SLOW_DISK_FOLDER"), call);
            FILE *file = fopen(path, "r");
            if (file) { if (fscanf(file, "%ld", &milliseconds) != 1) milliseconds = 0; fclose(file); }
            usleep(milliseconds * 1000);
        }
        int fsync(int fd) {
            wait_as_told("sync");
            return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
        }
        int fdatasync(int fd) {
            wait_as_told("sync");
            return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
        }
        int rename(const char *from, const char *to) {
            wait_as_told("rename");
            return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
        }
        int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
            wait_as_told("rename");
            return ((int (*)(int, const char *, int, const char *, unsigned))dlsym(
                RTLD_NEXT, "renameat2"))(a, from, b, to, flags);
        }

        """

    init() throws {
        folder = try TemporaryFolder()
        wrapper = folder.path(of: "grapevine")
        let (source, library) = (folder.path(of: "slow.c"), folder.path(of: "slow.so"))
        try File.write(Array(Self.source.utf8), to: source)
        var options = ChildProcess.Options(
            arguments: ["-shared", "-fPIC", "-o", library, source, "-ldl"])
        options.output = .inherited
        let compiler = try #require(Self.compiler)
        let status = try ChildProcess(compiler, options).wait(milliseconds: 60_000)
        try #require(status == .exited(0))
        guard case .ours(let own) = try Live.ours() else { return }
        let script = """
            #!/bin/sh
            SLOW_DISK_FOLDER='\(folder.path)' LD_PRELOAD='\(library)' exec '\(own)' "$@"

            """
        try File.write(Array(script.utf8), to: wrapper)
        try File.setMode(wrapper, 0o755)
    }

    /// How long each such call takes from now on.
    func delay(_ call: Call, milliseconds: Int) throws {
        try File.write(Array("\(milliseconds)\n".utf8), to: folder.path(of: call.rawValue))
    }
}
