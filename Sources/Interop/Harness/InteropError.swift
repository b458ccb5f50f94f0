// Why a server did not start, did not answer, or a cluster did not come together. Each case carries
// what a person needs to look further: the server, its words, the end of its log.

package import Capture
package import ClusterClient
package import SystemIO

/// Every way in which real servers can let a caller down.
package enum InteropError: Error, CustomStringConvertible {
    /// A file, folder or process could not be made.
    case system(SystemError)
    /// A program did not say which server it is.
    case notAServer(path: String, said: String)
    /// A server ended where it should have run.
    case ended(server: String, status: ExitStatus, log: String)
    /// A server could not be asked, or did not answer.
    case noAnswer(server: String, command: String, AdminClientError)
    /// A server refused a command.
    case refused(server: String, command: String, reply: String)
    /// A reply was not of the form that its command has.
    case unexpectedReply(server: String, command: String)
    /// The lines of CLUSTER NODES could not be read.
    case unreadableNodes(server: String, ClusterNodesError)
    /// Something did not come to hold in time; the last difference that was seen.
    case notInTime(what: String, milliseconds: Int, difference: String)
    /// No ports in a row were free on loopback.
    case noFreePorts(count: Int)
    /// What was recorded is no capture.
    case unreadableCapture(file: String, CaptureError)
    /// All of it took longer than it was given; what was waited for last, if that is known.
    case outOfTime(seconds: Int, waitingFor: String)
    /// Somebody asked to end.
    case stopped

    package var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .notAServer(let path, let said): "\(path) is no server that is known here: “\(said)”"
        case .ended(let server, let status, let log):
            "\(server) ended \(status); the end of its log:\n\(log)"
        case .noAnswer(let server, let command, let error):
            "\(server): no reply to \(command): \(error)"
        case .refused(let server, let command, let reply): "\(server): \(command): \(reply)"
        case .unexpectedReply(let server, let command):
            "\(server): the reply to \(command) is not of the form that it has"
        case .unreadableNodes(let server, let error): "\(server): CLUSTER NODES: \(error)"
        case .notInTime(let what, let milliseconds, let difference):
            "\(what): not within \(milliseconds) ms: \(difference)"
        case .noFreePorts(let count): "no \(count) ports in a row are free on loopback"
        case .unreadableCapture(let file, let error): "\(file): \(error)"
        case .outOfTime(let seconds, let what):
            "it was not over after \(seconds) s" + (what.isEmpty ? "" : ", waiting for \(what)")
        case .stopped: "it was interrupted"
        }
    }
}
