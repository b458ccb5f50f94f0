// Whose turn it is where more clients are ready than can be served before the node has to look at its
// bus again. Nobody is passed over, however many others are busy, and whoever asks for little does not
// wait for those who ask for much.

import SystemIO

/// Clients for which something is ready.
struct ClientQueue {
    /// First come, first served.
    private struct Line {
        private var clients: [Client] = []
        private var head = 0

        var isEmpty: Bool { head == clients.count }

        mutating func append(_ client: Client) { clients.append(client) }

        mutating func popFirst() -> Client? {
            guard !isEmpty else { return nil }
            defer {
                head += 1
                if isEmpty {
                    clients.removeAll(keepingCapacity: true)
                    head = 0
                } else if head >= 1024 && head * 2 >= clients.count {
                    clients.removeFirst(head)
                    head = 0
                }
            }
            return clients[head]
        }
    }

    private var usual = Line()
    /// Those whose last turn ended because its time was over.
    private var busy = Line()

    var isEmpty: Bool { usual.isEmpty && busy.isEmpty }

    /// Something is ready for a client. One that waits for its turn already keeps its place.
    mutating func add(_ event: PollEvent, for client: Client) {
        if let earlier = client.turn.ready {
            client.turn.ready = earlier.joined(with: event)
            return
        }
        client.turn.ready = event
        if client.turn.usedItsTime { busy.append(client) } else { usual.append(client) }
    }

    /// The next of those who asked for little the last time, or else of those who asked for much.
    mutating func next() -> (client: Client, event: PollEvent)? {
        take(from: \.usual) ?? nextBusy()
    }

    /// The next of those who asked for much the last time.
    mutating func nextBusy() -> (client: Client, event: PollEvent)? { take(from: \.busy) }

    private mutating func take(
        from line: WritableKeyPath<ClientQueue, Line>
    ) -> (client: Client, event: PollEvent)? {
        // Who was closed meanwhile is passed over.
        while let client = self[keyPath: line].popFirst() {
            if let event = client.turn.ready, client.descriptor != nil {
                client.turn.ready = nil
                return (client, event)
            }
        }
        return nil
    }
}

extension PollEvent {
    /// Both at once, for the same descriptor.
    fileprivate func joined(with other: PollEvent) -> PollEvent {
        PollEvent(
            token: token, isReadable: isReadable || other.isReadable,
            isWritable: isWritable || other.isWritable, isBroken: isBroken || other.isBroken)
    }
}
