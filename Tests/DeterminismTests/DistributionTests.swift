// What is told of many values.

import Determinism
import Testing

@Suite struct DistributionTests {
    @Test func `a spread tells the value that a share does not exceed`() {
        let spread = Distribution([30, 10, 20, 40])
        #expect(spread.values == [10, 20, 30, 40])
        #expect((spread.least, spread.most) == (10, 40))
        #expect(spread.at(0.5) == 20 && spread.at(0.51) == 30)
        #expect(spread.at(0.99) == 40 && spread.at(1) == 40 && spread.at(0) == 10)
        #expect(Distribution([]).at(0.5) == 0)
        let hundred = Distribution((1...100).map(Double.init))
        #expect(hundred.at(0.5) == 50 && hundred.at(0.99) == 99)
    }

    @Test func `the standard error is that of the mean of a sample`() {
        let spread = Distribution([2, 4, 4, 4, 5, 5, 7, 9])
        #expect(spread.mean == 5)
        #expect(abs(spread.standardError - (32.0 / 7 / 8).squareRoot()) < 1e-12)
        #expect(Distribution([3]).standardError == 0 && Distribution([]).mean == 0)
    }
}
