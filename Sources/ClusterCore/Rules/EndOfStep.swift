// The end of every step: the election, then whether the cluster serves, then one save put in front.
// Work that rules asked for many times is done once here.

import ClusterWire

enum EndOfStep {
    static func finish(_ state: inout ClusterState, _ context: inout StepContext) {
        Replication.flagMyself(&state, context)
        if context.pending.contains(.suspicions) {
            FailureDetection.tellSuspicions(&state, &context)
        }
        if context.pending.contains(.votes) { Voting.considerWaiting(&state, &context) }
        // Before health, so that what is noted and sent of an election stands first.
        if context.pending.contains(.election) { Election.advance(&state, &context) }
        if context.pending.contains(.health) { HealthCheck.judge(&state, &context) }
        // Last: the save holds all that the step did, and stands before what it says.
        Saving.save(&state, &context)
        if context.pending.contains(.broadcast) { Saving.broadcastSelf(&state, &context) }
    }
}
