import BallastManager
import BallastModel
import BallastUnits
import Testing

struct WorkingSetEstimatorTests {
  private func percent(_ estimator: WorkingSetEstimator) -> Double {
    Double(estimator.activeFraction()?.value ?? -1) / 10_000
  }

  /// Nothing sampled: nothing known. One period of 25 in 100: 25 %, with an error of √(0.25 · 0.75 / 100) = 4.33 points.
  @Test func firstPeriodIsTaken() throws {
    var estimator = WorkingSetEstimator()
    #expect(estimator.activeFraction() == nil && estimator.standardError() == nil)
    estimator.note(sampled: 100, touched: 25, elapsed: .seconds(60))
    #expect(percent(estimator) == 25)
    let error = try #require(estimator.standardError())
    #expect(abs(error - 0.0433) < 0.0001)
  }

  /// From 20 % to 80 %: within the next period 0.5 · 20 + 0.5 · 80 = 50 %, and at its end the same; slow would be 27.5 %.
  @Test func growthShowsWithinThePeriod() {
    var estimator = WorkingSetEstimator()
    estimator.note(sampled: 100, touched: 20, elapsed: .seconds(60))
    estimator.note(sampled: 10, touched: 8, elapsed: .seconds(6))
    #expect(percent(estimator) == 50)
    estimator.note(sampled: 90, touched: 72, elapsed: .seconds(54))
    #expect(percent(estimator) == 50)
  }

  /// From 80 % to 0: fast says 40, 20, 10; slow says 70, 61.25, 53.59375, and being the largest, it decides.
  @Test func shrinkingShowsSlowly() {
    var estimator = WorkingSetEstimator()
    estimator.note(sampled: 100, touched: 80, elapsed: .seconds(60))
    var seen: [Double] = []
    for _ in 0..<3 {
      estimator.note(sampled: 100, touched: 0, elapsed: .seconds(60))
      seen.append(percent(estimator))
    }
    #expect(seen == [70, 61.25, 53.5938])
  }

  /// A period needs both its time and its pages.
  @Test func periodNeedsTimeAndPages() {
    var estimator = WorkingSetEstimator()
    estimator.note(sampled: 100, touched: 100, elapsed: .seconds(60))
    for _ in 0..<9 { estimator.note(sampled: 10, touched: 0, elapsed: .seconds(60)) }
    #expect(percent(estimator) == 100)
    estimator.note(sampled: 10, touched: 0, elapsed: .seconds(60))
    #expect(percent(estimator) == 87.5)
  }

  /// Negative numbers and more pages touched than drawn teach nothing; the largest numbers trap nowhere.
  @Test func nonsenseTeachesNothing() {
    var estimator = WorkingSetEstimator()
    estimator.note(sampled: 100, touched: 50, elapsed: .seconds(60))
    let before = estimator
    for (sampled, touched) in [(-1, 0), (0, 0), (10, 11), (10, -1), (.max, 1)] as [(Int64, Int64)] {
      estimator.note(sampled: sampled, touched: touched, elapsed: .seconds(60))
      #expect(estimator == before)
    }
    estimator.note(sampled: 1 << 40, touched: 1 << 40, elapsed: SimDuration(.max))
    estimator.note(sampled: 1 << 40, touched: 0, elapsed: SimDuration(.min))
    #expect((0...1_000_000).contains(estimator.activeFraction()!.value))
  }

  /// An observation says itself how far a reading of 25 in 100 can be trusted.
  @Test func readingHasAnError() throws {
    var readings = VMMemoryReadings()
    #expect(readings.sampledFractionError == nil)
    readings.sampledPages = 100
    readings.touchedPages = 25
    #expect(abs(try #require(readings.sampledFractionError) - 0.0433) < 0.0001)
  }
}
