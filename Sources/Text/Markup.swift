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
}
