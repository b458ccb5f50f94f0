// The story of a capture as it goes on: events as they are seen, incidents as they end. It holds what
// is known of the nodes, never the messages, so that a capture of any length needs no more memory
// than its cluster. What is told, and how, is for others.

/// From traffic to a story.
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
        observed.take(event)
        if !observed.events.isEmpty || !observed.settled.isEmpty { pass(into: &news) }
        incidents.release(observed)
        collect(into: &news)
    }

    /// Ends the capture.
    package mutating func finish(into news: inout News) {
        observed.finish()
        pass(into: &news)
        incidents.finish(observed)
        collect(into: &news)
    }

    private mutating func pass(into news: inout News) {
        let events = observed.events
        incidents.settled(observed.settled)
        observed.forgetNews()
        for event in events { incidents.take(event, observed) }
        news.events += events
        collect(into: &news)
    }

    private mutating func collect(into news: inout News) {
        guard !incidents.finished.isEmpty else { return }
        news.incidents += incidents.finished
        incidents.finished.removeAll(keepingCapacity: true)
    }
}
