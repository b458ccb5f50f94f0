// What makes one state of an entry newer than another: a time stamp with the site for ties, the first
// write, or a version vector that keeps what is concurrent. These rules look at two entries and at
// nothing else; how entries travel and when they are dropped is decided by Replicas.

/// A time stamp that no other write has: the clock of the site that wrote, and the site.
///
/// The later time is newer; of equal times the higher site is, which is arbitrary but the same everywhere.
/// - Source: Demers et al., CSL-89-1, section 1.1 (globally unique time stamps).
package struct Version: Comparable, Hashable, Sendable {
    package var time: UInt32
    package var site: UInt32

    package init(time: UInt32, site: UInt32) {
        self.time = time
        self.site = site
    }

    package static func < (one: Version, other: Version) -> Bool {
        one.time != other.time ? one.time < other.time : one.site < other.site
    }
}

/// How many writes of each site are known, ordered site by site.
/// - Source: DeCandia et al., "Dynamo", SOSP 2007, section 4.4.
package struct VersionVector: Equatable, Sendable {
    private struct Component: Equatable, Sendable {
        let site: UInt32
        var count: UInt32
    }
    /// In the order of the sites; a site that is not here counts 0.
    private var components: [Component] = []

    package init() {}

    package func count(of site: UInt32) -> UInt32 {
        components.first { $0.site == site }?.count ?? 0
    }

    /// A site has come to this count, unless it is further already.
    package mutating func raise(_ site: UInt32, to count: UInt32) {
        if let index = components.firstIndex(where: { $0.site >= site }) {
            if components[index].site == site {
                components[index].count = max(components[index].count, count)
            } else {
                components.insert(Component(site: site, count: count), at: index)
            }
        } else {
            components.append(Component(site: site, count: count))
        }
    }

    package mutating func join(_ other: VersionVector) {
        for component in other.components { raise(component.site, to: component.count) }
    }

    /// Whether it is as far as the other at every site.
    package func covers(_ other: VersionVector) -> Bool {
        other.components.allSatisfy { count(of: $0.site) >= $0.count }
    }

    /// Neither has all that the other has.
    package func isConcurrent(with other: VersionVector) -> Bool {
        !covers(other) && !other.covers(self)
    }
}

/// Stands in the place of a deleted entry and is spread like one: a deletion that only takes the entry
/// away is undone by the next old copy.
/// - Source: Demers et al., CSL-89-1, section 2 (death certificates).
package struct DeathCertificate: Equatable, Sendable {
    /// The round from which its age counts: that of the deletion, or that in which it was woken. What it
    /// cancels is decided by the entry's own version, which waking leaves alone.
    package var activation: Int
    /// The sites that keep a dormant copy, drawn when the entry was deleted.
    package let retentionSites: [UInt32]

    package init(activation: Int, retentionSites: [UInt32] = []) {
        self.activation = activation
        self.retentionSites = retentionSites
    }
}

/// One state of an entry, as a node holds it and as it travels.
package struct Entry: Equatable, Sendable {
    package var version: Version
    /// Empty unless the rule is that of vectors.
    package var vector = VersionVector()
    /// The number of the write that made it.
    package var value: UInt64
    /// It is deleted.
    package var certificate: DeathCertificate?
    /// A checksum over the entry that its writer made, and that travels with it.
    package var check: UInt64 = 0

    package init(version: Version, value: UInt64, certificate: DeathCertificate? = nil) {
        self.version = version
        self.value = value
        self.certificate = certificate
    }

    package var isLive: Bool { certificate == nil }

    /// Over all that the writer decided. The activation is left out: who wakes a certificate changes it.
    package func checksum(key: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let stamp = UInt64(version.time) << 32 | UInt64(version.site)
        for word in [UInt64(key), stamp, value, isLive ? 1 : 0] {
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash
    }

    /// Bits of an entry that chance may flip.
    package static let bitCount = 128

    /// Bits 0 to 31 are the time, 32 to 63 the site, 64 to 127 the value.
    package mutating func flip(_ bit: Int) {
        switch bit {
        case 0..<32: version.time ^= 1 << UInt32(bit)
        case 32..<64: version.site ^= 1 << UInt32(bit - 32)
        default: value ^= 1 << UInt64(bit & 63)
        }
    }
}

/// Which of two states of an entry is kept.
package enum VersionRule: String, CaseIterable, Sendable {
    /// The greater version.
    case newestWins = "newest"
    /// The smaller version, whichever arrived first: so it does not matter in which order they arrive.
    case firstWins = "first"
    /// What knows of the other; both, as siblings, when neither does.
    case vectors

    /// Whether one who holds this has no use for the other.
    package func covers(_ held: Entry, _ other: Entry) -> Bool {
        if held.version == other.version && held.vector == other.vector {
            guard let mine = held.certificate, let theirs = other.certificate else { return true }
            return mine.activation >= theirs.activation
        }
        switch self {
        case .newestWins: return held.version >= other.version
        case .firstWins: return held.version <= other.version
        case .vectors: return held.vector.covers(other.vector)
        }
    }

    /// A node that holds these is told of another.
    /// - Returns: whether that was news.
    @discardableResult
    package func merge(_ entry: Entry, into cell: inout [Entry]) -> Bool {
        for held in cell where covers(held, entry) { return false }
        cell.removeAll { covers(entry, $0) }
        // Siblings stand in the order of their versions, so that equal sets are equal lists.
        let place = cell.firstIndex { entry.version < $0.version } ?? cell.count
        cell.insert(entry, at: place)
        return true
    }
}
