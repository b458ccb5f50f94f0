// Files: reading with a limit, replacing whole, and locking.

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
