// An expectation for calls that change what they are asked of: the macro cannot take those apart.

import Testing

/// Expects a value that a changing call gave.
func expect<Value: Equatable>(
    _ value: Value?, is expected: Value?, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(value == expected, sourceLocation: sourceLocation)
}
