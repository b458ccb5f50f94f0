// Scenarios of manual failovers, in their three forms and in both directions.

import RESP

extension Scenario {
    static let handingOver: [Scenario] = forms.flatMap { form in
        [
            Scenario(
                "failover-ours-\(form.name)", "our replica takes their master's place \(form.how)"
            ) { stage throws(InteropError) in
                try handOver(
                    stage, [stage.theirs, stage.theirs, stage.ours, stage.ours], form.word)
            },
            Scenario(
                "failover-theirs-\(form.name)",
                "their replica takes our master's place \(form.how)",
                // Our master's offset is 0, which older ones take for "not told yet".
                needs: form.word.isEmpty
                    ? .version(6, 2, "a master at offset 0 can be replaced by hand since") : nil
            ) { stage throws(InteropError) in
                try handOver(
                    stage, [stage.ours, stage.theirs, stage.ours, stage.theirs], form.word)
            },
        ]
    }

    private static let forms: [(name: String, how: String, word: [String])] = [
        ("manual", "when both agree", []), ("force", "by FORCE", ["FORCE"]),
        ("takeover", "by TAKEOVER", ["TAKEOVER"]),
    ]

    private static func handOver(
        _ stage: Stage, _ programs: [ServerProgram], _ form: [String]
    ) throws(InteropError) {
        let cluster = try stage.formed(programs, masters: 3)
        let (old, heir) = (cluster.nodes[0], cluster.nodes[3])
        let reply = try heir.ask(["CLUSTER", "FAILOVER"] + form)
        if let error = reply.errorText {
            throw .refused(server: heir.name, command: "CLUSTER FAILOVER", reply: error)
        }
        try stage.untilServed(cluster, by: heir)
        try stage.untilReplica(old, of: heir)
        try cluster.waitUntilAgreed(withinMilliseconds: 20_000)
    }
}
