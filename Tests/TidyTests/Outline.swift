// What a file declares, read from its tokens: types with their stored properties, enums with their cases,
// what is public, and each switch with its patterns. It reads Swift well enough for rules of form, no further.

/// The declarations of one file.
struct Outline {
    struct PublicName {
        let line: Int
        /// "func", "var", "case" and so on.
        let kind: String
        let name: String
    }

    struct TypeSize {
        let line: Int
        let name: String
        var stored = 0
    }

    struct Switch {
        let line: Int
        /// The words of what is switched over.
        let subject: [String]
        var hasDefault = false
        /// For each place of a tuple, or the one of a plain subject, the names behind a leading dot.
        var names: [Set<String>] = []
        /// Whether a pattern takes something out of a case, as only an enum's has.
        var hasPayload = false
    }

    private(set) var publicNames: [PublicName] = []
    private(set) var types: [TypeSize] = []
    /// The cases of each enum.
    private(set) var enums: [String: Set<String>] = [:]
    /// The static members of each type that is no enum: they are written as cases are.
    private(set) var statics: [String: Set<String>] = [:]
    private(set) var switches: [Switch] = []

    private enum Scope {
        case code
        case type(kind: String, name: String, isPublic: Bool, place: Int)
        case choice(place: Int)
    }

    private let tokens: [Token]
    private var scopes: [Scope] = []
    /// The declaration that the next brace opens.
    private var head:
        (keyword: String, name: String, isPublic: Bool, line: Int, depth: Int, index: Int)?
    private var isPublic = false
    private var isStatic = false
    private var depth = 0

    init(_ file: SourceFile) {
        tokens = SwiftTokens.cut(file.code)
        for index in tokens.indices { read(index) }
    }

    private func text(_ index: Int) -> String {
        tokens.indices.contains(index) ? tokens[index].text : ""
    }

    private mutating func read(_ index: Int) {
        switch tokens[index].text {
        case "(", "[": depth += 1
        case ")", "]": depth -= 1
        case "{": open(index)
        case "}":
            if !scopes.isEmpty { scopes.removeLast() }
            head = nil
        case "public": isPublic = text(index + 1) != "("
        case "static": isStatic = true
        case "struct", "enum", "protocol", "extension", "actor", "class", "func", "init",
            "subscript",
            "typealias", "var", "let", "case", "switch", "default", "import":
            declare(index)
        default: break
        }
    }

    private mutating func open(_ index: Int) {
        defer { head = nil }
        guard let head, depth == head.depth else {
            scopes.append(.code)
            return
        }
        switch head.keyword {
        case "switch":
            let subject = (head.index..<index).map { tokens[$0].text }
            switches.append(Switch(line: head.line, subject: subject))
            scopes.append(.choice(place: switches.count - 1))
        case "struct", "class", "actor", "enum", "protocol", "extension":
            types.append(TypeSize(line: head.line, name: head.name))
            if head.keyword == "enum" { enums[head.name, default: []].formUnion([]) }
            scopes.append(
                .type(
                    kind: head.keyword, name: head.name, isPublic: head.isPublic,
                    place: types.count - 1))
        default: scopes.append(.code)
        }
    }

    private mutating func declare(_ index: Int) {
        let keyword = tokens[index].text
        let (before, after) = (text(index - 1), text(index + 1))
        // A member or an argument of this name is no declaration.
        if before == "." || (after == ":" && keyword != "default") { return }
        if keyword == "init", before == "=" || after != "(" && after != "?" && after != "<" {
            return
        }
        if keyword == "class", ["func", "var", "let"].contains(after) {
            isStatic = true
            return
        }
        if keyword == "import" { return forgetModifiers() }
        if keyword == "case" || keyword == "default" { return readCase(index) }
        if keyword == "switch" {
            head = ("switch", "", false, tokens[index].line, depth, index)
            return
        }
        if case .type(let kind, let name, let isOuterPublic, let place)? = scopes.last, depth == 0 {
            let isRequirement = kind == "protocol" && isOuterPublic
            note(index, keyword, after, isPublic: isPublic || isRequirement)
            if keyword == "var" || keyword == "let" {
                if isStatic {
                    if kind != "enum" { statics[name, default: []].insert(after) }
                } else if kind != "protocol" {
                    types[place].stored += storedCount(index)
                }
            }
        } else if scopes.isEmpty {
            note(index, keyword, after, isPublic: isPublic)
        }
        if depth == 0 { head = (keyword, after, isPublic, tokens[index].line, depth, index) }
        forgetModifiers()
    }

