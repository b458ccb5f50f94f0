// What happens in a capture as it goes on: events as they are seen, incidents as they end. It holds what
// is known of the nodes, never the messages, so that a capture of any length needs no more memory
// than its cluster. What is told, and how, is for others.

/// From traffic to events and incidents.
package struct Explanation {
    package private(set) var observed: ObservedCluster
    private var incidents = Incidents()

    package init(limits: ObservationLimits = ObservationLimits()) {
        observed = ObservedCluster(limits: limits)
    }

    /// What became known.
    package struct News: Sendable {
        package var events: [TimelineEvent] = []
        package var incidents: [Incident] = []
        package init() {}
    }

    /// Takes what happened next, and appends what follows from it.
    package mutating func take(_ event: BusEvent, into news: inout News) {
        pass(observed.take(event), into: &news)
        incidents.release(observed)
        news.incidents += incidents.takeFinished()
    }

    /// Ends the capture.
    package mutating func finish(into news: inout News) {
        pass(observed.finish(), into: &news)
        incidents.finish(observed)
        news.incidents += incidents.takeFinished()
    }

    private mutating func pass(_ known: ObservedNews, into news: inout News) {
        guard !known.isEmpty else { return }
        incidents.electionsClosed(known.closedElections)
        for event in known.events { incidents.take(event, observed) }
        news.events += known.events
    }
}
