// Files: reading with a limit, replacing whole, locking, and saving in the background.

import Foundation
import SystemIO
import TestSupport
import Testing

@Suite final class FileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a file is written, added to, read and removed`() throws {
        let path = folder.path(of: "a")
        #expect(!File.exists(path))
        try File.write([1, 2, 3], to: path)
        try File.append([4], to: path)
        #expect(try File.read(path) == [1, 2, 3, 4])
        #expect(try File.size(path) == 4)
        try File.remove(path)
        let error = #expect(throws: SystemError.self) { try File.read(path) }
        #expect(error?.isMissing == true)
        #expect(error?.description == "open \(path): No such file or directory")
    }

    @Test func `a file of the limit is read and a larger one refused`() throws {
        let path = folder.path(of: "a")
        try File.write([UInt8](repeating: 1, count: 70_000), to: path)
        #expect(try File.read(path, limitBytes: 70_000).count == 70_000)
        let error = #expect(throws: SystemError.self) { try File.read(path, limitBytes: 69_999) }
        #expect(error?.isTooLarge == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pipe or a folder in the place of a file is refused and not waited for`() throws {
        let path = folder.path(of: "pipe")
        #expect(unsafe mkfifo(path, 0o600) == 0)
        for path in [path, folder.path, "/dev/null"] {
            #expect(!File.isRegular(path))
            #expect(throws: SystemError.self) { try File.readRegular(path) }
        }
        let file = folder.path(of: "a")
        try File.write([1, 2], to: file)
        #expect(File.isRegular(file))
        #expect(try File.readRegular(file) == [1, 2])
    }

    @Test(arguments: [false, true])
    func `replacing leaves the new file and nothing else`(_ sync: Bool) throws {
        let path = folder.path(of: "nodes.conf")
        try File.replace(path, with: [1], sync: sync)
        try File.replace(path, with: [2, 2], sync: sync)
        #expect(try File.read(path) == [2, 2])
        #expect(try Folder.list(folder.path) == ["nodes.conf"])
    }

    @Test func `a replacement that fails leaves the old file and tells which call failed`() throws {
        let missing = #expect(throws: SystemError.self) {
            try File.replace("\(folder.path)/none/a", with: [1], sync: true)
        }
        #expect(missing?.call == "open" && missing?.isMissing == true)
        let path = folder.path(of: "taken")
        try Folder.make(path)
        let refused = #expect(throws: SystemError.self) {
            try File.replace(path, with: [1], sync: true)
        }
        #expect(refused?.call == "rename")
        #expect(try Folder.list(folder.path) == ["taken"])
    }

    @Test func `a lock keeps others out until it goes`() throws {
        let path = folder.path(of: "lock")
        do {
            let lock = try FileLock(path)
            let error = #expect(throws: SystemError.self) { _ = try FileLock(path) }
            #expect(error?.isHeldElsewhere == true)
            let other = try ChildProcess(
                "flock", .init(arguments: ["--nonblock", path, "true"]))
            #expect(other.wait(milliseconds: 5000) == .exited(1))
            _ = consume lock
        }
        _ = try FileLock(path)
    }

    @Test func `folders are made with those above and removed with all in them`() throws {
        let deep = folder.path(of: "a/b/c")
        try Folder.make(deep)
        try Folder.make(deep)
        try File.write([1], to: "\(deep)/file")
        try File.link(folder.path(of: "a/out"), to: folder.path)
        try File.write([1], to: folder.path(of: "kept"))
        try Folder.removeTree(folder.path(of: "a"))
        #expect(try Folder.list(folder.path) == ["kept"])
    }

    @Test func `a temporary folder goes with its owner`() throws {
        let path: String
        do {
            let inner = try TemporaryFolder()
            path = inner.path
            try File.write([1], to: inner.path(of: "a"))
            #expect(File.isFolder(path))
        }
        #expect(!File.exists(path))
    }

    @Test func `paths are taken apart`() {
        #expect(File.folder(of: "/a/b") == "/a" && File.name(of: "/a/b") == "b")
        #expect(File.folder(of: "a") == "." && File.name(of: "a") == "a")
        #expect(File.folder(of: "/a") == "/")
    }
}

@Suite final class SaveThreadTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Waits until the saves of a generation are told.
    private func results(
        _ saver: inout SaveThread, upTo generation: UInt64
    ) throws -> [SaveResult] {
        var poller = try Poller()
        var events: [PollEvent] = []
        var all: [SaveResult] = []
        try poller.register(saver.descriptor, token: 0, interest: .read)
        while (all.last?.generation ?? 0) < generation {
            try poller.wait(timeoutMilliseconds: 5000, into: &events)
            if events.isEmpty { break }
            all += saver.drainResults()
        }
        return all
    }

    @Test func `generations are confirmed in order, the newest for all before it`() throws {
        let path = folder.path(of: "nodes.conf")
        var saver = try SaveThread(replacing: path)
        for generation in 1...200 as ClosedRange<UInt64> {
            saver.submit(
                generation: generation, Array("generation \(generation)".utf8),
                sync: generation.isMultiple(of: 7))
        }
        let results = try results(&saver, upTo: 200)
        let generations = results.map(\.generation)
        #expect(generations == generations.sorted() && generations.last == 200)
        #expect(results.allSatisfy { $0.error == nil })
        #expect(try File.readText(path) == "generation 200")
        #expect(saver.drainResults().isEmpty)
    }

    @Test func `a save that fails is told with its generation, and the next one may succeed`()
        throws
    {
        let inner = folder.path(of: "inner")
        var saver = try SaveThread(replacing: "\(inner)/nodes.conf")
        saver.submit(generation: 4, [1], sync: true)
        let failed = try results(&saver, upTo: 4)
        #expect(failed.map(\.generation) == [4])
        #expect(failed.last?.error?.isMissing == true && failed.last?.error?.call == "open")
        try Folder.make(inner)
        saver.submit(generation: 5, [1, 2], sync: true)
        #expect(try results(&saver, upTo: 5) == [SaveResult(generation: 5, error: nil)])
        #expect(try File.read("\(inner)/nodes.conf") == [1, 2])
    }

    @Test func `a place that is taken by a folder fails at the rename`() throws {
        let path = folder.path(of: "taken")
        try Folder.make("\(path)/x")
        var saver = try SaveThread(replacing: path)
        saver.submit(generation: 1, [1], sync: false)
        #expect(try results(&saver, upTo: 1).last?.error?.call == "rename")
    }

    @Test func `what waits is saved before the thread ends`() throws {
        let path = folder.path(of: "last")
        do {
            var saver = try SaveThread(replacing: path)
            for generation in 1...20 as ClosedRange<UInt64> {
                saver.submit(generation: generation, [UInt8(generation)], sync: true)
            }
        }
        #expect(try File.read(path) == [20])
    }
}
