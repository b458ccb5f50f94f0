// Values of the client protocol as bytes, in either version. Each kind can be appended without making
// a value first, which is how a node answers; a version 2 connection gets the nearest thing that it
// knows. Whether a connection may be told something at all is decided elsewhere.

/// Appends replies to bytes that are to be sent.
package enum RESPWriter {
    /// Appends a status; line ends in it become spaces.
    package static func simple(_ text: String, to bytes: inout [UInt8]) {
        line("+", text, to: &bytes)
    }

    /// Appends a refusal, whose text begins with its code; line ends in it become spaces.
    package static func error(_ text: String, to bytes: inout [UInt8]) {
        line("-", text, to: &bytes)
    }

    /// Appends the refusal of bytes that are no request.
    package static func error(_ error: RESPError, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "-ERR ".utf8)
        bytes.append(contentsOf: error.message)
        endLine(&bytes)
    }

    package static func integer(_ number: Int64, to bytes: inout [UInt8]) {
        header(":", number, to: &bytes)
    }

    package static func bulk(_ content: [UInt8], to bytes: inout [UInt8]) {
        header("$", Int64(content.count), to: &bytes)
        bytes.append(contentsOf: content)
        endLine(&bytes)
    }

    package static func bulk(_ content: Span<UInt8>, to bytes: inout [UInt8]) {
        header("$", Int64(content.count), to: &bytes)
        unsafe content.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        endLine(&bytes)
    }

    /// Announces a string; so many bytes must follow, and then `endBulk`.
    package static func bulkHeader(_ count: Int, to bytes: inout [UInt8]) {
        header("$", Int64(count), to: &bytes)
    }

    /// Ends a string whose bytes were appended.
    package static func endBulk(_ bytes: inout [UInt8]) { endLine(&bytes) }

    package static func bulk(_ text: String, to bytes: inout [UInt8]) {
        header("$", Int64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
        endLine(&bytes)
    }

    package static func null(_ version: RESPVersion, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: version == .two ? "$-1\r\n".utf8 : "_\r\n".utf8)
    }

    package static func nullArray(_ version: RESPVersion, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: version == .two ? "*-1\r\n".utf8 : "_\r\n".utf8)
    }

    /// Announces an array; so many elements must follow.
    package static func arrayHeader(_ count: Int, to bytes: inout [UInt8]) {
        header("*", Int64(count), to: &bytes)
    }

    /// Announces a map; so many keys, each with its value, must follow. Version 2 sees an array.
    package static func mapHeader(
        _ count: Int, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        if version == .two {
            header("*", Int64(count * 2), to: &bytes)
        } else {
            header("%", Int64(count), to: &bytes)
        }
    }

    /// Announces a set; so many elements must follow. Version 2 sees an array.
    package static func setHeader(
        _ count: Int, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        header(version == .two ? "*" : "~", Int64(count), to: &bytes)
    }

    /// Announces what nobody asked for; so many elements must follow. Version 2 sees an array.
    package static func pushHeader(
        _ count: Int, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        header(version == .two ? "*" : ">", Int64(count), to: &bytes)
    }

    package static func double(
        _ number: Double, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        let text = RESPNumber.text(of: number)
        if version == .two { bulk(text, to: &bytes) } else { line(",", text, to: &bytes) }
    }

    package static func boolean(
        _ value: Bool, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        if version == .two {
            integer(value ? 1 : 0, to: &bytes)
        } else {
            line("#", value ? "t" : "f", to: &bytes)
        }
    }

    /// Appends text with a format of three letters; version 2 sees the text.
    package static func verbatim(
        format: String, _ content: [UInt8], _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        if version == .two { return bulk(content, to: &bytes) }
        let prefix = Array((format + "   ").utf8.prefix(3)) + [UInt8(ascii: ":")]
        header("=", Int64(content.count + prefix.count), to: &bytes)
        bytes.append(contentsOf: prefix)
        bytes.append(contentsOf: content)
        endLine(&bytes)
    }

    package static func bigNumber(
        _ digits: String, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        if version == .two { bulk(digits, to: &bytes) } else { line("(", digits, to: &bytes) }
    }

    /// Appends a request, as clients send it.
    package static func command(_ words: [[UInt8]], to bytes: inout [UInt8]) {
        arrayHeader(words.count, to: &bytes)
        for word in words { bulk(word, to: &bytes) }
    }

    /// Appends a request, as clients send it.
    package static func command(_ words: [String], to bytes: inout [UInt8]) {
        arrayHeader(words.count, to: &bytes)
        for word in words { bulk(word, to: &bytes) }
    }

    /// Appends a value with all that is in it.
    package static func value(
        _ value: RESPValue, _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        switch value {
        case .simple(let text): simple(text, to: &bytes)
        case .error(let text): error(text, to: &bytes)
        case .integer(let number): integer(number, to: &bytes)
        case .bulk(let content): bulk(content, to: &bytes)
        case .null: null(version, to: &bytes)
        case .nullArray: nullArray(version, to: &bytes)
        case .array(let elements):
            arrayHeader(elements.count, to: &bytes)
            values(elements, version, to: &bytes)
        case .map(let pairs):
            mapHeader(pairs.count, version, to: &bytes)
            for pair in pairs { values([pair.key, pair.value], version, to: &bytes) }
        case .set(let elements):
            setHeader(elements.count, version, to: &bytes)
            values(elements, version, to: &bytes)
        case .push(let elements):
            pushHeader(elements.count, version, to: &bytes)
            values(elements, version, to: &bytes)
        case .double(let number): double(number, version, to: &bytes)
        case .boolean(let boolean): self.boolean(boolean, version, to: &bytes)
        case .verbatim(let format, let content):
            verbatim(format: format, content, version, to: &bytes)
        case .bigNumber(let digits): bigNumber(digits, version, to: &bytes)
        }
    }

    private static func values(
        _ values: [RESPValue], _ version: RESPVersion, to bytes: inout [UInt8]
    ) {
        for value in values { self.value(value, version, to: &bytes) }
    }

    private static func line(_ type: Unicode.Scalar, _ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: type))
        let first = bytes.count
        bytes.append(contentsOf: text.utf8)
        for index in first..<bytes.count where bytes[index] == 13 || bytes[index] == 10 {
            bytes[index] = UInt8(ascii: " ")
        }
        endLine(&bytes)
    }

    private static func header(_ type: Unicode.Scalar, _ number: Int64, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: type))
        RESPNumber.append(number, to: &bytes)
        endLine(&bytes)
    }

    private static func endLine(_ bytes: inout [UInt8]) {
        bytes.append(13)
        bytes.append(10)
    }
}

/// Numbers in the spelling of the client protocol.
package enum RESPNumber {
    /// Appends a whole number in decimal digits.
    package static func append(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        if rest < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(rest)) }
        let first = bytes.count
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[first...].reverse()
    }

    /// The shortest text that gives the number back: "3", "0.1", "1e+20", "inf", "-inf", "nan".
    package static func text(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
