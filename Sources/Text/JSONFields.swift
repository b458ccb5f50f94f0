// Members of JSON objects: a name and its value in one call. A value that is not there is null, so that
// every object of a kind has the same members. How a value alone is written is in JSONText.

extension JSONText {
    package mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    package mutating func field(_ name: String, _ value: (some BinaryInteger)?) {
        key(name)
        if let value { number(value) } else { null() }
    }

    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A number in the form that its value needs.
    package mutating func field(_ name: String, _ value: Double?) {
        key(name)
        if let value { number(value) } else { null() }
    }

    /// A number with this many decimals.
    package mutating func field(_ name: String, _ value: Double?, decimals: Int) {
        key(name)
        if let value { number(value, decimals: decimals) } else { null() }
    }

    package mutating func field(_ name: String, _ values: [String]) {
        key(name)
        list { json in
            for value in values { json.string(value) }
        }
    }

    /// A text of bytes, each the character of that number.
    package mutating func field(_ name: String, latin1 bytes: some Sequence<UInt8>) {
        key(name)
        latin1(bytes)
    }

    /// Nanoseconds as seconds with six decimals.
    package mutating func field(_ name: String, nanoseconds: Int64?) {
        key(name)
        if let nanoseconds { seconds(nanoseconds: nanoseconds) } else { null() }
    }

    /// A value that the body writes: exactly one.
    package mutating func field(_ name: String, _ value: (inout JSONText) -> Void) {
        key(name)
        value(&self)
    }

    package mutating func object(_ name: String, _ content: (inout JSONText) -> Void) {
        key(name)
        object(content)
    }

    package mutating func list(_ name: String, _ content: (inout JSONText) -> Void) {
        key(name)
        list(content)
    }
}
