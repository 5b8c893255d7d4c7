import BallastMath
import Testing

@Suite struct RankCorrelationTests {
  /// Ranks 1 2 3 4 5 against 2 1 4 3 5: Σd² = 1+1+1+1 = 4, so 1 − 6·4 / (5·24) = 0.8.
  @Test func ranksCountAndNotValues() throws {
    let value = try #require(
      Statistics.rankCorrelation([1, 20, 300, 4_000, 5e4], [5, 1, 70, 8, 90]))
    #expect(abs(value - 0.8) < 1e-12)
  }

  @Test func risingTogetherIsOneAndAgainstIsMinusOne() throws {
    #expect(
      abs(try #require(Statistics.rankCorrelation([1, 2, 3], [10, 100, 1_000])) - 1) < 1e-12)
    #expect(abs(try #require(Statistics.rankCorrelation([1, 2, 3], [3, 2, 1])) + 1) < 1e-12)
  }

  /// Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5, 4.5 / √22.5 = 0.948683.
  @Test func tiesShareTheirRank() throws {
    let value = try #require(Statistics.rankCorrelation([1, 5, 5, 9], [1, 2, 3, 4]))
    #expect(abs(value - 4.5 / 22.5.squareRoot()) < 1e-12)
  }

  @Test func tooLittleHasNoAnswer() {
    #expect(Statistics.rankCorrelation([1, 2], [1, 2]) == nil)
    #expect(Statistics.rankCorrelation([1, 1, 1], [1, 2, 3]) == nil)
    #expect(Statistics.rankCorrelation([1, 2, .nan], [1, 2, 3]) == nil)
  }
}
