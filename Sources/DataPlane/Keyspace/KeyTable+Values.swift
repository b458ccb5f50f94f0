// How values change: set, appended to, written into, moved to another key. A value that fits stands in the block
// of its entry, a longer one is an array, which others may hold as it was.

import ClusterWire

extension KeyTable {
    /// Gives an entry's block the size that `header` asks for, with the key, the first bytes of the value and
    /// the place in the list of times to live as they were.
    func resize(_ number: Int, to header: EntryHeader) {
        let old = block(number)
        let was = EntryHeader(word: old.word32(0))
        let expiring = was.expires ? old.word32(was.expiryPlace) : 0
        var block = old
        if was.blockSize != header.blockSize {
            let reference = heap.take(size: header.blockSize)
            let given = rows.block(number)
            block = heap.block(reference)
            block.put(from: old, min(was.expiryPlace, header.expiryPlace))
            heap.giveBack(given)
            rows.setBlock(number, reference)
        }
        block.setWord32(0, header.word)
        if was.expires && header.expires { block.setWord32(header.expiryPlace, expiring) }
    }

    /// Where the array of an entry's value stands, if its value is one.
    private func bigPlace(_ number: Int) -> Int? {
        let block = block(number)
        let header = EntryHeader(word: block.word32(0))
        return header.isBigValue ? Int(block.word32(header.valuePlace)) : nil
    }

    /// Makes room for a value of so many bytes in the block.
    private func makeSmall(_ number: Int, _ count: Int) {
        if let place = bigPlace(number) { big.remove(place) }
        var header = header(number)
        header.isBigValue = false
        header.value = count
        resize(number, to: header)
    }

    private func makeBig(_ number: Int, _ value: [UInt8]) {
        if let place = bigPlace(number) {
            big[place] = value
            return
        }
        var header = header(number)
        header.isBigValue = true
        header.value = EntryHeader.placeBytes
        resize(number, to: header)
        block(number).setWord32(header.valuePlace, big.add(value))
    }

    /// Gives an entry this value.
    func setValue(of number: Int, _ value: Span<UInt8>) {
        beginChange(number)
        let header = header(number)
        if header.fits(value: value.count) {
            if header.isBigValue || header.value != value.count { makeSmall(number, value.count) }
            block(number).put(header.valuePlace, value)
        } else {
            makeBig(number, Self.copy(value))
        }
        endChange(number)
    }

    /// The same with an array, which is not copied if it is long.
    func setValue(of number: Int, sharing value: [UInt8]) {
        guard !header(number).fits(value: value.count) else {
            return setValue(of: number, value.span)
        }
        beginChange(number)
        makeBig(number, value)
        endChange(number)
    }

    /// Whether the value of an entry is this one: of a long one, the same bytes at the same place.
    func holds(_ value: [UInt8], at number: Int) -> Bool {
        guard let place = bigPlace(number) else {
            return self.value(number) == value
        }
        // Addresses are compared, and nothing is read from them.
        let theirs = unsafe value.withUnsafeBufferPointer { $0.baseAddress }
        return unsafe big[place].withUnsafeBufferPointer {
            unsafe $0.baseAddress == theirs && $0.count == value.count
        }
    }

    func append(to number: Int, _ added: Span<UInt8>) {
        setSlice(of: number, at: valueCount(number), added)
    }

    /// Writes bytes into a value from `offset` on; what lacks before them is filled with zeros.
    func setSlice(of number: Int, at offset: Int, _ bytes: Span<UInt8>) {
        precondition(offset >= 0 && bytes.count <= Int.max - offset)
        beginChange(number)
        let old = valueCount(number)
        let end = offset + bytes.count
        let header = header(number)
        if !header.isBigValue && header.fits(value: max(old, end)) {
            if end > old { makeSmall(number, end) }
            let block = block(number)
            if offset > old { block.zero(header.valuePlace + old, offset - old) }
            block.put(header.valuePlace + offset, bytes)
        } else {
            if !header.isBigValue { makeBig(number, value(number)) }
            if let place = bigPlace(number) { Self.write(bytes, at: offset, into: &big[place]) }
        }
        endChange(number)
    }

    private static func write(_ bytes: Span<UInt8>, at offset: Int, into value: inout [UInt8]) {
        if offset > value.count {
            value.append(contentsOf: repeatElement(0, count: offset - value.count))
        }
        unsafe bytes.withUnsafeBufferPointer { bytes in
            let end = min(value.count, offset + bytes.count)
            unsafe value.replaceSubrange(offset..<end, with: bytes)
        }
    }
}
