// What a play that failed leaves behind to be looked at: the logs of its servers, each with its name,
// and the traffic on the bus. Making a story of the traffic is for the command line.

import Capture
import SystemIO

/// The files of a failed play.
package struct FailureArtifacts: Sendable {
    /// A log, and whose it is.
    package struct Log: Sendable {
        package var server: String
        package var file: String
    }

    /// Where all of it is.
    package var folder: String
    package var logs: [Log] = []
    /// One of each cluster of the play that said anything.
    package var captures: [String] = []
    /// How the traffic was recorded, or why it was not.
    package var captureNote = ""
}

extension MixedCluster {
    /// Adds what there is of this cluster, which has ended.
    func addArtifacts(to artifacts: inout FailureArtifacts) {
        for log in logs where File.exists(log.file) {
            artifacts.logs.append(FailureArtifacts.Log(server: log.server, file: log.file))
        }
        let file = "\(path)/bus.pcap"
        switch capture {
        case .tcpdump: break
        case .nodes: mergeCaptures(into: file, &artifacts)
        case nil: return
        }
        if File.exists(file) { artifacts.captures.append(file) }
    }

    private func mergeCaptures(into file: String, _ artifacts: inout FailureArtifacts) {
        let parts = nodeFolders.flatMap { ServerProcess.trafficPaths($0) }.filter(File.exists)
        if parts.isEmpty {
            artifacts.captureNote += "; no node of ours was there to record"
            return
        }
        // What cannot be read is told and left out.
        let files = parts.compactMap { try? File.read($0) }
        if files.count < parts.count {
            artifacts.captureNote += "; \(parts.count - files.count) captures cannot be read"
        }
        do throws(CaptureError) {
            let merged = try CaptureMerge.merge(files, until: recordedUntil)
            if (try? File.write(merged, to: file)) == nil {
                artifacts.captureNote += "; \(file) cannot be written"
            }
        } catch {
            artifacts.captureNote += "; the captures of the nodes cannot be merged: \(error)"
        }
    }

    private var nodeFolders: [String] {
        var folders: [String] = []
        for log in logs {
            let folder = File.folder(of: log.file)
            if !folders.contains(folder) { folders.append(folder) }
        }
        return folders
    }
}
