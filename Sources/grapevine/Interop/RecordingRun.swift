// `grapevine interop --record DIR`: captures of real servers and of ours, each with what was true beside
// it. What is played is in Interop; a line is told here for each that is done.

import Interop
import Playback
import SystemIO

enum RecordingRun {
    static func run(
        _ servers: [ReferenceServer], into folder: String, _ arguments: Arguments
    ) throws(UsageError) -> Int32 {
        var wanted = Set(arguments.all("--scenario"))
        for name in wanted where !Recordings.names.contains(name) {
            throw UsageError(
                "\(name) is not recorded; these are: " + Recordings.names.joined(separator: " "))
        }
        if wanted.isEmpty { wanted = Set(Recordings.names) }
        let files = Recordings.files(of: servers, wanted: wanted, in: folder)
        if !arguments.has("--force"), let file = files.first(where: File.exists) {
            throw UsageError("\(file) exists already; --force writes over it")
        }
        let tcpdump: String
        switch CaptureMeans.find() {
        case .tcpdump(let path): tcpdump = path
        case .nodes(let reason): throw UsageError("recording takes tcpdump: \(reason)")
        }
        do throws(SystemError) {
            try Folder.make(folder)
        } catch {
            throw UsageError("\(error)")
        }
        let names = wanted
        let isDone = try InterruptGuard.run("interop") { ours, stop throws(InteropError) in
            let recordings = Recordings(
                into: folder, tcpdump: tcpdump, wanted: names, stop: stop, report: tell)
            try recordings.record(servers, ours: ours)
            return true
        }
        return isDone == true ? 0 : 1
    }

    private static func tell(_ recorded: RecordedFile) {
        let kinds = recorded.summary.kinds.map { "\($0.name) \($0.count)" }
        StandardStream.output.write(
            "\(recorded.file): \(recorded.summary.messages) messages: "
                + kinds.joined(separator: ", ") + "\n")
    }
}
