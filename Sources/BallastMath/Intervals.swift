import BallastKernel
import CGSL

/// A range that holds an unknown mean with some confidence, and the estimate in it.
public struct ConfidenceInterval: Sendable, Equatable {
  public var estimate: Double
  public var low: Double
  public var high: Double
  /// How many values it is from.
  public var count: Int
  public init(estimate: Double, low: Double, high: Double, count: Int) {
    self.estimate = estimate
    self.low = low
    self.high = high
    self.count = count
  }
  /// Zero lies outside: a difference is more than noise.
  public var excludesZero: Bool { low > 0 || high < 0 }
}

extension Statistics {
  /// The mean of independent values, with Student's interval.
  ///
  /// Rule      mean ± t(1 − (1 − c)/2; n − 1) · s / √n.
  /// Input     0 < confidence < 1. Nil for fewer than two values: one says nothing about spread.
  /// Limits    exact for normal values; good for means of many.
  /// Source    GSL, gsl_cdf_tdist_Pinv.
  public static func studentInterval(
    _ values: [Double], confidence: Double = 0.95
  ) -> ConfidenceInterval? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    guard let mean = mean(values), let deviation = standardDeviation(values) else { return nil }
    let count = Double(values.count)
    let half =
      gsl_cdf_tdist_Pinv(0.5 + confidence / 2, count - 1) * deviation / count.squareRoot()
    return ConfidenceInterval(
      estimate: mean, low: mean - half, high: mean + half, count: values.count)
  }

  /// The difference of two means, of values that are independent within and between the samples: Welch's interval.
  ///
  /// Rule      (mean b − mean a) ± t(1 − (1 − c)/2; ν) · √(v_a + v_b), v = s² / n,
  ///           ν = (v_a + v_b)² / (v_a² / (n_a − 1) + v_b² / (n_b − 1)); where neither varies, no width at all.
  /// Input     0 < confidence < 1. Nil where a sample has fewer than two values.
  /// Limits    close for normal values, of whatever two spreads and sizes; good for means of many.
  /// Source    Welch, Biometrika 34 (1947); GSL, gsl_cdf_tdist_Pinv.
  public static func welchInterval(
    from a: [Double], to b: [Double], confidence: Double = 0.95
  ) -> ConfidenceInterval? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    guard let meanA = mean(a), let meanB = mean(b), let deviationA = standardDeviation(a),
      let deviationB = standardDeviation(b)
    else { return nil }
    let (countA, countB) = (Double(a.count), Double(b.count))
    let varianceA = deviationA * deviationA / countA
    let varianceB = deviationB * deviationB / countB
    let variance = varianceA + varianceB
    let difference = meanB - meanA
    var half = 0.0
    if variance > 0 {
      // Parts of one keep ν in range for variances of any size.
      let (partA, partB) = (varianceA / variance, varianceB / variance)
      let freedom = 1 / (partA * partA / (countA - 1) + partB * partB / (countB - 1))
      half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, freedom) * variance.squareRoot()
    }
    return ConfidenceInterval(
      estimate: difference, low: difference - half, high: difference + half,
      count: a.count + b.count)
  }

  /// Which of n values in order bound their distribution's median, counted from 0: the closest pair, as far from either
  /// end, that holds it with at least the confidence; nil where n is too small for that.
  ///
  /// Rule      the largest k with 1 − 2 P(B ≤ k) ≥ c for B binomial (n, ½); the pair is k and n − 1 − k.
  /// Source    GSL, gsl_cdf_binomial_P. Nothing is assumed of the values but that they can be put in order.
  public static func medianRanks(
    count: Int, confidence: Double = 0.95
  ) -> (low: Int, high: Int)? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    guard count > 0 else { return nil }
    var low: Int?
    for k in 0..<(count + 1) / 2
    where 1 - 2 * gsl_cdf_binomial_P(UInt32(k), 0.5, UInt32(count)) >= confidence {
      low = k
    }
    return low.map { ($0, count - 1 - $0) }
  }

  /// The mean of independent values, with the interval that resampling them gives.
  ///
  /// Rule      the (1 − c)/2 and 1 − (1 − c)/2 quantiles of the means of `resamples` samples of n values drawn with
  ///           replacement (percentile bootstrap).
  /// Chance    from `stream` alone: the same values give the same interval.
  /// Limits    of few values it is too narrow: by about √((n − 1)/n) and the difference between t and normal.
  /// Source    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
  public static func bootstrapInterval(
    _ values: [Double], confidence: Double = 0.95, resamples: Int = 2_000,
    stream: RandomStream
  ) -> ConfidenceInterval? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    guard values.count >= 2, let mean = mean(values) else { return nil }
    var stream = stream
    var means: [Double] = []
    means.reserveCapacity(resamples)
    for _ in 0..<resamples {
      var sum = 0.0
      for _ in values.indices { sum += values[Int(stream.next(below: UInt64(values.count)))] }
      means.append(sum / Double(values.count))
    }
    means.sort()
    let tail = (1 - confidence) / 2
    return ConfidenceInterval(
      estimate: mean, low: quantile(ofSorted: means, tail)!,
      high: quantile(ofSorted: means, 1 - tail)!, count: values.count)
  }
}
