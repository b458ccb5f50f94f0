// The three repairs of replicas: on write (direct mail, and hints for those who could not be reached), on
// read (what a quorum read touched is brought up to date) and in the background (anti-entropy with a
// random partner). What a node believes of what it is sent is decided by Replicas.

import Determinism

extension Replicas {
    // MARK: In the background

    /// Each node calls another: they tell each other which versions they hold, and one or both send what
    /// the other lacks (CSL-89-1, section 1.3).
    mutating func contact() {
        guard options.nodes > 1 else { return }
        let before = cells
        for node in 0..<options.nodes where isPresent(node) {
            let drawn = random.below(options.nodes - 1)
            let partner = drawn < node ? drawn : drawn + 1
            report.meter.contacts += 1
            report.meter.asTaught += options.mode.messagesAsTaught
            guard reaches(partner) else {
                report.meter.lost += 1
                continue
            }
            for key in 0..<options.keys {
                let mine = before[node * options.keys + key]
                let theirs = before[partner * options.keys + key]
                addBytes(options.digestBytes * Double(visibleCount(mine) + visibleCount(theirs)))
                if options.mode.pushes { sendLacking(mine, to: partner, holding: theirs, key: key) }
                if options.mode.pulls { sendLacking(theirs, to: node, holding: mine, key: key) }
            }
        }
    }

    private mutating func sendLacking(
        _ held: [Entry], to node: Int, holding others: [Entry], key: Int
    ) {
        for entry in held where isVisible(entry) {
            let isKnown = others.contains { isVisible($0) && options.rule.covers($0, entry) }
            if !isKnown { deliver(entry, key: key, to: node) }
        }
    }

    /// A dormant certificate is not shown: only a copy that it cancels wakes it.
    private func isVisible(_ entry: Entry) -> Bool {
        entry.certificate.map { !hasAged($0) } ?? true
    }

    private func visibleCount(_ held: [Entry]) -> Int { held.count { isVisible($0) } }

    /// An entry arrives, as it was sent or not.
    @discardableResult
    private mutating func deliver(_ entry: Entry, key: Int, to node: Int) -> Bool {
        report.meter.updates += 1
        addBytes(options.entryBytes)
        let sum = entry.checksum(key: key)
        var entry = entry
        if let index = flips.firstIndex(where: { $0.round <= round }) {
            entry.flip(flips.remove(at: index).bit)
        }
        if options.flipChance > 0 && random.chance(options.flipChance) {
            entry.flip(random.below(Entry.bitCount))
        }
        if options.checksums == .message && entry.checksum(key: key) != sum {
            report.checksumRefusals += 1
            return false
        }
        return accept(entry, key: key, at: node)
    }

    private mutating func reaches(_ node: Int) -> Bool {
        isPresent(node) && (options.loss == 0 || !random.chance(options.loss))
    }

    private mutating func addBytes(_ bytes: Double) {
        report.meter.bytes = (report.meter.bytes ?? 0) + bytes
    }

    // MARK: On write

    /// A write is sent to others at once; a node that cannot be reached is given it later.
    mutating func mail(_ entry: Entry, key: Int, from node: Int) {
        guard options.mails > 0 else { return }
        for other in others(options.mails, among: 0..<options.nodes, without: node) {
            report.meter.contacts += 1
            report.meter.asTaught += 1
            if reaches(other) {
                deliver(entry, key: key, to: other)
            } else {
                report.meter.lost += 1
                remember(Hint(from: node, to: other, key: key, entry: entry, since: round))
            }
        }
    }

    /// The newest hint is dropped when there is no room.
    private mutating func remember(_ hint: Hint) {
        guard options.hintQueue > 0 else { return }
        guard hintCounts[hint.from] < options.hintQueue else {
            report.hintsOverflowed += 1
            return
        }
        hints.append(hint)
        hintCounts[hint.from] += 1
        report.hinted += 1
    }

    /// Hinted hand-off (Dynamo, section 4.6): a hint is tried in each round until it arrives or is too old.
    mutating func retryHints() {
        guard !hints.isEmpty else { return }
        let waiting = hints
        hints.removeAll(keepingCapacity: true)
        for hint in waiting {
            // One made in this round has just failed.
            guard isPresent(hint.from), hint.since < round else {
                hints.append(hint)
                continue
            }
            if round - hint.since > options.hintMaxAge {
                report.hintsExpired += 1
                hintCounts[hint.from] -= 1
                continue
            }
            report.meter.contacts += 1
            report.meter.asTaught += 1
            if reaches(hint.to) {
                report.hintsDelivered += 1
                hintCounts[hint.from] -= 1
                deliver(hint.entry, key: hint.key, to: hint.to)
            } else {
                report.meter.lost += 1
                hints.append(hint)
            }
        }
    }

    // MARK: On read

    /// A client reads at a node, which asks others as well and returns what the rule makes of all answers.
    /// - Returns: the live entries found.
    @discardableResult
    package mutating func read(key: Int, at node: Int, repairsHere: Bool = false) -> [Entry] {
        guard isPresent(node) else { return [] }
        report.reads += 1
        var touched = [node]
        for other in others(options.readQuorum - 1, among: 0..<options.nodes, without: node) {
            report.meter.contacts += 1
            report.meter.asTaught += 2
            if reaches(other) { touched.append(other) } else { report.meter.lost += 1 }
        }
        var found: [Entry] = []
        for other in touched {
            for entry in entries(key: key, at: other) where isVisible(entry) {
                options.rule.merge(entry, into: &found)
                if other != node { addBytes(options.entryBytes) }
            }
        }
        if isStale(found, key: key) { report.staleReads += 1 }
        if options.repairsOnRead || repairsHere {
            for other in touched where options.repairsOnRead || other == node {
                repair(other, key: key, with: found)
            }
        }
        return found.filter(\.isLive)
    }

    private mutating func repair(_ node: Int, key: Int, with found: [Entry]) {
        for entry in found {
            let isKnown = entries(key: key, at: node).contains { options.rule.covers($0, entry) }
            if !isKnown && deliver(entry, key: key, to: node) { report.readRepairs += 1 }
        }
    }

    // MARK: Chance

    /// So many of these, each once, in the order in which they were drawn; all of them when they are fewer.
    mutating func others(_ wanted: Int, among nodes: Range<Int>, without left: Int? = nil) -> [Int]
    {
        let available = nodes.count - (left.map { nodes.contains($0) } ?? false ? 1 : 0)
        if wanted * 2 > available {
            var all = nodes.filter { $0 != left }
            random.shuffle(&all)
            return Array(all.prefix(wanted))
        }
        var drawn: [Int] = []
        while drawn.count < wanted {
            let node = nodes.lowerBound + random.below(nodes.count)
            if node != left && !drawn.contains(node) { drawn.append(node) }
        }
        return drawn
    }
}
