// The end of every step: the election, then whether the cluster serves, then one save put in front.
// Work that rules asked for many times is done once here.

import ClusterWire

enum Settle {
    static func finish(_ state: inout ClusterState, _ turn: inout Turn) {
        Replication.flagMyself(&state, turn)
        if turn.pending.contains(.suspicions) {
            FailureDetection.tellSuspicions(&state, &turn)
        }
        if turn.pending.contains(.votes) { Voting.considerWaiting(&state, &turn) }
        // Before health: a promotion changes it.
        if turn.pending.contains(.election) { Election.advance(&state, &turn) }
        if turn.pending.contains(.health) { HealthCheck.judge(&state, &turn) }
        // Last: the save holds all that the step did, and stands before what it says.
        Promises.save(&state, &turn)
        if turn.pending.contains(.broadcast) { Promises.tellNews(&state, &turn) }
    }
}
