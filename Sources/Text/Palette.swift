// The colours of pictures and plain pages, for light and dark surroundings: one set, so that what is the
// same has the same colour everywhere.

/// Colours by what they are for; those of series are told apart by name alone.
package struct Palette: Sendable {
    package let ink, soft, back, grid: String
    package let blue, orange, green, violet, pink, yellow, teal, red: String

    package static let light = Palette(
        ink: "#1f2328", soft: "#59636e", back: "#fff", grid: "#d1d9e0", blue: "#0969da",
        orange: "#bc4c00", green: "#1a7f37", violet: "#8250df", pink: "#bf3989",
        yellow: "#9a6700", teal: "#0b7285", red: "#d1242f")
    package static let dark = Palette(
        ink: "#f0f6fc", soft: "#9198a1", back: "#0d1117", grid: "#3d444d", blue: "#58a6ff",
        orange: "#f0883e", green: "#3fb950", violet: "#bc8cff", pink: "#f778ba",
        yellow: "#d29922", teal: "#39c5cf", red: "#ff7b72")

    /// Colours of lines that are told apart, in their order.
    package var series: [String] { [blue, orange, green, violet, pink, yellow, teal, soft] }
}
