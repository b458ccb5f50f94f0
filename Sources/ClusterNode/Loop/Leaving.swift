// How a node ends when it is asked to. A master holds back writes and waits until its replicas have what it wrote;
// where that is wanted it then asks the best of them, behind the last byte of its stream, to take over, and stays until
// the cluster says that it has. All of it lasts for `shutdown-timeout` at most; with 0 only a replica that has all
// already is asked, and not waited for. Then keys are saved, if they are to be.

import ClusterCore
import ClusterHost
import ClusterWire
import DataPlane
import SystemIO

/// How a node is to end, in the words of SHUTDOWN and of `shutdown-on-sigterm`.
package struct LeavingWords: OptionSet, Sendable, Equatable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Keys are saved, whatever the save points, or are not.
    static let save = LeavingWords(rawValue: 1)
    static let noSave = LeavingWords(rawValue: 2)
    /// Replicas are not waited for.
    static let now = LeavingWords(rawValue: 4)
    /// It ends though keys cannot be saved.
    static let force = LeavingWords(rawValue: 8)
    /// A master with slots does not end.
    static let safe = LeavingWords(rawValue: 16)
    /// The best replica takes over first.
    static let failover = LeavingWords(rawValue: 32)

    private static let names: [(LeavingWords, String)] = [
        (.save, "save"), (.noSave, "nosave"), (.now, "now"), (.force, "force"), (.safe, "safe"),
        (.failover, "failover"),
    ]

    /// - Returns: nil when a word is none of them, or two contradict each other.
    init?(words: [String]) {
        self = []
        for word in words {
            guard let known = Self.names.first(where: { $0.1 == word }) else { return nil }
            insert(known.0)
        }
        if isSuperset(of: [.save, .noSave]) { return nil }
    }

    var text: String {
        isEmpty
            ? "default" : Self.names.filter { contains($0.0) }.map(\.1).joined(separator: " ")
    }
}

/// A master that is on its way out.
struct Leaving {
    let words: LeavingWords
    /// Monotonic milliseconds after which nobody is waited for.
    let deadline: Int64
    /// Replicas that have the stream up to here have all that was written.
    let offset: Int
    /// Who said SHUTDOWN.
    let client: ClientID?
    /// The replica that was asked to take over.
    var successor: NodeID?
}

extension Node {
    /// Ends the node, at once or when others are ready.
    /// - Returns: whether it goes on to leave; false: it has refused to, and the log says why.
    func leave(_ words: LeavingWords, askedBy client: ClientID? = nil) -> Bool {
        if words.contains(.safe), !words.contains(.force), host.machine.state.me.isVotingMaster {
            log.write(.warning, "SHUTDOWN SAFE refused: this node is a master with slots")
            return false
        }
        let replicas = replication.feeds.filter { $0.state == .online }
        let timeout = Int64(options.stored.shutdownTimeout) * 1000
        let handsOver = host.machine.state.me.isMaster && wantsFailover(words)
        guard host.machine.state.me.isMaster, !words.contains(.now), !replicas.isEmpty,
            timeout > 0 || handsOver
        else {
            if handsOver { sayNobodyTakesOver() }
            return finishLeaving(words)
        }
        let deadline = SystemClock.monotonicMilliseconds() + timeout
        let offset = replication.log.offset
        // Asked before writes are held: nothing may be put into the stream after that.
        replication.log.append(service: ["REPLCONF", "GETACK", "*"])
        pauseClients(until: deadline, all: false)
        process.leaving = Leaving(
            words: words, deadline: deadline, offset: offset, client: client)
        log.write(.notice, "Waiting for \(replicas.count) replicas before shutting down.")
        return true
    }

    /// Somebody asked again, or changed their mind.
    func stopLeaving() -> Bool {
        guard let leaving = process.leaving else { return false }
        process.leaving = nil
        clients.pause.stop()
        if let client = leaving.client {
            clients.answer(client, .error("ERR Errors trying to SHUTDOWN. Check logs."), self)
        }
        log.write(.warning, "Shutdown was aborted.")
        return true
    }

    /// The end of a wake-up: whether what is waited for has come.
    func continueLeaving() {
        guard let leaving = process.leaving else { return }
        let isOver = SystemClock.monotonicMilliseconds() >= leaving.deadline
        if let successor = leaving.successor {
            guard isOver || !host.machine.state.me.isMaster else { return }
            let has = host.machine.state.me.isMaster ? "has not taken over in time" : "took over"
            log.write(.notice, "Node \(successor) \(has)")
            return end(leaving)
        }
        let online = replication.feeds.filter { $0.state == .online }
        let ready = online.filter { $0.acknowledged >= leaving.offset }
        if wantsFailover(leaving.words), let successor = ready.lazy.compactMap(nodeID).first {
            process.leaving?.successor = successor
            replication.log.append(Self.takeOver(successor))
            return log.write(.notice, "Asking node \(successor) to take over before shutting down.")
        }
        let canHandOver = wantsFailover(leaving.words) && online.contains { nodeID($0) != nil }
        guard isOver || ready.count == online.count && !canHandOver || online.isEmpty else {
            return
        }
        if ready.count < online.count {
            log.write(
                .warning, "\(online.count - ready.count) replicas have not all that was written.")
        }
        if wantsFailover(leaving.words) { sayNobodyTakesOver() }
        end(leaving)
    }

    private func wantsFailover(_ words: LeavingWords) -> Bool {
        words.contains(.failover) || options.handsOverAtEnd
    }

    private func sayNobodyTakesOver() {
        log.write(
            .warning, "Unable to find a replica to perform the auto failover on shutdown.")
    }

    private static func takeOver(_ successor: NodeID) -> [[UInt8]] {
        ["CLUSTER", "FAILOVER", "FORCE", "REPLICAID", successor.description].map { Array($0.utf8) }
    }

    /// The node behind a replica's connection, if it is one that can be asked to take over.
    private func nodeID(_ feed: ReplicaFeed) -> NodeID? {
        guard let id = feed.announcement.nodeID.flatMap({ NodeID($0) }) else { return nil }
        let state = host.machine.state
        return state.replicas(of: host.myID).contains { state.nodes[$0].id == id } ? id : nil
    }

    private func end(_ leaving: Leaving) {
        process.leaving = nil
        guard !finishLeaving(leaving.words) else { return }
        clients.pause.stop()
        if let client = leaving.client {
            clients.answer(client, .error("ERR Errors trying to SHUTDOWN. Check logs."), self)
        }
    }

    /// - Returns: whether the node ends.
    private func finishLeaving(_ words: LeavingWords) -> Bool {
        let isSaved = words.contains(.save) || !words.contains(.noSave) && savesAtEnd
        if isSaved, saveBeforeEnd() != nil, !words.contains(.force) {
            log.write(.warning, "Not leaving: keys are not saved")
            return false
        }
        isStopping = true
        return true
    }
}
