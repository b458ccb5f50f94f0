// CONFIG SET word by word: each name and value goes into a copy of the settings, so that a wrong one leaves
// all of them as they were. What the changed settings do to a running node is not for here.

/// Changed settings, not in force yet.
struct SettingsChange {
    var options: NodeOptions
    private var seen: Set<String> = []

    init(of options: NodeOptions) { self.options = options }

    /// - Returns: what is wrong with the name; what is wrong with the value is thrown.
    mutating func set(_ name: String, _ value: String) throws(OptionError) -> String? {
        let lower = name.lowercased()
        let unbuilt = UnbuiltDirectives.find(name)
        guard let directive = Directives.find(name) else {
            guard unbuilt?.holds != nil || StoreDirectives.names.contains(lower) else {
                return "Unknown option or number of arguments for CONFIG SET - '\(name)'"
            }
            if let unbuilt { try check(unbuilt, value) }
            guard seen.insert(lower).inserted else { throw OptionError("duplicate parameter") }
            options.given[lower] = value
            options.givenLater.insert(lower)
            return nil
        }
        // Where files are is for whoever starts a server, in the reference as well.
        guard directive.name != "dir" else { throw OptionError("can't set protected config") }
        if let unbuilt { try check(unbuilt, value) }
        guard directive.isMutable else { throw OptionError("can't set immutable config") }
        guard seen.insert(directive.name).inserted else {
            throw OptionError("duplicate parameter")
        }
        let takesMany = directive.takesManyWords
        let values = takesMany ? value.split(separator: " ").map(String.init) : [value]
        try directive.set(&options, values)
        return nil
    }

    /// Refuses what is not built.
    private func check(_ unbuilt: UnbuiltDirective, _ value: String) throws(OptionError) {
        let words = value.split(separator: " ").map(String.init)
        if !unbuilt.asksForNothing(words.isEmpty ? [""] : words) {
            throw OptionError(unbuilt.reason)
        }
    }
}
