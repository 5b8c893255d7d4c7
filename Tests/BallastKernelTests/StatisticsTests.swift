import BallastKernel
import BallastMath
import Testing

@Suite struct StatisticsTests {
  /// 2, 4, 4, 6: mean 4, squares 4 + 0 + 0 + 4 = 8 over n − 1 = 3.
  @Test func meanAndDeviation() {
    #expect(Statistics.mean([2, 4, 4, 6]) == 4)
    #expect(abs(Statistics.standardDeviation([2, 4, 4, 6])! - (8.0 / 3).squareRoot()) < 1e-15)
    #expect(Statistics.mean([10, 20], weights: [3, 1]) == 12.5)
  }

  @Test func tooFewValuesHaveNoAnswer() {
    #expect(Statistics.mean([]) == nil && Statistics.standardDeviation([1]) == nil)
    #expect(Statistics.mean([1, 2], weights: [0, 0]) == nil)
    #expect(Statistics.quantile(ofSorted: [Double](), 0.5) == nil)
    #expect(Statistics.quantile(ofSorted: [Int64](), at: .median) == nil)
    #expect(Statistics.quantile(ofSorted: [1, 2], weights: [0, 0], at: .median) == nil)
  }

  /// Five values, rank 0.95 · 4 = 3.8: 40 + 0.8 · 10 = 48.
  @Test func quantilesAreLinearBetweenRanks() {
    #expect(Statistics.quantile(ofSorted: [10, 20, 30, 40, 50], at: .p95) == 48)
    #expect(abs(Statistics.quantile(ofSorted: [10, 20, 30, 40, 50], 0.95)! - 48) < 1e-12)
  }

  /// 1.5 and −1.5 lie half-way; the range of Int64 does not overflow.
  @Test func halvesRoundAwayFromZero() {
    #expect(Statistics.quantile(ofSorted: [1, 2], at: .median) == 2)
    #expect(Statistics.quantile(ofSorted: [-2, -1], at: .median) == -2)
    #expect(Statistics.quantile(ofSorted: [-2, 1], at: .median) == -1)
    #expect(Statistics.quantile(ofSorted: [.min, .max], at: .median) == -1)
    #expect(Statistics.quantile(ofSorted: [.min, .max], at: QuantileLevel(1, of: 1)) == .max)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func exactAndFloatingPointQuantilesAgree(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "quantile")
    let values = randomColumn(&stream, count: 1 + Int(stream.next(below: 200)))
    for numerator: Int64 in [0, 1, 50, 500, 950, 999, 1_000] {
      let exact = Statistics.quantile(ofSorted: values, at: QuantileLevel(numerator, of: 1_000))!
      let described = Statistics.quantile(
        ofSorted: values.map(Double.init), Double(numerator) / 1_000)!
      #expect(abs(Double(exact) - described) < 0.501)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func equalWeightsChangeNothing(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "equal")
    let values = randomColumn(&stream, count: 1 + Int(stream.next(below: 50)))
    let weights = [Int64](repeating: 20_000_000_000, count: values.count)
    for level in levels {
      #expect(
        Statistics.quantile(ofSorted: values, weights: weights, at: level)
          == Statistics.quantile(ofSorted: values, at: level))
    }
  }

  /// The twin writes each value as often as its weight says.
  @Test(arguments: 0..<50 as Range<UInt64>)
  func weightsCountAsRepetitions(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "weights")
    let values = randomColumn(&stream, count: 1 + Int(stream.next(below: 12)))
    var weights = values.map { _ in Int64(stream.next(below: 5)) }
    weights[0] = 1  // so that the greatest common divisor is 1 and the twin may expand plainly
    let expanded = zip(values, weights).flatMap { Array(repeating: $0, count: Int($1)) }
    for level in levels {
      let expected = Statistics.quantile(ofSorted: expanded, at: level)
      #expect(Statistics.quantile(ofSorted: values, weights: weights, at: level) == expected)
      let nanoseconds = weights.map { $0 * 1_000_000_007 }
      #expect(Statistics.quantile(ofSorted: values, weights: nanoseconds, at: level) == expected)
    }
  }

  /// Two values that each held for 292 years; their weights exceed Int64 together.
  @Test func weightsMayAddUpBeyond64Bits() {
    let weights: [Int64] = [.max, .max - 1]
    #expect(Statistics.quantile(ofSorted: [10, 20], weights: weights, at: .p5) == 10)
    #expect(Statistics.quantile(ofSorted: [10, 20], weights: weights, at: .p95) == 20)
  }

  private let levels: [QuantileLevel] = [
    QuantileLevel(0, of: 1), .p5, .median, QuantileLevel(1, of: 3), .p95, .p99, .p999,
    QuantileLevel(1, of: 1),
  ]

  private func randomColumn(_ stream: inout RandomStream, count: Int) -> [Int64] {
    (0..<count).map { _ in Int64(stream.next(below: 2_000)) - 1_000 }.sorted()
  }
}
