// Commands by their names, in any case, without a copy of the name: it is packed into three words, which are
// hashed and compared at once.

/// A name in small letters and its length as three words, so that it is compared at once; nil beyond
/// 23 bytes.
struct PackedName: Equatable, Sendable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0

    @inline(__always)
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= 23, !bytes.isEmpty else { return nil }
        third = UInt64(bytes.count) << 56
        for index in bytes.indices {
            var byte = bytes[index]
            if byte &- UInt8(ascii: "A") < 26 { byte |= 0x20 }
            let shift = UInt64(index & 7) &* 8
            if index < 8 {
                first |= UInt64(byte) << shift
            } else if index < 16 {
                second |= UInt64(byte) << shift
            } else {
                third |= UInt64(byte) << shift
            }
        }
    }

    @inline(__always)
    var hash: Int {
        let mixed = (first ^ second &* 31 ^ third &* 17) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 48)
    }
}

/// Commands by their names.
final class CommandIndex: Sendable {
    private let names: [PackedName?]
    private let commands: [CommandSpec?]
    private let mask: Int

    init(_ list: [CommandSpec]) {
        var size = 16
        // A quarter full: a name is nearly always where its hash says.
        while size < list.count * 4 { size *= 2 }
        mask = size - 1
        var names = [PackedName?](repeating: nil, count: size)
        var commands = [CommandSpec?](repeating: nil, count: size)
        for command in list {
            let bytes = Array(command.name.utf8)
            guard let name = PackedName(bytes.span) else {
                preconditionFailure("a name of no or too many letters: \(command.name)")
            }
            var place = name.hash & (size - 1)
            while names[place] != nil { place = (place + 1) & (size - 1) }
            names[place] = name
            commands[place] = command
        }
        self.names = names
        self.commands = commands
    }

    func find(_ bytes: Span<UInt8>) -> CommandSpec? {
        guard let name = PackedName(bytes) else { return nil }
        var place = name.hash & mask
        while let candidate = names[place] {
            if candidate == name { return commands[place] }
            place = (place &+ 1) & mask
        }
        return nil
    }
}
