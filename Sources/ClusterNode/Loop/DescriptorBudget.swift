// Who may have the descriptors of the process. Links between nodes, files and a reserve come before
// clients, and nobody gets the last few: a vote that cannot be saved is a vote that is not given.

import ClusterCore
import ClusterHost
import SystemIO

/// The descriptors that this process may have, and how they are divided.
struct DescriptorBudget {
    /// The limit of the process.
    let limit: Int
    /// What is open besides listeners, clients and links: files, pipes, and what the process was given.
    var others = 0

    /// Raises the limit of the process as far as it may be raised.
    /// - Throws: that nothing would be left for connections.
    static func ofProcess() throws(StartError) -> DescriptorBudget {
        let limit = ProcessInformation.raiseDescriptorLimit()
        guard limit > reserved else {
            throw StartError(
                "the limit of descriptors (ulimit -n) is \(limit): "
                    + "at least \(reserved + 1) are needed")
        }
        return DescriptorBudget(limit: limit)
    }

    /// What the reference keeps back, for listeners, pipes, files and whoever is not known yet.
    static let reserved = 32
    /// Of those, what no connection may take: saves, the log and recordings open files at any time.
    static let forFiles = 8
    /// Clients that are let in however many nodes are known, or an operator could not even ask.
    static let fewestClients = 8

    /// The greatest `maxclients` that may be asked for.
    var mostClients: Int { max(1, limit - Self.reserved) }

    /// How many clients there may be, when so many were asked for and so many other nodes are known.
    func clients(wanted: Int, nodes: Int) -> Int {
        let left = max(mostClients - 2 * nodes, min(mostClients, Self.fewestClients))
        return min(wanted, left)
    }

    /// Connections of the bus whose owners are not known yet, at most. Past that, whoever has said
    /// nothing for longest makes room for the next.
    var mostStrangers: Int { max(8, (limit - Self.reserved) / 8) }
}

extension Node {
    /// Nodes besides this one that are known, in handshake too.
    private var otherNodes: Int { host.machine.state.nodes.shownCount - 1 }

    /// `maxclients` in force: the more nodes are known, the fewer clients there is room for.
    var clientLimit: Int { descriptors.clients(wanted: options.maxClients, nodes: otherNodes) }

    /// Descriptors that connections may still take.
    private var freeDescriptors: Int {
        descriptors.limit - DescriptorBudget.forFiles - descriptors.others - listeners.open.count
            - host.listenerAddresses.count - clients.count - host.linkCount - moves.linkCount
    }

    /// Whether one more client fits. Two links to each known node are kept free for it, whether they
    /// stand at the moment or not.
    var hasRoomForClient: Bool {
        guard clients.count < clientLimit else { return false }
        let isFew = clients.count < DescriptorBudget.fewestClients
        let missing = isFew ? 0 : max(0, 2 * otherNodes - host.knownLinkCount)
        return freeDescriptors > missing
    }

    /// Whether one more link fits.
    package var hasRoomForLink: Bool { freeDescriptors > 0 }

    /// Why so many clients may not be asked for, in the reference's words; nil when they may.
    func refusal(ofClients wanted: Int) -> String? {
        guard wanted > descriptors.mostClients else { return nil }
        return "The operating system is not able to handle the specified number of clients, "
            + "try with \(descriptors.mostClients)"
    }

    /// Counts what is open before anybody has connected and before the host listens.
    func countDescriptors() {
        let open = ProcessInformation.openDescriptors()
        // One of them is that of the list itself. Where there is none, half of what is kept back will do.
        descriptors.others =
            open == 0 ? DescriptorBudget.reserved / 2 : max(0, open - 1 - listeners.open.count)
    }

    /// Says what became of `maxclients`, where that is not what was asked for.
    func announceClientLimit() {
        guard clientLimit < options.maxClients else { return }
        log.write(
            .warning,
            "maxclients is \(clientLimit), not \(options.maxClients): of the "
                + "\(descriptors.limit) descriptors that the system allows "
                + "\(DescriptorBudget.reserved) are kept back, and two for each other node")
    }
}
