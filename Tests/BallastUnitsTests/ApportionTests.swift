import BallastTestSupport
import BallastUnits
import Testing

struct ApportionTests {
  /// 10 by 1:1:1 → 3 1/3 each; the odd unit goes to the first.
  @Test func tiesGoToLowerIndex() {
    #expect(apportion(10, by: [1, 1, 1]) == [4, 3, 3])
  }

  /// 10 by 6:3:2 → 5.45, 2.73, 1.82; the two units left go to the largest fractions.
  @Test func largestFractionsGetTheRemainder() {
    #expect(apportion(10, by: [6, 3, 2]) == [5, 3, 2])
  }

  @Test func weightlessGetNothing() {
    #expect(apportion(7, by: [0, 2, 0, 1]) == [0, 5, 0, 2])
  }

  @Test func allZeroWeightsAreEqual() {
    #expect(apportion(8, by: [0, 0, 0]) == [3, 3, 2])
  }

  @Test func nothingToShare() {
    #expect(apportion(0, by: [3, 4]) == [0, 0])
    #expect(apportion(0, by: []) == [])
  }

  /// Products beyond 64 bits: half of the largest integer each, odd unit to the first.
  @Test func exactThrough128Bits() {
    #expect(apportion(.max, by: [1 << 61, 1 << 61]) == [1 << 62, 1 << 62 - 1])
  }

  @Test(arguments: testSeeds(usual: 200)) func addsUpAndRoundsExactly(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let max: Int64 = [3, 1000, 1 << 50][Int(generator.integer(0...2))]
    let weights = (0..<generator.integer(1...100)).map { _ in generator.integer(0...max) }
    let total = generator.integer(0...(max * 3))
    let sum = weights.reduce(0, +)
    let exact = weights.map {
      sum == 0
        ? Fraction(Int128(total), over: Int128(weights.count))
        : Fraction(Int128(total) * Int128($0), over: Int128(sum))
    }
    #expect(
      apportion(total, by: weights) == roundedByLargestRemainder(exact, total: total),
      "\(replay(seed)): \(total) by \(weights)")
  }
}
