import Testing

@testable import BallastPlanner

/// Where things break, also where that is outside of what was tried.
struct BreakingPointsTests {
  private func points(_ lastHeld: [Int?]) -> BreakingPoints {
    BreakingPoints(ratios: [10, 20, 30, 40], lastHeld: lastHeld, confidence: 0.95, seed: 1)
  }

  /// Inside the axis: the mean of 20, 30, 20, 30 is 25, s = 5.774, t(0.975; 3) = 3.182: ± 9.187.
  @Test func insideItIsTheMean() {
    #expect(points([1, 2, 1, 2]).words == "25 (95 % 15.813 … 34.187)")
    #expect(points([1, 1, 1]).words == "20")
  }

  /// Four of six do not hold at the first step: no mean is known, and none is made up. The median is below the first, and
  /// the ends of six values hold it with 96.9 %.
  @Test func belowTheFirstIsNotZero() {
    let points = points([nil, nil, 0, nil, 1, nil])
    #expect(points.words == "median less than 10 (95 % less than 10 … 20)")
    #expect(points.below == 4 && !points.isInside && !points.neverHolds)
  }

  @Test func beyondTheLastIsAtLeastThat() {
    #expect(
      points([3, 3, 3, 2, 3, 3]).words == "median at least 40 (95 % 30 … at least 40)")
    #expect(points([3, 3]).words == "at least 40")
    #expect(points([nil, nil]).words == "less than 10")
    // Too few for an interval of a median.
    #expect(points([3, 1, nil]).words == "median 20 (of 3)")
  }

  /// What breaks first comes first.
  @Test func orderIsThatOfBreaking() {
    #expect(points([nil, 0]).order < points([0, 0]).order)
    #expect(points([0, 3]).order < points([2, 3]).order)
  }
}
