// Saving in the background: in which order the ends of a save are told, what stays beside the file, and
// what a save that fails leaves.

import SystemIO
import TestSupport
import Testing

@Suite final class SaveThreadTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path(of: "nodes.conf") }
    private var kept: String { SaveThread.keptPath(for: path) }

    init() throws { folder = try TemporaryFolder() }

    /// Waits until a result comes that was asked for, and takes all that came.
    private func results(
        _ saver: inout SaveThread, until isLast: (SaveResult) -> Bool
    ) throws -> [SaveResult] {
        var poller = try Poller()
        var events: [PollEvent] = []
        var all: [SaveResult] = []
        try poller.register(saver.descriptor, token: 0, interest: .read)
        while !all.contains(where: isLast) {
            try poller.wait(timeoutMilliseconds: 5000, into: &events)
            if events.isEmpty { break }
            all += saver.drainResults()
        }
        return all
    }

    private static func generation(_ result: SaveResult) -> UInt64 {
        switch result {
        case .renamed(let number), .synced(let number), .failed(let number, _): number
        }
    }

    @Test func `renames and syncs are told in order, the newest for all before it`() throws {
        var saver = try SaveThread(replacing: path)
        for generation in 1...203 as ClosedRange<UInt64> {
            saver.submit(
                generation: generation, Array("generation \(generation)".utf8),
                sync: generation.isMultiple(of: 7))
        }
        let results = try results(&saver) { $0 == .synced(203) }
        let renames = results.compactMap {
            if case .renamed(let number) = $0 { number } else { nil }
        }
        let syncs = results.compactMap { if case .synced(let number) = $0 { number } else { nil } }
        #expect(renames == renames.sorted() && renames.last == 203)
        #expect(syncs == syncs.sorted() && syncs.last == 203)
        #expect(renames.count + syncs.count == results.count, "none failed")
        #expect(try File.readText(path) == "generation 203")
        #expect(saver.drainResults().isEmpty)
    }

    @Test func `a generation is never told as synced before it is told as renamed`() throws {
        var saver = try SaveThread(replacing: path)
        var all: [SaveResult] = []
        for generation in 1...50 as ClosedRange<UInt64> {
            saver.submit(generation: generation, [UInt8(generation)], sync: true)
            all += saver.drainResults()
        }
        all += saver.finish()
        var renamed: UInt64 = 0
        for result in all {
            switch result {
            case .renamed(let number): renamed = number
            case .synced(let number): #expect(number <= renamed)
            case .failed: Issue.record("\(result)")
            }
        }
        #expect(all.last == .synced(50))
    }

    @Test func `a save that is not synced is told as renamed alone`() throws {
        var saver = try SaveThread(replacing: path)
        saver.submit(generation: 1, [1], sync: false)
        #expect(saver.finish() == [.renamed(1)])
    }

    @Test func `while saves are waited for they are put in place on the calling thread`() throws {
        try File.write([0], to: path)
        var saver = try SaveThread(replacing: path)
        expect(saver.put(generation: 1, [1], sync: true, isUrgent: false), is: false)
        saver.submit(generation: 1, [1], sync: true, isAwaited: true, isUrgent: false)
        _ = try results(&saver) { $0 == .renamed(1) }
        var puts = 0
        for generation in 2...200 as ClosedRange<UInt64> {
            let bytes = [UInt8](repeating: UInt8(generation), count: Int(generation % 7) + 1)
            if saver.put(generation: generation, bytes, sync: true, isUrgent: false) {
                puts += 1
                #expect(try File.read(path) == bytes)
                saver.tidy()
            } else {
                saver.submit(
                    generation: generation, bytes, sync: true, isAwaited: true, isUrgent: false)
                _ = try results(&saver) { $0 == .renamed(generation) }
                #expect(try File.read(path) == bytes)
            }
        }
        #expect(puts > 0)
        #expect(saver.finish().last == .synced(200))
        #expect(try File.read(kept) == (try File.read(path)))
        #expect(try Folder.list(folder.path) == ["nodes.conf", "nodes.conf.synced"])
    }

    private func expect(_ value: Bool, is expected: Bool) { #expect(value == expected) }

    @Test func `what was made in advance is removed when nothing is asked for`() throws {
        try File.write([0], to: path)
        var saver = try SaveThread(replacing: path)
        saver.submit(generation: 1, [1], sync: true, isAwaited: true, isUrgent: false)
        _ = try results(&saver) { $0 == .synced(1) }
        eventually("nothing else is there") {
            let names = try Folder.list(folder.path)
            return names == ["nodes.conf", "nodes.conf.synced"] ? nil : "\(names)"
        }
        _ = saver.finish()
    }

    @Test func `the file as it was last synced stays beside the one in place`() throws {
        var saver = try SaveThread(replacing: path)
        saver.submit(generation: 1, [1], sync: true)
        _ = try results(&saver) { $0 == .synced(1) }
        #expect(try File.read(kept) == [1])
        for generation in 2...9 as ClosedRange<UInt64> {
            saver.submit(generation: generation, [UInt8(generation)], sync: false)
            _ = try results(&saver) { $0 == .renamed(generation) }
            #expect(try File.read(path) == [UInt8(generation)])
            #expect(try File.read(kept) == [1])
        }
        saver.submit(generation: 10, [10], sync: true)
        _ = try results(&saver) { $0 == .synced(10) }
        #expect(try File.read(kept) == [10])
        #expect(try Folder.list(folder.path) == ["nodes.conf", "nodes.conf.synced"])
    }

    @Test func `what is found at the start is synced and kept, and an orphan is not`() throws {
        try File.write([1], to: path)
        try File.write([0], to: kept)
        do {
            let saver = try SaveThread(replacing: path)
            #expect(try File.read(kept) == [1])
            _ = consume saver
        }
        try File.remove(path)
        _ = try SaveThread(replacing: path)
        #expect(!File.exists(kept))
    }

    @Test func `what another process left under the temporary name is not written into`() throws {
        try File.write([1], to: path)
        // It died between the exchange of the names and the removal of the old one.
        let other = try ChildProcess(
            "ln", .init(arguments: [path, "\(path).tmp"]))
        #expect(other.wait(milliseconds: 5000) == .exited(0))
        var saver = try SaveThread(replacing: path)
        saver.submit(generation: 1, [2, 2, 2], sync: false)
        #expect(saver.finish() == [.renamed(1)])
        #expect(try File.read(kept) == [1])
        #expect(try File.read(path) == [2, 2, 2])
        #expect(try Folder.list(folder.path) == ["nodes.conf", "nodes.conf.synced"])
    }

    @Test func `a save that fails is told with its generation, and the next one may succeed`()
        throws
    {
        let inner = folder.path(of: "inner")
        var saver = try SaveThread(replacing: "\(inner)/nodes.conf")
        saver.submit(generation: 4, [1], sync: true)
        let failed = try results(&saver) { Self.generation($0) == 4 }
        guard case .failed(4, let error)? = failed.last, failed.count == 1 else {
            Issue.record("\(failed)")
            return
        }
        #expect(error.isMissing && error.call == "open")
        try Folder.make(inner)
        saver.submit(generation: 5, [1, 2], sync: true)
        let later = try results(&saver) { $0 == .synced(5) }
        #expect(later == [.renamed(5), .synced(5)] && later.count == 2)
        #expect(try File.read("\(inner)/nodes.conf") == [1, 2])
    }

    @Test func `a sync that was owed by a save that failed is made for the next one`() throws {
        let inner = folder.path(of: "inner")
        var saver = try SaveThread(replacing: "\(inner)/nodes.conf")
        saver.submit(generation: 1, [1], sync: true)
        _ = try results(&saver) { Self.generation($0) == 1 }
        try Folder.make(inner)
        saver.submit(generation: 2, [2], sync: false)
        #expect(saver.finish() == [.renamed(2), .synced(2)])
    }

    @Test(arguments: [false, true])
    func `a place that is taken by a folder fails at the rename`(_ isLater: Bool) throws {
        var saver = try SaveThread(replacing: path)
        if isLater {
            saver.submit(generation: 1, [1], sync: true)
            _ = try results(&saver) { $0 == .synced(1) }
            try File.remove(path)
        }
        try Folder.make("\(path)/x")
        saver.submit(generation: 2, [1], sync: false)
        let results = try results(&saver) { Self.generation($0) == 2 }
        guard case .failed(2, let error)? = results.last else {
            Issue.record("\(results)")
            return
        }
        #expect(error.call == "rename")
        #expect(File.isFolder("\(path)/x"))
    }

    @Test func `what waits is saved before the threads end`() throws {
        do {
            var saver = try SaveThread(replacing: path)
            for generation in 1...20 as ClosedRange<UInt64> {
                saver.submit(generation: generation, [UInt8(generation)], sync: true)
            }
        }
        #expect(try File.read(path) == [20] && File.read(kept) == [20])
    }
}
