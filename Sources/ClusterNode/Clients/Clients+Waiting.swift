// Requests that wait: for changes to be let go on, for keys that are on their way, for the next wake-up, or for
// whoever took them over. They stay in their client's parser, and what came behind them waits with them.

import ClusterCore
import DataPlane
import SystemIO

/// Clients whose request waits.
struct WaitingClients {
    var clients: [Client] = []
    /// One of them goes on in the next wake-up.
    var haveLongWork = false
}

extension Clients {
    /// Nothing is read from it until its request has run.
    func wait(_ client: Client, for pause: CommandPause) {
        client.turn.pause = pause
        waiting.clients.append(client)
        if case .nextTurn = pause { waiting.haveLongWork = true }
    }

    /// The end of a wake-up: runs what waited and may go on now, and what came behind it. Those who take long get a
    /// piece each as long as there is time; who got none is the first in the next wake-up.
    func resume(_ node: Node, pauseChanged: Bool) {
        guard !waiting.clients.isEmpty else { return }
        let all = waiting.clients
        waiting = WaitingClients()
        let hasFreed = node.moves.haveFreed
        node.moves.haveFreed = false
        var again: [Client] = []
        node.statistics.startClock()
        let end = node.statistics.since + Clients.share
        for client in all where self[id: client.id] === client {
            guard mayGoOn(client, hasFreed, pauseChanged, node) else {
                wait(client)
                continue
            }
            guard node.statistics.since < end else {
                // What it waited for has come, and is not looked for again.
                wait(client, for: .nextTurn)
                continue
            }
            guard let pause = Dispatch.run(client, node) else {
                client.turn.pause = nil
                takeRequests(client, node)
                continue
            }
            client.turn.pause = pause
            again.append(client)
        }
        for client in again { wait(client) }
    }

    /// It goes on waiting for what it waits for.
    private func wait(_ client: Client) {
        guard let pause = client.turn.pause else { return }
        wait(client, for: pause)
    }

    private func mayGoOn(
        _ client: Client, _ hasFreed: Bool, _ pauseChanged: Bool, _ node: Node
    ) -> Bool {
        switch client.turn.pause {
        case .changes: pauseChanged || !node.areWritesHeld
        case .moves: hasFreed
        case .nextTurn: true
        case .answer, nil: false
        }
    }

    /// Gives the reply to a request that somebody took over, and goes on with what came behind it. Whoever has gone
    /// meanwhile needs none.
    /// - Parameter write: the reply if the request has succeeded.
    func answer(
        _ id: ClientID, _ result: CommandResult, _ node: Node,
        _ write: (ReplyWriter) -> Void = { $0.ok() }
    ) {
        guard let client = self[id: id], case .answer = client.turn.pause else { return }
        waiting.clients.removeAll { $0 === client }
        client.turn.pause = nil
        node.statistics.startClock()
        Dispatch.answer(client, result, node, write)
        takeRequests(client, node)
    }
}
