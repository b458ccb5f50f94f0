// Fractions as digits, and members of JSON that are made of them.

import Testing
import Text

@Suite struct DecimalsTests {
    @Test(arguments: [
        (1.005, 0, "1"), (2.5, 1, "2.5"), (-0.004, 2, "0.00"), (-1.26, 1, "-1.3"),
        (0.0009, 3, "0.001"), (.nan, 2, "-"), (.infinity, 2, "-"), (1e15, 2, "-"),
    ])
    func `a number is rounded to its decimals, and one that cannot be told is a dash`(
        value: Double, places: Int, text: String
    ) {
        #expect(Decimals.text(value, places) == text)
    }

    @Test(
        arguments: [
            (1999, 1000, 2, "1.99"), (-1999, 1000, 1, "-1.9"), (5, 1000, 3, "0.005"),
            (7, 2, 0, "3"), (Int64.max, 1_000_000, 1, "9223372036854.7"),
        ] as [(Int64, Int64, Int, String)])
    func `a count of parts is rounded toward zero`(
        value: Int64, whole: Int64, places: Int, text: String
    ) {
        #expect(Decimals.text(value, per: whole, places) == text)
    }

    @Test func `a member that is not there is null`() {
        var json = JSONText()
        json.object { json in
            json.field("text", nil as String?)
            json.field("number", nil as Int?)
            json.field("share", nil as Double?, decimals: 2)
            json.field("time", nanoseconds: nil)
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"text":null,"number":null,"share":null,"time":null}"#)
    }

    @Test func `members are written in their order, with commas between them`() {
        var json = JSONText()
        json.object { json in
            json.field("a", "x\"y")
            json.field("b", 7)
            json.field("c", 0.25)
            json.field("d", 1.0)
            json.field("e", ["p", "q"])
            json.object("f") { $0.field("g", true) }
            json.list("h") { json in json.number(1) }
            json.field("i", nanoseconds: 1_500_000_000)
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":"x\"y","b":7,"c":0.250000000,"d":1,"e":["p","q"],"f":{"g":true},"#
                + #""h":[1],"i":1.500000}"#)
    }

    @Test func `texts of a picture are escaped`() {
        let text = SVG.text(1, 2.25, "a<b", style: "small")
        #expect(text == #"<text class="small" x="1" y="2.3">a&lt;b</text>"#)
        let line = SVG.line("grid", x: (1, 2), y: (3, 4), title: "x&y")
        #expect(
            line == #"<line class="grid" x1="1" x2="2" y1="3" y2="4"><title>x&amp;y</title></line>"#
        )
    }
}
