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
            json.key("time")
            json.seconds(nanoseconds: item.time)
            json.key("source")
            json.string(item.source.description)
            json.key("destination")
            json.string(item.destination.description)
            if case .message(let message) = item.content {
                json.message(message, length: item.length ?? 0)
            } else {
                json.problem(item)
            }
        }
    }

    private mutating func problem(_ item: BusItem) {
        key("error")
        string(item.problem ?? "")
        if case .skipped(let count) = item.content {
            key("skipped")
            number(count)
        }
        if let offset = item.offset {
            key("offset")
            number(offset)
        }
        if let raw = item.type { type(MessageType(rawValue: raw & ~Layout.lightBit)) }
        if let length = item.length {
            key("length")
            number(length)
        }
    }

    private mutating func type(_ type: MessageType) {
        key("type")
        if let name = type.name { string(name) } else { number(type.rawValue) }
    }

    private mutating func message(_ message: Message, length: UInt32) {
        type(message.type)
        key("length")
        number(length)
        key("version")
        number(Layout.version)
        switch message {
        case .light(let light):
            key("light")
            bool(true)
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
        key("currentEpoch")
        number(header.currentEpoch.value)
        key("configEpoch")
        number(header.configEpoch.value)
        key("offset")
        number(header.offset.value)
        key("sender")
        id(header.sender)
        key("slots")
        slots(header.slots)
        key("replicaOf")
        id(header.replicaOf)
        key("ip")
        latin1(header.ip.bytes)
        key("port")
        number(header.port.value)
        key("secondaryPort")
        number(header.secondaryPort.value)
        key("busPort")
        number(header.busPort.value)
        key("flags")
        names(header.flags.list)
        key("state")
        string(header.saysOK ? "ok" : "fail")
        key("messageFlags")
        names(header.messageFlags.list)
    }

    private mutating func body(_ body: Body) {
        switch body {
        case .ping(let beat), .pong(let beat), .meet(let beat):
            key("gossip")
            list { json in
                for entry in beat.gossip { json.entry(entry) }
            }
            key("extensions")
            list { json in
                for item in beat.extensions { json.pingExtension(item) }
            }
        case .fail(let node):
            key("failedNode")
            id(node)
        case .publish(let publication), .publishShard(let publication):
            self.publication(publication)
        case .update(let update):
            key("update")
            object { json in
                json.key("configEpoch")
                json.number(update.configEpoch.value)
                json.key("node")
                json.id(update.node)
                json.key("slots")
                json.slots(update.slots)
            }
        case .voteRequest, .vote, .manualFailoverStart, .module, .unknown: break
        }
    }

    private mutating func publication(_ publication: Publication) {
        key("channel")
        latin1(publication.channel)
        key("messageLength")
        number(publication.message.count)
    }

    private mutating func entry(_ entry: GossipEntry) {
        object { json in
            json.key("node")
            json.id(entry.node)
            json.key("pingSent")
            json.number(entry.pingSent)
            json.key("pongReceived")
            json.number(entry.pongReceived)
            json.key("ip")
            json.latin1(entry.address.ip.bytes)
            json.key("port")
            json.number(entry.address.port.value)
            json.key("busPort")
            json.number(entry.address.busPort.value)
            json.key("flags")
            json.names(entry.flags.list)
            json.key("secondaryPort")
            json.number(entry.address.secondaryPort.value)
        }
    }

    private mutating func pingExtension(_ item: PingExtension) {
        object { json in
            json.key("type")
            switch item.value {
            case .hostname(let text): json.named("hostname", text)
            case .nodeName(let text): json.named("human_nodename", text)
            case .clientIPv4(let text): json.named("client_ipv4", text)
            case .clientIPv6(let text): json.named("client_ipv6", text)
            case .availabilityZone(let text): json.named("availability_zone", text)
            case .shardID(let shard):
                json.string("shard_id")
                json.key("value")
                json.id(shard?.name ?? .zero)
            case .forgottenNode(let node, let seconds):
                json.string("forgotten_node")
                json.key("node")
                json.id(node)
                json.key("ttl")
                json.number(seconds)
            case .clientPort(let port):
                json.string("client_port")
                json.key("value")
                json.number(port.value)
            case .clientTLSPort(let port):
                json.string("client_tls_port")
                json.key("value")
                json.number(port.value)
            case .internalSecret: json.string("internal_secret")
            case .unknown:
                json.number(item.type)
                json.key("bytes")
                json.number(item.payload.count)
            }
        }
    }

    private mutating func named(_ type: String, _ text: String) {
        string(type)
        key("value")
        string(text)
    }

    private mutating func names(_ names: [String]) {
        list { json in
            for name in names { json.string(name) }
        }
    }

    /// Slots as pairs of first and last.
    mutating func slots(_ slots: SlotSet) {
        list { json in
            slots.forEachRange { first, last in
                json.list { pair in
                    pair.number(first)
                    pair.number(last)
                }
            }
        }
    }
}
