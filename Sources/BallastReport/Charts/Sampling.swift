/// Fewer points for a chart without losing a peak: samples are put into buckets, and each bucket keeps its smallest and
/// its largest value in the order in which they occurred.
struct Sampling {
  /// Start of each point's interval, in seconds.
  let starts: [Double]
  let end: Double
  /// Samples per bucket; 1 keeps every sample.
  let bucketSize: Int
  private let sampleCount: Int

  init(_ times: TimeGrid, pointsMax: Int) {
    sampleCount = times.count
    end = times.ends.last ?? 0
    guard sampleCount > pointsMax else {
      bucketSize = 1
      starts = times.starts
      return
    }
    let buckets = max(1, pointsMax / 2)
    let size = (sampleCount + buckets - 1) / buckets
    bucketSize = size
    starts = stride(from: 0, to: sampleCount, by: size).flatMap { first in
      let last = min(first + size, times.count) - 1
      return [times.starts[first], (times.starts[first] + times.ends[last]) / 2]
    }
  }

  /// Both extremes of each bucket.
  func reduce(_ values: [Double]) -> [Double] {
    guard bucketSize > 1 else { return (0..<sampleCount).map { values.at($0) } }
    return buckets(values) { bucket in
      guard let least = bucket.min(), let most = bucket.max() else { return (.nan, .nan) }
      let isRising = bucket.firstIndex(of: least)! <= bucket.firstIndex(of: most)!
      return isRising ? (least, most) : (most, least)
    }
  }

  /// One extreme of each bucket, for the edges of a band.
  func reduce(_ values: [Double], to extreme: ([Double]) -> Double?) -> [Double] {
    guard bucketSize > 1 else { return (0..<sampleCount).map { values.at($0) } }
    return buckets(values) { bucket in
      let value = extreme(bucket) ?? .nan
      return (value, value)
    }
  }

  private func buckets(
    _ values: [Double], _ body: ([Double]) -> (Double, Double)
  ) -> [Double] {
    stride(from: 0, to: sampleCount, by: bucketSize).flatMap { first in
      let bucket = (first..<min(first + bucketSize, sampleCount)).map { values.at($0) }
        .filter(\.isFinite)
      let (a, b) = body(bucket)
      return [a, b]
    }
  }
}
