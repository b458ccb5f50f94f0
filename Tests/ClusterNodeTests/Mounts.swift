// Disks that fail for real: a tiny file system over a node's folder, or the folder mounted so that nobody may write.

import SystemIO
import Testing

/// A file system mounted over a folder, until its owner goes.
final class Mounts {
    static let whyNot: Comment = "mounting is not allowed here: it takes root"

    /// Tried once: mounting may be forbidden to root as well, as in many containers.
    static let areAllowed: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        guard (try? run("mount", ["-t", "tmpfs", "none", folder.path])) != nil else { return false }
        return (try? run("umount", [folder.path])) != nil
    }()

    private let folder: String
    private var layers = 0
    private static let filler = "filler"

    init(_ trouble: DiskTrouble, over folder: String) throws {
        self.folder = folder
        switch trouble {
        case .full:
            // What it holds is copied, then the rest of its few pages is taken.
            let file = try File.read("\(folder)/nodes.conf")
            try mount(["-t", "tmpfs", "-o", "size=16k", "none", folder])
            try File.write(file, to: "\(folder)/nodes.conf")
            try? File.write(
                [UInt8](repeating: 0, count: 16 << 10), to: "\(folder)/\(Self.filler)")
        case .readOnly:
            try mount(["--bind", folder, folder])
            try Self.run("mount", ["-o", "remount,bind,ro", folder])
        }
    }

    /// A disk of so many kilobytes, with the node's file on it.
    init(kilobytes: Int, over folder: String) throws {
        self.folder = folder
        let file = try File.read("\(folder)/nodes.conf")
        try mount(["-t", "tmpfs", "-o", "size=\(kilobytes)k", "none", folder])
        try File.write(file, to: "\(folder)/nodes.conf")
    }

    /// It gets as large as this.
    func resize(kilobytes: Int) throws {
        try Self.run("mount", ["-o", "remount,size=\(kilobytes)k", folder])
    }

    private func mount(_ words: [String]) throws {
        try Self.run("mount", words)
        layers += 1
    }

    /// There is room, or the folder is what it was.
    func repair() throws {
        if File.exists("\(folder)/\(Self.filler)") {
            try File.remove("\(folder)/\(Self.filler)")
        } else {
            try Self.run("umount", [folder])
            layers -= 1
        }
    }

    deinit { remove() }

    /// Takes away what was mounted, in use or not.
    func remove() {
        for _ in 0..<layers { try? Self.run("umount", ["--lazy", folder]) }
        layers = 0
    }

    private static func run(_ program: String, _ words: [String]) throws {
        var options = ChildProcess.Options(arguments: words)
        options.output = .discarded
        let status = try ChildProcess(program, options).wait(milliseconds: 5000)
        guard status == .exited(0) else {
            throw SystemError(code: 1, call: program, about: words.joined(separator: " "))
        }
    }
}
