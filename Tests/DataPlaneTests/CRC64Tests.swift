// The checksum of RDB files, by values that real servers wrote.

import DataPlane
import Testing

@Suite struct CRC64Tests {
    @Test func `the checksum is that of Jones`() {
        let digits = CRC64.of(Array("123456789".utf8).span)
        #expect(digits == 0xE9C6_D914_C4B8_D9CA)
        let none: [UInt8] = []
        let nothing = CRC64.of(none.span)
        #expect(nothing == 0)
    }

    @Test func `pieces of any size come to the same as the whole`() {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let whole = CRC64.of(bytes.span)
        for first in 0...40 {
            for second in 0...40 {
                var sum = CRC64()
                sum.update(bytes.span.extracting(..<first))
                sum.update(bytes.span.extracting(first..<(first + second)))
                sum.update(bytes.span.extracting((first + second)...))
                #expect(sum.value == whole, "\(first) and \(second) bytes")
            }
        }
    }
}
