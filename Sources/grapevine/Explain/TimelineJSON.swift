// Events and incidents of `explain` as JSON: events are written as they come, so that nothing has to
// be kept for the end.

import ClusterWire
import Playback
import Text

extension JSONText {
    /// An event, with the keys of its kind.
    mutating func event(_ event: TimelineEvent) {
        object { json in
            json.field("time", nanoseconds: event.time)
            json.field("kind", event.kind.name)
            json.field("by", event.by ?? .zero)
            json.field("node", event.node ?? .zero)
            json.details(event.kind)
        }
    }

    private mutating func details(_ kind: TimelineEvent.Kind) {
        switch kind {
        case .forgotten(let ttl):
            field("ttl", ttl)
        case .silent(let since, _):
            field("since", nanoseconds: since)
        case .failed(let agreeing):
            list("agreeing") { list in
                for id in agreeing { list.id(id) }
            }
        case .voteRequested(let epoch, let forced):
            self.epoch(epoch)
            field("forced", forced)
        case .voteGranted(let epoch), .epochCollision(let epoch), .epochRaised(let epoch):
            self.epoch(epoch)
        case .voteWithheld(let epoch, let reason):
            self.epoch(epoch)
            field("reason", reason.description)
        case .promoted(let epoch, let slots):
            self.epoch(epoch)
            field("slots", slots)
        case .demoted(let master):
            field("master", master ?? .zero)
        case .slotsMoved(let from, let to, let slots):
            field("from", from)
            field("to", to)
            field("slots", slots)
        case .slotsUnserved(let slots), .slotsServed(let slots): field("slots", slots)
        case .addressChanged(let from, let to):
            field("from", from)
            field("to", to)
        case .met, .suspected, .cleared, .recovered, .promotionLearned, .manualFailoverStarted,
            .linkLost, .linkMade:
            break
        }
    }

    /// An incident, times in seconds, phases in milliseconds.
    mutating func incident(_ incident: Incident) {
        object { json in
            json.field("master", incident.master)
            json.field("heir", incident.successor ?? .zero)
            json.field("cause", incident.cause.rawValue)
            json.field("silentAt", nanoseconds: incident.times.silentAt)
            json.field("firstSuspectedAt", nanoseconds: incident.times.firstSuspectedAt)
            json.field("failedAt", nanoseconds: incident.times.failedAt)
            json.field("voteRequestedAt", nanoseconds: incident.times.voteRequestedAt)
            json.field("promotedAt", nanoseconds: incident.times.promotedAt)
            json.field("agreedAt", nanoseconds: incident.times.agreedAt)
            json.object("phases") { phases in
                for phase in incident.phases {
                    let milliseconds = phase.nanoseconds.map { Double($0) / 1e6 }
                    phases.field(phase.name.rawValue, milliseconds, decimals: 3)
                }
            }
        }
    }

    private mutating func epoch(_ epoch: Epoch) { field("epoch", epoch.value) }
}
