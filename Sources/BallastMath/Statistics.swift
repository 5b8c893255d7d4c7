import BallastUnits
import CGSL

/// How far up a sorted column a quantile lies, as an exact fraction: p99.9 is 999 of 1,000.
public struct QuantileLevel: Hashable, Sendable, BitwiseCopyable {
  public let numerator: Int64
  public let denominator: Int64

  /// Takes 0 ≤ numerator ≤ denominator ≤ 1,000,000; anything else is a bug.
  public init(_ numerator: Int64, of denominator: Int64) {
    precondition(
      numerator >= 0 && numerator <= denominator && denominator > 0 && denominator <= 1_000_000,
      "a quantile level lies in 0…1, not at \(numerator)/\(denominator)")
    self.numerator = numerator
    self.denominator = denominator
  }

  public static let p5 = QuantileLevel(5, of: 100)
  public static let median = QuantileLevel(1, of: 2)
  public static let p95 = QuantileLevel(95, of: 100)
  public static let p99 = QuantileLevel(99, of: 100)
  public static let p999 = QuantileLevel(999, of: 1_000)

  /// The rank p · (count − 1), counted from 0: a whole part, and a rest in units of 1/denominator.
  func rank(among count: Int128) -> (whole: Int128, rest: Int128) {
    let (whole, rest) = ((count - 1) * Int128(numerator))
      .quotientAndRemainder(dividingBy: Int128(denominator))
    return (whole, rest)
  }

  /// The point `rest`/denominator of the way from `low` to `high`, rounded half away from zero.
  func between(_ low: Int64, _ high: Int64, rest: Int128) -> Int64 {
    let whole = Int128(denominator)
    let sum = Int128(low) * (whole - rest) + Int128(high) * rest
    let half = sum < 0 ? -whole : whole
    return Int64((2 * sum + half) / (2 * whole))
  }
}

/// Summaries of columns. Each answers nil where a column is too short to have one.
///
/// The `Double` versions describe and come from GSL. Result files use the `Int64` versions, which
/// are exact: a percentile in a CSV file does not depend on floating point.
public enum Statistics {
  /// The arithmetic mean.
  public static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : gsl_stats_mean(values, 1, values.count)
  }

  /// The sample standard deviation, with divisor n − 1.
  public static func standardDeviation(_ values: [Double]) -> Double? {
    values.count < 2 ? nil : gsl_stats_sd(values, 1, values.count)
  }

  /// Σ wᵢ xᵢ / Σ wᵢ. Weights are 0 or more and not all 0.
  public static func mean(_ values: [Double], weights: [Double]) -> Double? {
    precondition(values.count == weights.count, "every value needs one weight")
    guard weights.contains(where: { $0 > 0 }) else { return nil }
    return gsl_stats_wmean(weights, 1, values, 1, values.count)
  }

  /// The quantile at rank p · (n − 1) of values in ascending order, linear between ranks.
  public static func quantile(ofSorted values: [Double], _ p: Double) -> Double? {
    precondition(p >= 0 && p <= 1, "a quantile level lies in 0…1, not at \(p)")
    return values.isEmpty ? nil : gsl_stats_quantile_from_sorted_data(values, 1, values.count, p)
  }

  /// The quantile at rank p · (n − 1) of values in ascending order, linear between ranks, exact, and
  /// rounded once, half away from zero.
  public static func quantile(ofSorted values: [Int64], at level: QuantileLevel) -> Int64? {
    guard !values.isEmpty else { return nil }
    let (whole, rest) = level.rank(among: Int128(values.count))
    let low = Int(whole)
    return level.between(values[low], values[min(low + 1, values.count - 1)], rest: rest)
  }

  /// The same where each value stands for as many as its weight says, such as nanoseconds it held.
  ///
  /// Rule      the quantile of the sequence in which value i occurs wᵢ / g times, g being the
  ///           greatest common divisor of the weights. Equal weights give the unweighted quantile.
  /// Input     values ascending; weights 0 or more. All weights 0 gives nil.
  /// Cost      O(n), however large the weights.
  public static func quantile(
    ofSorted values: [Int64], weights: [Int64], at level: QuantileLevel
  ) -> Int64? {
    precondition(values.count == weights.count, "every value needs one weight")
    precondition(weights.allSatisfy { $0 >= 0 }, "a weight is 0 or more")
    let unit = weights.reduce(0, greatestCommonDivisor)
    guard unit > 0 else { return nil }
    let count = weights.reduce(Int128(0)) { $0 + Int128($1 / unit) }
    let (whole, rest) = level.rank(among: count)
    var low: Int64?
    var passed: Int128 = 0
    for (value, weight) in zip(values, weights) where weight > 0 {
      if let low { return level.between(low, value, rest: rest) }
      passed += Int128(weight / unit)
      if passed > whole + 1 { return value }
      if passed > whole { low = value }
    }
    return low
  }

  private static func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
