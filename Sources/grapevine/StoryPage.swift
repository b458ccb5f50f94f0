// The story as one page for a browser.

import ClusterWire
import Playback

/// The page of `explain --html`.
struct StoryPage {
    let census: Census
    let events: [StoryEvent]
    let incidents: [Incident]
    let words: StoryText
    let notKept: Int
    let headline: [String]?
    var text: String { "" }
}
