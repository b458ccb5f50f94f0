// What `decode --json` prints of a message and of what is none: one object a line, complete, except
// for the contents of publications and secrets, which are never printed. The keys are a promise to
// other programs. Which items are printed is decided in DecodeCommand.

import Capture
import ClusterWire
import Playback
import Text

extension JSONText {
    /// The object of an item.
    mutating func item(_ item: BusItem) {
        object { json in
            json.field("time", nanoseconds: item.time)
            json.field("source", item.source.description)
            json.field("destination", item.destination.description)
            if case .message(let message) = item.content {
                json.message(message, length: item.length ?? 0)
            } else {
                json.problem(item)
            }
        }
    }

    private mutating func problem(_ item: BusItem) {
        field("error", item.problem ?? "")
        if case .skipped(let count) = item.content {
            field("skipped", count)
        }
        if let offset = item.offset {
            field("offset", offset)
        }
        if let raw = item.type { type(MessageType(rawValue: raw & ~Layout.lightBit)) }
        if let length = item.length {
            field("length", length)
        }
    }

    private mutating func type(_ type: MessageType) {
        if let name = type.name { field("type", name) } else { field("type", type.rawValue) }
    }

    private mutating func message(_ message: Message, length: UInt32) {
        type(message.type)
        field("length", length)
        field("version", Layout.version)
        switch message {
        case .light(let light):
            field("light", true)
            switch light.body {
            case .publish(let publication), .publishShard(let publication):
                self.publication(publication)
            case .module: break
            }
        case .full(let header, let body):
            self.header(header)
            self.body(body)
        }
    }

    private mutating func header(_ header: Header) {
        field("currentEpoch", header.currentEpoch.value)
        field("configEpoch", header.configEpoch.value)
        field("offset", header.offset.value)
        field("sender", header.sender)
        field("slots", header.slots)
        field("replicaOf", header.replicaOf)
        field("ip", latin1: header.ip.bytes)
        field("port", header.port.value)
        field("secondaryPort", header.secondaryPort.value)
        field("busPort", header.busPort.value)
        field("flags", header.flags.list)
        field("state", header.saysOK ? "ok" : "fail")
        field("messageFlags", header.messageFlags.list)
    }

    private mutating func body(_ body: Body) {
        switch body {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            list("gossip") { json in
                for entry in beat.gossip { json.entry(entry) }
            }
            list("extensions") { json in
                for item in beat.extensions { json.pingExtension(item) }
            }
        case .fail(let node):
            field("failedNode", node)
        case .publish(let publication), .publishShard(let publication):
            self.publication(publication)
        case .update(let update):
            object("update") { json in
                json.field("configEpoch", update.configEpoch.value)
                json.field("node", update.node)
                json.field("slots", update.slots)
            }
        case .voteRequest, .vote, .manualFailoverStart, .module, .unknown: break
        }
    }

    private mutating func publication(_ publication: Publication) {
        field("channel", latin1: publication.channel)
        field("messageLength", publication.message.count)
    }

    private mutating func entry(_ entry: GossipEntry) {
        object { json in
            json.field("node", entry.node)
            json.field("pingSent", entry.pingSent)
            json.field("pongReceived", entry.pongReceived)
            json.field("ip", latin1: entry.address.ip.bytes)
            json.field("port", entry.address.port.value)
            json.field("busPort", entry.address.busPort.value)
            json.field("flags", entry.flags.list)
            json.field("secondaryPort", entry.address.secondaryPort.value)
        }
    }

    private mutating func pingExtension(_ item: PingExtension) {
        object { json in
            switch item.value {
            case .hostname(let text): json.named("hostname", text)
            case .nodeName(let text): json.named("human_nodename", text)
            case .clientIPv4(let text): json.named("client_ipv4", text)
            case .clientIPv6(let text): json.named("client_ipv6", text)
            case .availabilityZone(let text): json.named("availability_zone", text)
            case .shardID(let shard):
                json.field("type", "shard_id")
                json.field("value", shard?.name ?? .zero)
            case .forgottenNode(let node, let seconds):
                json.field("type", "forgotten_node")
                json.field("node", node)
                json.field("ttl", seconds)
            case .clientPort(let port):
                json.field("type", "client_port")
                json.field("value", port.value)
            case .clientTLSPort(let port):
                json.field("type", "client_tls_port")
                json.field("value", port.value)
            case .internalSecret: json.field("type", "internal_secret")
            case .unknown:
                json.field("type", item.type)
                json.field("bytes", item.payload.count)
            }
        }
    }

    private mutating func named(_ type: String, _ text: String) {
        field("type", type)
        field("value", text)
    }
}
