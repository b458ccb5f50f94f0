// Effects as the lines of a scenario: short, stable, and with letters for ids.

import ClusterWire

@testable import ClusterCore

extension Scenario {
    /// A line an effect. Of a long time only what is no routine: heartbeats, saves and links are
    /// left out.
    func describe(_ outcome: Outcome, _ node: TestNode, isLong: Bool) -> [String] {
        var sent = outcome.sent[...]
        var lines: [String] = []
        for effect in outcome.effects {
            var line: String?
            switch effect {
            case .persist(let generation, let sync):
                if !isLong { line = "save \(generation.number)\(sync ? " with sync" : "")" }
            case .connect(_, let to): if !isLong { line = "connect to \(to)" }
            case .close(let link):
                if !isLong { line = "close \(name(of: link, node))" }
            case .send:
                guard let message = sent.popFirst() else { continue }
                let isRoutine = message.body?.heartbeat != nil
                if !(isLong && isRoutine) { line = text(of: message, node) }
            case .broadcast: break  // taken apart by the test node
            case .timer(let time): line = "timer in \(time - node.now.monotonic) ms"
            case .pauseWrites(let until):
                line =
                    until == 0
                    ? "release writes" : "pause writes for \(until - node.now.monotonic) ms"
            case .replicate(let from): line = "replicate from \(from.map { "\($0)" } ?? "nobody")"
            case .dropKeys(let set): line = "drop keys in \(set)"
            case .reply(let reply, _, _): line = "reply \(reply)"
            case .note(let note): line = "note \(note)"
            }
            if let line { lines.append(shortened(line)) }
        }
        return merged(lines)
    }

    /// Equal lines but for the receiver become one.
    private func merged(_ lines: [String]) -> [String] {
        var result: [String] = []
        for line in lines {
            let parts = line.split(separator: "→", maxSplits: 1)
            guard parts.count == 2, let last = result.last,
                last.split(separator: "→", maxSplits: 1).first == parts.first, last != line
            else {
                result.append(line)
                continue
            }
            result[result.count - 1] = last + parts[1]
        }
        return result
    }

    private func text(of sent: Outcome.Sent, _ node: TestNode) -> String {
        guard let header = sent.header, let body = sent.body else { return "send light" }
        var text = "send \(body.type.name ?? "?")"
        if case .fail(let id) = body { text += " of \(id)" }
        if case .update(let update) = body {
            text += " of \(update.node) at \(update.configEpoch): \(update.slots)"
        }
        text += " epoch \(header.currentEpoch) config-epoch \(header.configEpoch)"
        text += header.saysMaster ? " master" : " replica of \(header.replicaOf)"
        text += header.slots.isEmpty ? "" : " slots \(header.slots)"
        let flags = header.messageFlags.subtracting(.extensions).list
        if !flags.isEmpty { text += " \(flags.joined(separator: " "))" }
        return text + " → \(name(of: sent.link, node))"
    }

    private func name(of link: LinkID, _ node: TestNode) -> String {
        let letter = node.letter(of: link).map(String.init) ?? "?"
        if case .inbound = link { return "\(letter)'s connection" }
        return letter
    }

    /// Letters for ids of forty equal characters, nothing for the names of modules.
    private func shortened(_ line: String) -> String {
        var text = line.replacing("ClusterCore.", with: "").replacing("ClusterWire.", with: "")
        for kind in [
            "Note.", "ClearReason.", "HealthReason.", "EpochReason.", "FailoverKind.",
            "VoteRefusal.",
        ] {
            text = text.replacing(kind, with: "")
        }
        for letter in "abcdefghijklmnopqrstuvwxyz0123456789" {
            text = text.replacing(String(repeating: letter, count: 40), with: String(letter))
                .replacing("Optional(\(letter))", with: String(letter))
        }
        return text
    }
}
