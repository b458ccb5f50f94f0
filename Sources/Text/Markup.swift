// Texts within HTML and SVG.

/// Text as it stands in HTML, SVG and their attributes.
package enum Markup {
    /// What a browser would obey is escaped, and what a terminal would.
    package static func escape(_ text: String) -> String {
        var result = ""
        for scalar in PrintableText.line(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A text of SVG whose look is a class of its page.
    package static func text(_ x: Int, _ y: Int, _ words: String, style: String) -> String {
        #"<text class="\#(style)" x="\#(x)" y="\#(y)">\#(escape(words))</text>"#
    }
}
