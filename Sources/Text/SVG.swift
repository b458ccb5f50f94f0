// Elements of SVG and the colours of pictures, in light and in dark. Places are pixels; what has a fraction
// comes with one decimal. The look of an element is a class of its picture's style sheet; what is drawn
// is decided by the pictures.

/// Elements of SVG.
package enum SVG {
    /// A whole picture that needs nothing else and fills its background.
    /// - Parameters:
    ///   - margin: room around what is drawn from the place 0, 0.
    ///   - title: read aloud to those who do not see it.
    ///   - style: rules of a style sheet; `back` is the background.
    package static func document(
        width: Int, height: Int, margin: (x: Int, y: Int) = (0, 0), title: String? = nil,
        style: String, _ body: String
    ) -> String {
        let isAtOrigin = margin == (0, 0)
        let corner = isAtOrigin ? "" : #" x="\#(-margin.x)" y="\#(-margin.y)""#
        let head = title.map { " role=\"img\">\n<title>\(Markup.escape($0))</title>" } ?? ">"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" \
            viewBox="\(-margin.x) \(-margin.y) \(width) \(height)" \
            font-family="system-ui,sans-serif" font-size="12"\(head)
            <style>\(style)</style>
            <rect class="back"\(corner) width="\(width)" height="\(height)"/>
            \(body)</svg>

            """
    }

    package static func text(
        _ x: some SVGPlace, _ y: some SVGPlace, _ words: String, style: String
    ) -> String {
        #"<text class="\#(style)" x="\#(x.svg)" y="\#(y.svg)">\#(Markup.escape(words))</text>"#
    }

    /// A text that ends at its place or has it in the middle.
    /// - Parameter title: shown when it is pointed at.
    package static func text(
        _ x: some SVGPlace, _ y: some SVGPlace, _ words: String, style: String? = nil,
        anchor: String, title: String? = nil
    ) -> String {
        let style = style.map { #"class="\#($0)" "# } ?? ""
        return #"<text \#(style)x="\#(x.svg)" y="\#(y.svg)" text-anchor="\#(anchor)">"#
            + "\(Markup.escape(words))\(title.map(self.title) ?? "")</text>"
    }

    /// A straight line from one place to another, both ends given for each direction.
    /// - Parameter title: shown when it is pointed at.
    package static func line(
        _ style: String, x: (some SVGPlace, some SVGPlace), y: (some SVGPlace, some SVGPlace),
        title: String? = nil
    ) -> String {
        #"<line class="\#(style)" x1="\#(x.0.svg)" x2="\#(x.1.svg)" "#
            + #"y1="\#(y.0.svg)" y2="\#(y.1.svg)""# + end("line", title)
    }

    package static func rectangle(
        _ style: String, x: some SVGPlace, y: some SVGPlace, width: some SVGPlace,
        height: some SVGPlace
    ) -> String {
        #"<rect class="\#(style)" x="\#(x.svg)" y="\#(y.svg)" "#
            + #"width="\#(width.svg)" height="\#(height.svg)"/>"#
    }

    /// A rectangle of a colour of its own.
    package static func rectangle(
        fill: String, x: some SVGPlace, y: some SVGPlace, width: some SVGPlace,
        height: some SVGPlace, title: String? = nil
    ) -> String {
        #"<rect x="\#(x.svg)" y="\#(y.svg)" width="\#(width.svg)" height="\#(height.svg)" "#
            + #"fill="\#(fill)""# + end("rect", title)
    }

    package static func circle(
        _ style: String, x: some SVGPlace, y: some SVGPlace, radius: String, title: String? = nil
    ) -> String {
        #"<circle class="\#(style)" cx="\#(x.svg)" cy="\#(y.svg)" r="\#(radius)">"#
            + "\(title.map(self.title) ?? "")</circle>"
    }

    /// Lines from place to place.
    package static func polyline(_ style: String, _ places: [(x: Int, y: Int)]) -> String {
        #"<polyline class="\#(style)" points="\#(points(places))"/>"#
    }

    /// A closed shape.
    package static func polygon(
        _ style: String, _ places: [(x: Double, y: Double)], title: String? = nil
    ) -> String {
        #"<polygon class="\#(style)" points="\#(points(places))">"#
            + "\(title.map(self.title) ?? "")</polygon>"
    }

    private static func points<Place: SVGPlace>(_ places: [(x: Place, y: Place)]) -> String {
        places.map { "\($0.x.svg),\($0.y.svg)" }.joined(separator: " ")
    }

    private static func title(_ text: String) -> String { "<title>\(Markup.escape(text))</title>" }

    private static func end(_ name: String, _ title: String?) -> String {
        title.map { ">\(self.title($0))</\(name)>" } ?? "/>"
    }
}

/// A place or length in a picture.
package protocol SVGPlace {
    var svg: String { get }
}

extension Int: SVGPlace {
    package var svg: String { "\(self)" }
}

extension Double: SVGPlace {
    package var svg: String { Decimals.text(self, 1) }
}
