// How much may be told, and looked at, that is not in the messages themselves: who of all voters gave
// no vote, whose reports a FAIL goes by, from whom slots were taken. A capture can be made so that
// each message has something to tell of each node; what is told then is as long as the capture allows
// and no longer.

/// Looks at a node that may still be taken: each message earns some.
struct TellingBudget: Sendable {
    private var left = Self.most
    /// How often something was left out.
    private(set) var refusals = 0

    private static let most = 2_000_000
    private static let each = 100

    /// A message came.
    mutating func earn() { left = min(left + Self.each, Self.most) }

    /// How many things of so many looks each may be told at most, never none.
    func count(each looks: Int) -> Int { max(1, left / looks) }

    /// Something was left out.
    mutating func refuse() { refusals += 1 }

    /// - Returns: whether so many looks are left.
    mutating func spend(_ looks: Int) -> Bool {
        guard looks <= left else {
            refusals += 1
            return false
        }
        left -= looks
        return true
    }
}
