// Messages to an address of which nobody knows yet who listens there, as at the start of a capture:
// what they tell their receiver is kept until it shows itself, and then takes effect with the time at
// which it was sent.

import Capture
import ClusterWire

extension ObservedCluster {
    /// Keeps what a message tells its receiver, if it is one of the few that matter.
    mutating func keep(
        _ header: Header, _ body: Body, _ sender: Index, _ stream: StreamState, at time: Int64
    ) {
        var content: Letter.Content?
        switch body {
        case .fail(let id):
            let subject = place(of: id)
            if subject >= 0 { content = .fail(subject) }
        case .voteRequest: content = .request
        case .vote: content = .vote(header.currentEpoch)
        default:
            if nodes[sender].learned != nil, header.saysMaster {
                content = .claim(header.configEpoch)
            }
        }
        guard let content, letterCount < limits.nodes else { return }
        letterCount += 1
        letters[stream.stream.destination, default: []].append(
            Letter(content: content, sender: sender, time: time))
    }

    /// Gives a node what was sent to its address.
    mutating func open(_ address: CaptureAddress, of receiver: Index) {
        guard let waiting = letters.removeValue(forKey: address) else { return }
        letterCount -= waiting.count
        for letter in waiting where letter.sender != receiver {
            switch letter.content {
            case .fail(let subject):
                guard subject != receiver, !nodes[subject].announcers.isEmpty else { continue }
                hearsFailed(
                    Pair(by: receiver, node: subject), isOwn: false, at: letter.time)
            case .request: elections[letter.sender]?.asked.insert(receiver)
            case .vote(let epoch):
                voted(epoch, by: letter.sender, for: receiver, at: letter.time)
            case .claim(let epoch):
                guard nodes[letter.sender].learned != nil else { continue }
                learns(of: letter.sender, receiver, epoch, at: letter.time)
            }
        }
    }
}
