// Scenarios of manual failovers, in their three forms and in both directions.

import RESP

extension InteropScenario {
    static let handingOver: [InteropScenario] = forms.flatMap { form in
        [
            InteropScenario(
                "failover-ours-\(form.name)", "our replica takes their master's place \(form.how)"
            ) { context throws(InteropError) in
                try handOver(
                    context, [context.theirs, context.theirs, context.ours, context.ours], form.word
                )
            },
            InteropScenario(
                "failover-theirs-\(form.name)",
                "their replica takes our master's place \(form.how)"
            ) { context throws(InteropError) in
                try handOver(
                    context, [context.ours, context.theirs, context.ours, context.theirs], form.word
                )
            },
        ]
    }

    private static let forms: [(name: String, how: String, word: [String])] = [
        ("manual", "when both agree", []), ("force", "by FORCE", ["FORCE"]),
        ("takeover", "by TAKEOVER", ["TAKEOVER"]),
    ]

    private static func handOver(
        _ context: ScenarioContext, _ programs: [ServerProgram], _ form: [String]
    ) throws(InteropError) {
        let cluster = try context.filled(programs, masters: 3)
        let (old, successor) = (cluster.nodes[0], cluster.nodes[3])
        let reply = try successor.ask(["CLUSTER", "FAILOVER"] + form)
        if let error = reply.errorText {
            throw .refused(server: successor.name, command: "CLUSTER FAILOVER", reply: error)
        }
        try context.untilServed(cluster, by: successor)
        try context.untilReplica(old, of: successor)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
        try cluster.waitUntilCopied([old])
        try context.expectKeys(cluster)
    }
}
