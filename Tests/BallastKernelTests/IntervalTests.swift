import BallastKernel
import BallastMath
import Testing

struct IntervalTests {
  /// 4, 6, 8: mean 6, s = 2, t(0.975; 2) = 4.302653; half width 4.302653 · 2 / √3 = 4.968275.
  @Test func studentByHand() throws {
    let interval = try #require(Statistics.studentInterval([4, 6, 8]))
    #expect(interval.estimate == 6)
    #expect(abs(interval.low - (6 - 4.968275)) < 1e-5)
    #expect(abs(interval.high - (6 + 4.968275)) < 1e-5)
    #expect(interval.excludesZero)
  }

  /// 1, 2, 3 and 4, 6, 8, 10: means 2 and 7; s² / n = 1/3 and 5/3, 2 together; ν = 4 / ((1/3)²/2 + (5/3)²/3) = 4.075472,
  /// t(0.975; ν) = 2.756285; half width 2.756285 · √2 = 3.897975.
  @Test func welchByHand() throws {
    let interval = try #require(Statistics.welchInterval(from: [1, 2, 3], to: [4, 6, 8, 10]))
    #expect(interval.estimate == 5 && interval.count == 7)
    #expect(abs(interval.low - (5 - 3.897975)) < 1e-5)
    #expect(abs(interval.high - (5 + 3.897975)) < 1e-5)
  }

  /// Samples that do not vary differ for sure, or not at all; one value beside many says nothing.
  @Test func welchOfConstants() throws {
    let apart = try #require(Statistics.welchInterval(from: [1, 1], to: [2, 2, 2]))
    #expect((apart.low, apart.high) == (1, 1))
    let same = try #require(Statistics.welchInterval(from: [1, 1], to: [1, 1]))
    #expect(!same.excludesZero)
    #expect(Statistics.welchInterval(from: [1], to: [1, 2, 3]) == nil)
  }

  /// Two samples of 5 and 12 values of one distribution: zero is outside about 5 % of 400 intervals, ± 4 · √(0.05 · 0.95 / 400).
  @Test func welchCovers() throws {
    var stream = RandomStream(seed: 8, named: "coverage")
    var misses = 0
    func sample(_ count: Int) -> [Double] {
      (0..<count).map { _ in (0..<12).reduce(-6.0) { sum, _ in sum + stream.uniform() } }
    }
    for _ in 0..<400 {
      if Statistics.welchInterval(from: sample(5), to: sample(12))!.excludesZero { misses += 1 }
    }
    #expect(abs(Double(misses) / 400 - 0.05) < 0.044)
  }

  /// One value says nothing about spread.
  @Test func oneValueHasNoInterval() {
    #expect(Statistics.studentInterval([4]) == nil)
    #expect(Statistics.bootstrapInterval([4], stream: RandomStream(seed: 1, named: "t")) == nil)
  }

  /// Means of two of {0, 1} are 0, ½, 1 with ¼, ½, ¼: the 2.5 and 97.5 % quantiles are 0 and 1.
  @Test func bootstrapByHand() throws {
    let interval = try #require(
      Statistics.bootstrapInterval([0, 1], stream: RandomStream(seed: 1, named: "t")))
    #expect((interval.low, interval.high) == (0, 1))
  }

  /// Of 400 samples of 20 normal values about 95 % of the intervals hold the mean: 0.95 ± 4 · √(0.95 · 0.05 / 400).
  @Test func studentCovers() throws {
    var stream = RandomStream(seed: 7, named: "coverage")
    var hits = 0
    for _ in 0..<400 {
      // A sum of twelve uniform values less six is close to normal, mean 0.
      let values = (0..<20).map { _ in (0..<12).reduce(-6.0) { sum, _ in sum + stream.uniform() } }
      if let interval = Statistics.studentInterval(values), !interval.excludesZero { hits += 1 }
    }
    #expect(abs(Double(hits) / 400 - 0.95) < 0.044)
  }

  /// Of 10 values P(B ≤ 1) = 11/1024: the second and the ninth hold the median with 1 − 22/1024 = 97.9 %, the third and the
  /// eighth only with 89 %. Of 6 the ends do, 1 − 2/64 = 96.9 %; of 5 nothing does, 93.8 %.
  @Test func medianLiesBetweenRanks() throws {
    let ten = try #require(Statistics.medianRanks(count: 10))
    #expect(ten == (1, 8))
    let six = try #require(Statistics.medianRanks(count: 6))
    #expect(six == (0, 5))
    #expect(Statistics.medianRanks(count: 5) == nil)
    #expect(Statistics.medianRanks(count: 5, confidence: 0.9)! == (0, 4))
    #expect(Statistics.medianRanks(count: 0) == nil)
  }
}