    private mutating func forgetModifiers() { (isPublic, isStatic) = (false, false) }

    private mutating func note(
        _ index: Int, _ keyword: String, _ name: String, isPublic: Bool
    ) {
        guard isPublic, keyword != "extension" else { return }
        var name = keyword == "init" || keyword == "subscript" ? keyword : name
        var place = index + 2
        while keyword == "func", !text(index + 1).isEmpty, !tokens[index + 1].isWord,
            text(place) != "("
        {
            name += text(place)
            place += 1
        }
        publicNames.append(PublicName(line: tokens[index].line, kind: keyword, name: name))
    }

    // MARK: - Stored properties

    /// How many properties a "var" or "let" of a type stores.
    private func storedCount(_ index: Int) -> Int {
        var count = 1
        var depth = 0
        var place = index + 2
        var line = tokens[index].line
        while place < tokens.count {
            let token = tokens[place]
            let continues = [",", ":", ">", "&", ".", "{", "="].contains(text(place - 1))
            if depth == 0, token.line > line, token.text != "{", token.text != "=", !continues {
                return count
            }
            line = token.line
            switch token.text {
            case "(", "[", "<": depth += 1
            case ")", "]": depth -= 1
            case ">" where text(place - 1) != "-": depth -= 1
            case "}" where depth == 0: return count
            case "=" where depth == 0: return count
            case "," where depth == 0: count += 1
            case "{" where depth == 0:
                return ["didSet", "willSet"].contains(text(place + 1)) ? count : 0
            default: break
            }
            place += 1
        }
        return count
    }

    // MARK: - Cases

    private mutating func readCase(_ index: Int) {
        let isDefault = tokens[index].text == "default"
        switch scopes.last {
        case .type("enum", let name, let isOuterPublic, _)? where !isDefault:
            let names = declaredCases(after: index)
            enums[name, default: []].formUnion(names)
            if isOuterPublic {
                publicNames.append(
                    PublicName(
                        line: tokens[index].line, kind: "case", name: names.first ?? ""))
            }
        case .choice(let place)?:
            if isDefault {
                if text(index + 1) == ":", !["(", "[", ","].contains(text(index - 1)) {
                    switches[place].hasDefault = true
                }
            } else if !["if", "guard", "while", "for", ","].contains(text(index - 1)) {
                readPatterns(after: index, of: place)
            }
        case .code?, .type?, nil: break
        }
    }

    private func declaredCases(after index: Int) -> [String] {
        var names = [text(index + 1)]
        var depth = 0
        var place = index + 2
        while place < tokens.count {
            switch tokens[place].text {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0: names.append(text(place + 1))
            case "=" where depth == 0: break
            case "{", "}", "case": return names
            default:
                if depth == 0, tokens[place].line > tokens[place - 1].line,
                    text(place - 1) != ","
                {
                    return names
                }
            }
            place += 1
        }
        return names
    }

    /// Reads the patterns of a label of a switch, up to its colon.
    private mutating func readPatterns(after index: Int, of choice: Int) {
        var depth = 0
        // The place in a tuple, if the pattern is one.
        var position = 0
        var isTuple = false
        var place = index + 1
        var isAtStart = true
        while place < tokens.count {
            let token = text(place)
            let tupleDepth = isTuple ? 1 : 0
            switch token {
            case "(" where isAtStart && depth == 0: (isTuple, depth) = (true, 1)
            case "(", "[", "{":
                depth += 1
                isAtStart = false
            case ")", "]", "}": depth -= 1
            case ",":
                if depth == tupleDepth { position = isTuple ? position + 1 : 0 }
                if depth == 0 { (isTuple, position) = (false, 0) }
                if depth <= 1 { isAtStart = depth == 0 || isTuple }
            case ":", "where":
                if depth == 0 { return }
            case "let", "var": break
            case "." where depth == tupleDepth && isAtStart:
                note(text(place + 1), at: position, of: choice)
                if text(place + 2) == "(" { switches[choice].hasPayload = true }
                isAtStart = false
            default:
                // The name of a type may stand in front of the dot.
                isAtStart = text(place + 1) == "." && token.utf8.first.map { $0 < 0x5B } == true
            }
            place += 1
        }
    }

    private mutating func note(_ name: String, at position: Int, of choice: Int) {
        while switches[choice].names.count <= position { switches[choice].names.append([]) }
        switches[choice].names[position].insert(name)
    }
}
