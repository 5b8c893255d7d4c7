import BallastMath
import Testing

struct RegressionTests {
  /// y = x / 2; and an x that is orthogonal to y − ȳ = −1.5, −0.5, 0.5, 1.5.
  @Test func explainsAllOrNothing() throws {
    let y: [Double] = [1, 2, 3, 4]
    let all = try #require(Statistics.determination(of: y, by: [[2, 4, 6, 8]]))
    let none = try #require(Statistics.determination(of: y, by: [[1, -1, -1, 1]]))
    #expect(abs(all - 1) < 1e-12 && abs(none) < 1e-12)
  }

  /// ȳ = 2 and x̄ = 1: Σ(x−x̄)(y−ȳ) = (−1)(−1) + 0 + 1 · 3 + 0 = 4, Σ(x−x̄)² = 2, Σ(y−ȳ)² = 14; R² = 4² / 28 = 4/7.
  @Test func explainsInPart() throws {
    let part = try #require(Statistics.determination(of: [1, 0, 5, 2], by: [[0, 1, 2, 1]]))
    #expect(abs(part - 4.0 / 7) < 1e-12)
  }

  /// The same column twice is as good as once.
  @Test func collinearColumnsCountOnce() throws {
    let x: [Double] = [0, 1, 2, 1, 3]
    let y: [Double] = [1, 0, 5, 2, 2]
    let once = try #require(Statistics.determination(of: y, by: [x]))
    let twice = try #require(Statistics.determination(of: y, by: [x, x]))
    #expect(abs(once - twice) < 1e-9)
  }

  /// Nothing varies: nothing to explain. As many coefficients as values: all is.
  @Test func edges() {
    #expect(Statistics.determination(of: [3, 3, 3], by: [[1, 2, 3]]) == nil)
    #expect(Statistics.determination(of: [1], by: []) == nil)
    #expect(Statistics.determination(of: [1, 2], by: [[5, 1]]) == 1)
  }
}
