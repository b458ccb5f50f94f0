// Notes of a host for the log: those of the rules, and errors of its sockets and its file. Where they are
// written, and how often, is for the server.

public import ClusterCore
public import ClusterWire
public import SystemIO

/// Something for the log.
public enum HostNote: Equatable, Sendable {
    /// A note of the rules.
    case rules(Note)
    /// A PING was sent to a node from which nothing has come for so many milliseconds. Only given when a test
    /// asks for it.
    case pinging(NodeID, silentFor: Int64)
    /// Connections of unknown nodes take up the descriptors that are left: the oldest are closed.
    case tooManyUnknownConnections
    /// Too many bytes are buffered for connections of unknown nodes: the one with most is closed.
    case unknownConnectionsHoldTooMuch
    /// A link was closed: more bytes wait on it than `HostLimits.linkSendBytes` allows.
    case linkOverLimit(queued: Int, limit: Int)
    /// Connections cannot be accepted at the moment.
    case cannotAccept(SystemError)
    /// The poller cannot watch a link, which is closed.
    case cannotWatchLink(SystemError)
    /// The poller cannot watch a listener.
    case cannotWatchListener(SystemError)
    /// Waiting for sockets failed; it is tried again.
    case waitingFailed(SystemError)
    /// The save at the end, in `stop`, failed.
    case lastSaveFailed(SystemError)
    /// nodes.conf was torn, of this length in bytes: the version that was last synced took its place.
    case restored(path: String, torn: Int, from: String)
    /// A part of nodes.conf was ignored or corrected.
    case fileRemark(path: String, NodesFileRemark)
    /// The next save will drop these parts of nodes.conf; a copy of the file was kept, unless that failed.
    case fileLoses(path: String, [String], copy: String, SystemError?)

    /// A name for its kind, if peers can cause it again and again: a log should count those instead of writing
    /// each. nil for all others.
    public var repeatedKind: String? {
        switch self {
        case .tooManyUnknownConnections: "bus connections"
        case .unknownConnectionsHoldTooMuch: text
        case .linkOverLimit: "closed a link over cluster-link-sendbuf-limit"
        case .cannotAccept: "cannot accept"
        case .cannotWatchLink, .cannotWatchListener: "poll"
        case .rules, .pinging, .waitingFailed, .lastSaveFailed, .restored, .fileRemark, .fileLoses:
            nil
        }
    }

    /// Its text.
    public var text: String {
        switch self {
        case .rules(let note): "\(note)"
        case .pinging(let id, let silence):
            "Sending ping packet to node \(id) last heard \(silence) ms ago"
        case .tooManyUnknownConnections:
            "Too many connections of unknown nodes: the oldest are closed"
        case .unknownConnectionsHoldTooMuch:
            "Closed a link of an unknown node: too many bytes are buffered"
        case .linkOverLimit(let queued, let limit):
            "Closed a link: \(queued) bytes wait on it, cluster-link-sendbuf-limit is \(limit)"
        case .cannotAccept(let error): "Cannot accept connections: \(error)"
        case .cannotWatchLink(let error): "Cannot watch a link: \(error)"
        case .cannotWatchListener(let error): "Cannot watch a listener: \(error)"
        case .waitingFailed(let error): "Waiting for sockets failed: \(error)"
        case .lastSaveFailed(let error): "The last save failed: \(error)"
        case .restored(let path, let torn, let kept):
            "\(path) is \(torn == 0 ? "empty" : "torn, \(torn) bytes long"); taken is "
                + "\(kept), the file as it was last synced. To make a new node remove both"
        case .fileRemark(let path, let remark): "\(path): \(remark)"
        case .fileLoses(let path, let lost, let copy, let error):
            "\(path) holds what is not kept here: \(lost.joined(separator: ", ")); "
                + (error.map { "no copy of it could be kept: \($0)" }
                    ?? "the file as it was is kept as \(copy)")
        }
    }
}

/// Why a host did not start.
public enum HostError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The host cannot listen on an address.
    case listen(ListenError)
    /// None of the addresses to bind exists here.
    case noAddress
    /// Another node has this nodes.conf.
    case inUse(path: String)
    /// nodes.conf is a pipe, a device or a folder.
    case notRegular(path: String)
    /// The file cannot be locked.
    case cannotLock(path: String, SystemError)
    /// The file cannot be read.
    case cannotRead(path: String, SystemError)
    /// The file cannot be written.
    case cannotWrite(path: String, SystemError)
    /// nodes.conf is malformed; the file is left as it is.
    case malformed(path: String, NodesFileError)
    /// The system refused a poller or a thread.
    case system(SystemError)

    /// For people.
    public var description: String {
        switch self {
        case .listen(let error): "\(error)"
        case .noAddress: "none of the addresses to bind exists here"
        case .inUse(let path): "\(path) is in use by another node"
        case .notRegular(let path): "\(path) is not a regular file"
        case .cannotLock(let path, let error): "\(path) cannot be locked: \(error.reason)"
        case .cannotRead(let path, let error): "\(path) cannot be read: \(error.reason)"
        case .cannotWrite(let path, let error): "\(path) cannot be written: \(error.reason)"
        case .malformed(let path, let error):
            "\(error.line > 0 ? "\(path):\(error.line)" : path): \(error.reasonText); "
                + "the file is left as it is"
        case .system(let error): "\(error)"
        }
    }
}
