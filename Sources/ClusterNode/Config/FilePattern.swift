// Paths with "*", "?" and "[" in them, as `include` takes them: to the files that there are.

import DataPlane
import SystemIO

/// The files that a path means in which "*", "?" and "[" stand for characters.
enum FilePattern {
    /// One path without such characters, whether or not there is a file; else all files that there are,
    /// sorted.
    static func files(_ path: String) -> [String] {
        guard isPattern(path) else { return [path] }
        var found = [path.hasPrefix("/") ? "/" : ""]
        for part in path.split(separator: "/").map(String.init) {
            found = found.flatMap { folder in
                isPattern(part)
                    ? names(in: folder, like: part).map { folder + $0 + "/" }
                    : File.exists(folder + part) ? [folder + part + "/"] : []
            }
        }
        return found.map { String($0.dropLast()) }.filter { !File.isFolder($0) }.sorted()
    }

    private static func isPattern(_ text: String) -> Bool {
        text.utf8.contains {
            [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "[")].contains($0)
        }
    }

    /// Names that begin with a dot are meant only by patterns that do.
    private static func names(in folder: String, like pattern: String) -> [String] {
        let names = (try? Folder.list(folder.isEmpty ? "." : folder)) ?? []
        var bytes = Array(pattern.utf8)
        // Of files, all other characters are "[!…]", too.
        for place in bytes.indices.dropFirst()
        where bytes[place] == UInt8(ascii: "!") && bytes[place - 1] == UInt8(ascii: "[") {
            bytes[place] = UInt8(ascii: "^")
        }
        return names.filter {
            $0.hasPrefix(".") == pattern.hasPrefix(".") && Glob.matches(Array($0.utf8), bytes)
        }
    }
}
