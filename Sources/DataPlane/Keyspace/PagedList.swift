// A list in pages: growing copies no element, and it can be let go of page by page.

/// An array in pieces of equal length.
struct PagedList<Element> {
    private static var perPage: Int { 1024 }

    private var pages: [[Element]] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    subscript(place: Int) -> Element {
        get { pages[place / Self.perPage][place % Self.perPage] }
        _modify { yield &pages[place / Self.perPage][place % Self.perPage] }
    }

    mutating func append(_ element: Element) {
        if count == pages.count * Self.perPage {
            pages.append([])
            // Few elements take little: the first page grows as arrays do.
            if count > 0 { pages[pages.count - 1].reserveCapacity(Self.perPage) }
        }
        pages[count / Self.perPage].append(element)
        count += 1
    }

    mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        count -= 1
        let last = pages[count / Self.perPage].removeLast()
        if count % Self.perPage == 0 { pages.removeLast() }
        return last
    }

    /// Gives up the last page, whatever is in it.
    mutating func letGoOfPage() -> Bool {
        guard let page = pages.popLast() else { return false }
        count -= page.count
        return true
    }
}
