// Messages to an address of which nobody knows yet who listens there, as at the start of a capture:
// what they tell their receiver is kept until it shows itself, and then takes effect with the time at
// which it was sent.

import Capture
import ClusterWire

/// A message that tells its receiver something, whoever that is.
struct UndeliveredMessage: Sendable {
    enum Content: Sendable {
        case fail(ObservedCluster.Index)
        case voteRequest
        case vote(Epoch)
        /// A replica that was promoted claims slots at this epoch.
        case promotion(Epoch)
    }
    var content: Content
    var sender: ObservedCluster.Index
    /// Nanoseconds since the Unix epoch.
    var time: Int64
}

/// Messages by the address that they were sent to.
struct UndeliveredMessages: Sendable {
    private var waiting: [CaptureAddress: [UndeliveredMessage]] = [:]
    private var count = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func keep(_ message: UndeliveredMessage, to address: CaptureAddress) {
        guard count < limit else { return }
        count += 1
        waiting[address, default: []].append(message)
    }

    mutating func take(to address: CaptureAddress) -> [UndeliveredMessage] {
        guard let messages = waiting.removeValue(forKey: address) else { return [] }
        count -= messages.count
        return messages
    }
}

extension ObservedCluster {
    /// Keeps what a message tells its receiver, if it is one of the few that matter.
    mutating func keep(
        _ header: Header, _ body: Body, _ sender: Index, to address: CaptureAddress,
        at time: Int64
    ) {
        var content: UndeliveredMessage.Content?
        switch body {
        case .fail(let id): content = place(of: id).map { .fail($0) }
        case .voteRequest: content = .voteRequest
        case .vote: content = .vote(header.currentEpoch)
        case .ping, .pong, .meet, .update, .manualFailoverStart, .publish, .publishShard, .module,
            .unknown:
            if nodes[sender].promotion.isOpen, header.saysMaster {
                content = .promotion(header.configEpoch)
            }
        }
        guard let content else { return }
        undelivered.keep(
            UndeliveredMessage(content: content, sender: sender, time: time), to: address)
    }

    /// Gives a node what was sent to its address.
    mutating func deliver(to address: CaptureAddress, of receiver: Index) {
        for message in undelivered.take(to: address) where message.sender != receiver {
            switch message.content {
            case .fail(let subject):
                guard subject != receiver, opinions.isAnnounced(subject) else { continue }
                holdsFail(NodePair(by: receiver, node: subject), isOwn: false, at: message.time)
            case .voteRequest: elections.ask(receiver, by: message.sender)
            case .vote(let epoch):
                voted(epoch, by: message.sender, for: receiver, at: message.time)
            case .promotion(let epoch):
                learnsPromotion(of: message.sender, receiver, epoch, at: message.time)
            }
        }
    }
}
