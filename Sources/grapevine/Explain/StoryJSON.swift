// Events and incidents of `explain` as JSON: events are written as they come, so that nothing has to
// be kept for the end.

import ClusterWire
import Playback
import Text

extension JSONText {
    /// An event, with the keys of its kind.
    mutating func event(_ event: StoryEvent) {
        object { json in
            json.key("time")
            json.seconds(nanoseconds: event.time)
            json.key("kind")
            json.string(event.kind.name)
            json.key("by")
            json.id(event.by ?? .zero)
            json.key("node")
            json.id(event.node ?? .zero)
            json.details(event.kind)
        }
    }

    private mutating func details(_ kind: StoryEvent.Kind) {
        switch kind {
        case .forgotten(let ttl):
            key("ttl")
            if let ttl { number(ttl) } else { null() }
        case .silent(let since, _):
            key("since")
            seconds(nanoseconds: since)
        case .failed(let agreeing):
            key("agreeing")
            list { list in
                for id in agreeing { list.id(id) }
            }
        case .voteRequested(let epoch, let forced):
            self.epoch(epoch)
            key("forced")
            bool(forced)
        case .voteGranted(let epoch), .epochCollision(let epoch), .epochRaised(let epoch):
            self.epoch(epoch)
        case .voteWithheld(let epoch, let reason):
            self.epoch(epoch)
            key("reason")
            string(reason)
        case .promoted(let epoch, let slots):
            self.epoch(epoch)
            named("slots", slots)
        case .demoted(let master):
            key("master")
            id(master ?? .zero)
        case .slotsMoved(let from, let to, let slots):
            key("from")
            id(from)
            key("to")
            id(to)
            named("slots", slots)
        case .slotsUnserved(let slots), .slotsServed(let slots): named("slots", slots)
        case .addressChanged(let from, let to):
            key("from")
            optional(from)
            key("to")
            optional(to)
        case .met, .suspected, .cleared, .recovered, .heirLearned, .manualFailoverStarted,
            .linkLost, .linkMade:
            break
        }
    }

    /// An incident, times in seconds, phases in milliseconds.
    mutating func incident(_ incident: Incident) {
        object { json in
            json.key("master")
            json.id(incident.master)
            json.key("heir")
            json.id(incident.heir ?? .zero)
            json.key("cause")
            json.string(incident.cause.rawValue)
            json.time("silentAt", incident.silentAt)
            json.time("firstSuspectedAt", incident.firstSuspectedAt)
            json.time("failedAt", incident.failedAt)
            json.time("voteRequestedAt", incident.voteRequestedAt)
            json.time("promotedAt", incident.promotedAt)
            json.time("agreedAt", incident.agreedAt)
            json.key("phases")
            json.object { phases in
                for phase in incident.phases {
                    phases.key(phase.name)
                    if let length = phase.nanoseconds {
                        phases.number(Double(length) / 1e6, decimals: 3)
                    } else {
                        phases.null()
                    }
                }
            }
        }
    }

    private mutating func epoch(_ epoch: Epoch) {
        key("epoch")
        number(epoch.value)
    }

    private mutating func named(_ name: String, _ slots: SlotSet) {
        key(name)
        self.slots(slots)
    }

    private mutating func optional(_ text: String?) {
        if let text { string(text) } else { null() }
    }

    private mutating func time(_ name: String, _ time: Int64?) {
        key(name)
        if let time { seconds(nanoseconds: time) } else { null() }
    }
}
