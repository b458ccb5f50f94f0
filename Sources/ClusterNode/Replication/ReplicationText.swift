// What replication does, as lines of the log. Nothing that a peer sent gets into them as it came.

import ClusterCore
import DataPlane

extension Node {
    func tell(_ note: ReplicationNote) {
        let (level, text) = Self.line(note)
        log.write(level, text)
    }

    private static func line(_ note: ReplicationNote) -> (LogLevel, String) {
        switch note {
        case .replica(let note): ofReplica(note)
        case .master(let note): ofMaster(note)
        }
    }

    private static func ofReplica(_ note: ReplicationNote.OfReplica) -> (LogLevel, String) {
        switch note {
        case .connecting(let master):
            (.notice, "Connecting to MASTER \(master.host):\(master.port)")
        case .copyBegan(let id, let offset):
            (.notice, "Full resync from master: \(id):\(offset)")
        case .copied(let keys, let bytes, let time):
            (
                .notice,
                "MASTER <-> REPLICA sync: Finished with success: \(keys) keys, \(bytes) bytes "
                    + "in \(time) ms"
            )
        case .continued(let offset):
            (
                .notice,
                "Successful partial resynchronization with master, from offset \(offset + 1) on"
            )
        case .dropped(let bytes):
            (
                .warning,
                "Dropped what this node had written alone while it was master: at most "
                    + "\(bytes) bytes of its stream, which the new master had not confirmed"
            )
        case .linkFailed(let error, let keeps):
            (.warning, "Replication failed: \(error); \(kept(keeps))")
        case .linkClosed(let reason, let keeps):
            (.notice, "Connection with master lost: \(reason); \(kept(keeps))")
        case .putOff(let text):
            (.notice, "The master does not replicate yet: \(text)")
        case .stopped(let error):
            (
                .warning,
                "Stopped following the master: \(error). This replica holds no copy from now on "
                    + "and does not stand for election; CLUSTER REPLICATE tries again"
            )
        }
    }

    private static func ofMaster(_ note: ReplicationNote.OfMaster) -> (LogLevel, String) {
        switch note {
        case .replicaContinues(let name, let bytes):
            (
                .notice,
                "Partial resynchronization request from \(name) accepted. "
                    + "Sending \(bytes) bytes of backlog"
            )
        case .replicaCopies(let name, let keys, let bytes):
            (.notice, "Full resync requested by replica \(name): \(keys) keys, \(bytes) bytes")
        case .replicaWaits(let name, let time):
            (
                .notice,
                "Full resync requested again by replica \(name): it begins in \(time) ms"
            )
        case .replicaSilent(let name):
            (.warning, "Disconnecting timedout replica \(name)")
        case .replicaBehind(let name, let bytes):
            (
                .warning,
                "Disconnecting replica \(name): it is \(bytes) bytes behind, more than "
                    + "client-output-buffer-limit replica allows"
            )
        case .replicaGone(let name):
            (.notice, "Connection with replica \(name) lost")
        }
    }

    private static func kept(_ keeps: Bool) -> String {
        keeps ? "the keys that are held stay" : "no copy is held"
    }
}
