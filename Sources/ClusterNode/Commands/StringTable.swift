// The part of the table of commands that is about strings and their bits; see CommandTable.

import DataPlane

extension CommandTable {
    static let strings: [ListedCommand] = wholeValues + partsOfValues + numbers

    private static let wholeValues: [ListedCommand] = [
        ListedCommand(
            "get", 2, reads, keys: .one, "Returns the value of a key, or null if there is none.",
            .keys(StringCommands.get)),
        ListedCommand(
            "set", -3, writes, keys: .one,
            "Sets a key to a value, on conditions and with a time to live if they are given.",
            .keys(SetCommand.run)),
        ListedCommand(
            "mget", -2, reads, keys: .all,
            "Returns the values of several keys, null for each missing one.",
            .keys(StringCommands.getMany)),
        ListedCommand(
            "mset", -3, writes, keys: .pairs, since: "1.0.1",
            "Sets several keys to their values at once.",
            .keys(SetManyCommands.set)),
        ListedCommand(
            "msetnx", -3, writes, keys: .pairs, since: "1.0.1",
            "Sets several keys to their values at once, unless one of the keys exists already.",
            .keys(SetManyCommands.setIfMissing)),
        ListedCommand(
            "msetex", -4, [.write, .denyOOM, .movableKeys, .countedKeys],
            keys: KeyPlaces(first: 2, last: 2, step: 2), since: "9.1.0",
            "Sets several keys at once, on conditions and with a time to live if they are given.",
            .keys(SetManyCommands.setWithTime)),
        ListedCommand(
            "setnx", 3, writesFast, keys: .one,
            "Sets a key to a value, unless the key exists already.",
            .keys(StringCommands.setIfMissing)),
        ListedCommand(
            "getset", 3, writesFast, keys: .one,
            "Sets a key to a value and returns the value it had before.",
            .keys(StringCommands.getAndSet)),
        ListedCommand(
            "getdel", 2, changesFast, keys: .one, since: "6.2.0",
            "Deletes a key and returns the value it had.", .keys(StringCommands.getAndDelete)),
        ListedCommand(
            "getex", -2, changesFast, keys: .one, since: "6.2.0",
            "Returns the value of a key, after setting or removing its time to live.",
            .keys(GetExpireCommand.run)),
        ListedCommand(
            "delifeq", 3, changesFast, keys: .one, since: "9.0.0",
            "Deletes a key if its value is the given one.", .keys(KeyCommands.deleteIfEqual)),
        ListedCommand(
            "setex", 4, writes, keys: .one, since: "2.0.0",
            "Sets a key to a value with a time to live in seconds.",
            .keys(SetCommand.withSeconds)),
        ListedCommand(
            "psetex", 4, writes, keys: .one, since: "2.6.0",
            "Sets a key to a value with a time to live in milliseconds.",
            .keys(SetCommand.withMilliseconds)),
        ListedCommand(
            "lcs", -3, .readOnly, keys: .two, since: "7.0.0",
            "Returns the longest common subsequence of two values.",
            .keys(LongestCommonCommand.run)),
    ]

    private static let partsOfValues: [ListedCommand] = [
        ListedCommand(
            "append", 3, writesFast, keys: .one, since: "2.0.0",
            "Adds bytes to the end of a value, creating the key if it does not exist.",
            .keys(StringCommands.append)),
        ListedCommand(
            "strlen", 2, reads, keys: .one, since: "2.2.0",
            "Returns the length of a value in bytes.",
            .keys(StringCommands.length)),
        ListedCommand(
            "getrange", 4, .readOnly, keys: .one, since: "2.4.0",
            "Returns the bytes of a value between two places.", .keys(RangeCommands.get)),
        ListedCommand(
            "substr", 4, .readOnly, keys: .one,
            "Returns a part of a value; the older name of GETRANGE.", .keys(RangeCommands.get)),
        ListedCommand(
            "setrange", 4, writes, keys: .one, since: "2.2.0",
            "Writes over a value from a place on, and fills what lacks before it with zeros.",
            .keys(RangeCommands.set)),
    ]

    private static let numbers: [ListedCommand] = [
        ListedCommand(
            "incr", 2, writesFast, keys: .one,
            "Adds one to the integer that a key holds; a missing key counts as 0.",
            .keys(StringCommands.increment)),
        ListedCommand(
            "decr", 2, writesFast, keys: .one,
            "Subtracts one from the integer that a key holds; a missing key counts as 0.",
            .keys(StringCommands.decrement)),
        ListedCommand(
            "incrby", 3, writesFast, keys: .one,
            "Adds a number to the integer that a key holds; a missing key counts as 0.",
            .keys(StringCommands.incrementBy)),
        ListedCommand(
            "decrby", 3, writesFast, keys: .one,
            "Subtracts a number from the integer that a key holds; a missing key counts as 0.",
            .keys(StringCommands.decrementBy)),
        ListedCommand(
            "incrbyfloat", 3, writesFast, keys: .one, since: "2.6.0",
            "Adds a number, which may have a fraction, to the one that a key holds.",
            .keys(FloatCommand.increment)),
    ]

    static let bitmaps: [ListedCommand] = [
        ListedCommand(
            "setbit", 4, writes, keys: .one, since: "2.2.0",
            "Sets or clears a bit of a value, and returns what it was.", .keys(BitCommands.set)),
        ListedCommand(
            "getbit", 3, reads, keys: .one, since: "2.2.0", "Returns a bit of a value.",
            .keys(BitCommands.get)),
        ListedCommand(
            "bitcount", -2, .readOnly, keys: .one, since: "2.6.0",
            "Returns how many bits of a value, or of a part of it, are set.",
            .keys(BitCommands.count)),
        ListedCommand(
            "bitpos", -3, .readOnly, keys: .one, since: "2.8.7",
            "Returns the place of the first bit of a value that is set, or not set.",
            .keys(BitCommands.position)),
        ListedCommand(
            "bitop", -4, writes, keys: KeyPlaces(first: 2, last: -1, step: 1), since: "2.6.0",
            "Combines values bit by bit, and sets a key to the result.",
            .keys(BitCommands.combine)),
        ListedCommand(
            "bitfield", -2, writes, keys: .one, since: "3.2.0",
            "Reads and changes integers of any width within a value.",
            .keys(BitFieldCommand.run)),
        ListedCommand(
            "bitfield_ro", -2, reads, keys: .one, since: "6.0.0",
            "Reads integers of any width within a value.", .keys(BitFieldCommand.read)),
    ]
}
