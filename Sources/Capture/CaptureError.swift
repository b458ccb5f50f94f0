// Every way in which the bytes of a capture can be wrong, each with its place and the values found.
// Offsets count from the first byte of the input. What is wrong inside one packet only (a damaged
// TCP header, say) is no error here: such packets are counted and passed over.

/// Why a capture cannot be read, or not be read any further.
package enum CaptureError: Error, Hashable, Sendable {
    /// The input is empty or begins with the magic of no known format; at most its first 4 bytes.
    case notACapture(firstBytes: [UInt8])
    /// The file or section is of a format version that is not known.
    case unsupportedVersion(offset: Int, major: UInt16, minor: UInt16)
    /// The input ends inside a header, packet or block; at least `missing` bytes are not there.
    case cut(offset: Int, missing: Int)
    /// A packet declares more captured bytes than is allowed.
    case packetTooLong(offset: Int, declared: Int, limit: Int)
    /// A block declares more bytes than is allowed.
    case blockTooLong(offset: Int, declared: Int, limit: Int)
    /// A block declares fewer bytes than its kind needs.
    case blockTooShort(offset: Int, type: UInt32, declared: Int, minimum: Int)
    /// A block declares a length that is no multiple of four.
    case blockUnaligned(offset: Int, declared: Int)
    /// The length at the end of a block differs from that at its beginning.
    case blockLengthsDiffer(offset: Int, leading: Int, trailing: Int)
    /// A section header has neither form of the byte-order magic.
    case badByteOrderMagic(offset: Int, value: UInt32)
    /// An option reaches past the end of its block.
    case optionOverrun(offset: Int, code: UInt16, declared: Int, available: Int)
    /// A packet's bytes reach past the end of its block.
    case packetOverrun(offset: Int, declared: Int, available: Int)
    /// A packet names an interface that the section has not described.
    case unknownInterface(offset: Int, interface: Int, known: Int)
    /// A section describes more interfaces than are allowed.
    case tooManyInterfaces(offset: Int, limit: Int)
    /// The packet at the offset has a link type that cannot be taken apart.
    case unsupportedLinkType(offset: Int, linkType: UInt32)
}

extension CaptureError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notACapture(let bytes):
            bytes.isEmpty
                ? "not a capture: the input is empty"
                : "not a capture: it begins with the bytes \(bytes.map(hex).joined(separator: " "))"
        case .unsupportedVersion(let offset, let major, let minor):
            "version \(major).\(minor) of the format is not known, at byte \(offset)"
        case .cut(let offset, let missing):
            "the capture is cut: \(missing) or more bytes are missing at byte \(offset)"
        case .packetTooLong(let offset, let declared, let limit):
            "a packet of \(declared) bytes is over the limit of \(limit), at byte \(offset)"
        case .blockTooLong(let offset, let declared, let limit):
            "a block of \(declared) bytes is over the limit of \(limit), at byte \(offset)"
        case .blockTooShort(let offset, let type, let declared, let minimum):
            "a block of type \(type) has \(declared) bytes, needs \(minimum), at byte \(offset)"
        case .blockUnaligned(let offset, let declared):
            "a block length of \(declared) is no multiple of 4, at byte \(offset)"
        case .blockLengthsDiffer(let offset, let leading, let trailing):
            "a block begins with length \(leading), ends with \(trailing), at byte \(offset)"
        case .badByteOrderMagic(let offset, let value):
            "\(value) is not a byte-order magic, at byte \(offset)"
        case .optionOverrun(let offset, let code, let declared, let available):
            "option \(code) has \(declared) bytes of \(available) left, at byte \(offset)"
        case .packetOverrun(let offset, let declared, let available):
            "a packet has \(declared) bytes, its block \(available), at byte \(offset)"
        case .unknownInterface(let offset, let interface, let known):
            "interface \(interface) is not one of the \(known) described, at byte \(offset)"
        case .tooManyInterfaces(let offset, let limit):
            "more than \(limit) interfaces in a section, at byte \(offset)"
        case .unsupportedLinkType(let offset, let linkType):
            "link type \(linkType) is not supported, at byte \(offset)"
        }
    }

    private func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
