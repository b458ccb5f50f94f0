// What a host has to say to people: facts that the rules note, and what befell its sockets and its file.
// Where that is written, and how often, is for the server.

public import ClusterCore
public import ClusterWire
public import SystemIO

/// Something for the log.
public enum HostNote: Equatable, Sendable {
    /// A fact that the rules note.
    case rules(Note)
    /// A PING leaves for a node that was last heard so many milliseconds ago. Said only if
    /// `HostProbes.tellsPings` asks for it.
    case pinging(NodeID, silentFor: Int64)
    /// Connections of unknown nodes take up the descriptors that are left: the oldest are closed.
    case tooManyStrangers
    /// Connections of unknown nodes make us hold too much: who holds most is closed.
    case strangersHoldTooMuch
    /// A link was closed: more bytes wait on it than `HostLimits.linkSendBytes` allows.
    case linkOverLimit(queued: Int, limit: Int)
    /// Nobody is let in for a moment.
    case cannotAccept(SystemError)
    /// A link cannot be watched, and is lost.
    case cannotWatchLink(SystemError)
    /// A listener cannot be watched.
    case cannotWatchListener(SystemError)
    /// Waiting for what is ready failed; it is tried again.
    case waitingFailed(SystemError)
    /// The save with which a host ends.
    case lastSaveFailed(SystemError)
    /// nodes.conf was torn, of this length in bytes: what was last synced took its place.
    case restored(path: String, torn: Int, from: String)
    /// Something in nodes.conf was not taken as it is.
    case fileRemark(path: String, NodesFileRemark)
    /// With the next save this is gone from nodes.conf; a copy was kept, unless that failed.
    case fileLoses(path: String, [String], copy: String, SystemError?)

    /// The name of its kind, for what peers can make happen again and again: a log does well to count
    /// those. nil for all else.
    public var repeatedKind: String? {
        switch self {
        case .tooManyStrangers: "bus connections"
        case .strangersHoldTooMuch: text
        case .linkOverLimit: "closed a link over cluster-link-sendbuf-limit"
        case .cannotAccept: "cannot accept"
        case .cannotWatchLink, .cannotWatchListener: "poll"
        case .rules, .pinging, .waitingFailed, .lastSaveFailed, .restored, .fileRemark, .fileLoses:
            nil
        }
    }

    /// In words.
    public var text: String {
        switch self {
        case .rules(let note): "\(note)"
        case .pinging(let id, let silence):
            "Sending ping packet to node \(id) last heard \(silence) ms ago"
        case .tooManyStrangers: "Too many connections of unknown nodes: the oldest make room"
        case .strangersHoldTooMuch: "Closed a link of an unknown node: too much is held"
        case .linkOverLimit(let queued, let limit):
            "Closed a link: \(queued) bytes wait on it, cluster-link-sendbuf-limit is \(limit)"
        case .cannotAccept(let error): "Cannot accept connections: \(error)"
        case .cannotWatchLink(let error): "Cannot watch a link: \(error)"
        case .cannotWatchListener(let error): "Cannot watch a listener: \(error)"
        case .waitingFailed(let error): "Waiting failed: \(error)"
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
    /// Nobody can listen there.
    case listen(ListenError)
    /// None of the addresses to bind exists here.
    case noAddress
    /// Another node has this nodes.conf.
    case inUse(path: String)
    /// A pipe, a device or a folder, for which a host would wait.
    case notRegular(path: String)
    /// The file cannot be locked.
    case cannotLock(path: String, SystemError)
    /// The file cannot be read.
    case cannotRead(path: String, SystemError)
    /// The file cannot be written.
    case cannotWrite(path: String, SystemError)
    /// nodes.conf holds what no node wrote; it is left as it is.
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
