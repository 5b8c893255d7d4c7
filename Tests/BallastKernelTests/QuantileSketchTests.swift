import BallastKernel
import BallastMath
import Testing

@Suite struct QuantileSketchTests {
  /// All 65,536 values: bins follow one another, and none is wider than max(16, value / 8).
  @Test func binsCoverTheDomainInOrder() {
    var previous = 0
    var first: UInt32 = 0
    for value: UInt32 in 0...65_535 {
      let bin = QuantileSketch.bin(of: value)
      #expect(bin == previous || bin == previous + 1)
      if bin != previous { first = value }
      #expect(value - first < max(16, first / 8))
      previous = bin
    }
    #expect(previous == QuantileSketch.binCount - 1)
  }

  @Test func aSketchWithoutSamplesHasNoQuantile() {
    #expect(Sketch(of: []).quantile(.median) == nil)
  }

  /// 97 idle samples of 100: the median is exactly 0, the top exactly the largest.
  @Test func zerosAndTheLargestSampleAreExact() {
    let sketch = Sketch(of: [UInt16](repeating: 0, count: 97) + [3, 700, 41_234])
    #expect(sketch.quantile(.median) == 0 && sketch.quantile(.p95) == 0)
    #expect(sketch.quantile(QuantileLevel(1, of: 1)) == 41_234)
    #expect(Sketch(of: [7]).quantile(.median) == 7)
  }

  /// Seeds take turns at flat, low, high and bimodal loads with many zeros.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func answersLieWithinTheDocumentedError(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "sketch")
    let samples: [UInt16] = (0..<(1 + stream.next(below: 3_000))).map { _ in
      let flat = stream.next(below: 65_536)
      return switch seed % 4 {
      case 0: UInt16(flat)
      case 1: UInt16((flat * flat) >> 20)
      case 2: UInt16(65_535 - (flat * flat) >> 20)
      default: UInt16(flat < 30_000 ? 0 : flat < 50_000 ? flat >> 6 : flat)
      }
    }
    let sketch = Sketch(of: samples)
    let sorted = samples.map { Int64($0) }.sorted()
    for numerator: Int64 in [0, 5, 50, 250, 500, 750, 950, 990, 999, 1_000] {
      let level = QuantileLevel(numerator, of: 1_000)
      let exact = Statistics.quantile(ofSorted: sorted, at: level)!
      let estimate = Int64(sketch.quantile(level)!)
      #expect(abs(estimate - exact) <= 16 + exact / 8, "p\(numerator) of seed \(seed)")
    }
  }

  /// A flat load of 10,000 samples: interpolation brings percentiles within 1 % of full scale.
  @Test func smoothLoadsComeCloser() {
    var stream = RandomStream(seed: 1, named: "smooth")
    let samples = (0..<10_000).map { _ in UInt16(stream.next(below: 65_536)) }
    let sketch = Sketch(of: samples)
    let sorted = samples.map { Int64($0) }.sorted()
    for level in [QuantileLevel.p5, .median, .p95, .p99] {
      let exact = Statistics.quantile(ofSorted: sorted, at: level)!
      #expect(abs(Int64(sketch.quantile(level)!) - exact) < 656)
    }
  }

  /// One row with what the caller keeps beside it.
  private struct Sketch {
    var counts = [UInt16](repeating: 0, count: QuantileSketch.binCount)
    var zeroCount: Int64 = 0
    var maximum: UInt16 = 0

    init(of samples: [UInt16]) {
      for sample in samples {
        counts.withUnsafeMutableBufferPointer { QuantileSketch.add(sample, to: $0.baseAddress!) }
        zeroCount += sample == 0 ? 1 : 0
        maximum = max(maximum, sample)
      }
    }

    func quantile(_ level: QuantileLevel) -> UInt16? {
      QuantileSketch.quantile(counts: counts, zeroCount: zeroCount, maximum: maximum, at: level)
    }
  }
}
