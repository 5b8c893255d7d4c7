/// Mean, spread and quantiles of the integers of a column, in the column's unit.
///
/// Source    sd is of the population; a quantile lies linearly between the two nearest ranks, the first
///           value being rank 0 and the last rank count − 1.
public struct Distribution: Sendable, Equatable {
  public internal(set) var count: Int64 = 0
  public internal(set) var mean = 0.0
  public internal(set) var sd = 0.0
  public internal(set) var p25 = 0.0
  public internal(set) var p50 = 0.0
  public internal(set) var p75 = 0.0
  public internal(set) var p95 = 0.0
  public internal(set) var p99 = 0.0
  public internal(set) var max = 0.0
  /// False where only count, mean, sd and max are known.
  public internal(set) var hasQuantiles = false

  init() {}

  init(count: Int64, sum: UInt64, squares: UInt128, max: UInt32) {
    self.count = count
    self.max = Double(max)
    guard count > 0 else { return }
    mean = Double(sum) / Double(count)
    let total = UInt128(sum)
    let variance = UInt128(count) * squares - total * total
    sd = Double(variance).squareRoot() / Double(count)
  }

  /// `value(rank)` is the value that has `rank` others before it in ascending order.
  mutating func setQuantiles(_ value: (Int64) -> UInt32) {
    guard count > 0 else { return }
    hasQuantiles = true
    p25 = quantile(25, value)
    p50 = quantile(50, value)
    p75 = quantile(75, value)
    p95 = quantile(95, value)
    p99 = quantile(99, value)
  }

  private func quantile(_ percent: Int64, _ value: (Int64) -> UInt32) -> Double {
    let position = (count - 1) * percent
    let rank = position / 100
    let low = Double(value(rank))
    let part = position % 100
    if part == 0 { return low }
    return low + (Double(value(rank + 1)) - low) * Double(part) / 100
  }

  /// The same in a unit `factor` times as large.
  func divided(by factor: Double) -> Distribution {
    var result = self
    result.mean /= factor
    result.sd /= factor
    result.p25 /= factor
    result.p50 /= factor
    result.p75 /= factor
    result.p95 /= factor
    result.p99 /= factor
    result.max /= factor
    return result
  }
}
