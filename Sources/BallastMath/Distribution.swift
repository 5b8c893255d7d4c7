import BallastKernel
import BallastUnits
import CGSL
import Glibc

/// A distribution of demand, made from its mean and standard deviation.
///
/// Both are fractions of whatever the caller scales by: 0.35 of a vCPU, of a VM's memory, of a link.
/// The cases hold the parameters GSL takes; `init(named:mean:sd:)` derives them and is the way to
/// make one. All but beta and uniform can exceed 1, and normal can fall below 0: the caller clips.
///
/// Source    GSL's `gsl_ran_*` and `gsl_cdf_*`; the parameters by the method of moments.
public enum Distribution: Equatable, Sendable {
  case normal(mean: Double, sd: Double)
  /// ln x is normal with mean `zeta` and standard deviation `sigma`.
  case lognormal(zeta: Double, sigma: Double)
  case uniform(low: Double, high: Double)
  case exponential(mean: Double)
  case gamma(shape: Double, scale: Double)
  case beta(a: Double, b: Double)
  case weibull(scale: Double, shape: Double)

  /// Every name a scenario may use, with a line on when it fits.
  public static let catalog: [(name: String, summary: String)] = [
    ("normal", "symmetric around the mean; values below 0 are clipped, so keep sd well below mean"),
    ("lognormal", "mostly low with rare high peaks; the usual shape of request sizes and CPU load"),
    ("uniform", "every value of a range equally likely; the range is mean ± √3 · sd"),
    ("exponential", "many small values and a long tail; sd equals the mean"),
    ("gamma", "skewed, between exponential and normal as sd falls below the mean"),
    ("beta", "stays within 0…1: utilisation of something that cannot be exceeded"),
    ("weibull", "skewed with a tail lighter or heavier than exponential; durations and I/O sizes"),
  ]

  /// The distribution of this name with the given moments, both in fractions.
  public init(named name: String, mean: Double, sd: Double) throws(DistributionError) {
    guard Self.meanRange.contains(mean) else { throw .meanOutOfRange(mean) }
    guard sd.isFinite, sd > 0 else { throw .spreadNotPositive(sd) }
    let hasBoundOfItsOwn = ["uniform", "exponential", "beta"].contains(name)
    guard sd <= Self.variationMax * mean || hasBoundOfItsOwn else {
      throw .spreadTooLarge(mean: mean, sd: sd, sdMax: Self.variationMax * mean)
    }
    let variation = sd / mean
    // A bound typed as decimals may differ in the last digit.
    if variation < Self.variationMin * (1 - 1e-9) && (name == "gamma" || name == "beta") {
      throw .spreadTooSmall(name, mean: mean, sd: sd, sdMin: Self.variationMin * mean)
    }
    switch name {
    case "normal":
      self = .normal(mean: mean, sd: sd)
    case "lognormal":
      let variance = log1p(variation * variation)
      self = .lognormal(zeta: log(mean) - variance / 2, sigma: variance.squareRoot())
    case "uniform":
      let reach = sd * 3.0.squareRoot()
      guard reach <= mean else {
        throw .uniformBelowZero(mean: mean, sd: sd, sdMax: mean / 3.0.squareRoot())
      }
      self = .uniform(low: mean - reach, high: mean + reach)
    case "exponential":
      // A mean and a spread typed as decimals may differ in the last digit.
      guard abs(sd - mean) <= 1e-6 * mean else {
        throw .exponentialSpread(mean: mean, sd: sd)
      }
      self = .exponential(mean: mean)
    case "gamma":
      self = .gamma(shape: 1 / (variation * variation), scale: sd * variation)
    case "beta":
      guard mean < 1 else { throw .betaMean(mean) }
      let room = mean * (1 - mean)
      guard sd * sd < room else {
        throw .betaSpread(mean: mean, sd: sd, sdMax: room.squareRoot())
      }
      let weight = room / (sd * sd) - 1
      self = .beta(a: mean * weight, b: (1 - mean) * weight)
    case "weibull":
      let shape = Self.weibullShape(variation: variation)
      self = .weibull(scale: mean / exp(gsl_sf_lngamma(1 + 1 / shape)), shape: shape)
    default:
      throw .unknownName(name)
    }
  }

  /// Least sd / mean of gamma and beta. GSL's distribution functions lose accuracy at shapes of 10^6,
  /// that is below 1/1,000; from 1/200 down both look normal anyway.
  private static let variationMin = 0.005
  /// Greatest sd / mean. Like the range of means it is far beyond any load; together they keep every
  /// parameter and quantile finite.
  private static let variationMax = 100.0
  private static let meanRange = 1e-9...1e9

  /// One independent draw.
  public func sample(_ stream: inout RandomStream) -> Double {
    stream.withGSL { generator in
      switch self {
      case .normal(let mean, let sd): mean + gsl_ran_gaussian_ziggurat(generator, sd)
      case .lognormal(let zeta, let sigma): gsl_ran_lognormal(generator, zeta, sigma)
      case .uniform(let low, let high): gsl_ran_flat(generator, low, high)
      case .exponential(let mean): gsl_ran_exponential(generator, mean)
      case .gamma(let shape, let scale): gsl_ran_gamma(generator, shape, scale)
      case .beta(let a, let b): gsl_ran_beta(generator, a, b)
      case .weibull(let scale, let shape): gsl_ran_weibull(generator, scale, shape)
      }
    }
  }

  /// The value that a draw stays below with probability `p`, for 0 < p < 1.
  ///
  /// Gamma and beta are inverted by root finding (2 to 7 µs, accurate to 10^-12): GSL's own inverses,
  /// `gsl_cdf_gamma_Pinv` and `gsl_cdf_beta_Pinv` of GSL 2.7.1, failed at 19 % and 12 % of the
  /// points of a grid over mean, spread and p.
  public func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "a quantile needs a probability between 0 and 1, not \(p)")
    switch self {
    case .normal(let mean, let sd): return mean + gsl_cdf_gaussian_Pinv(p, sd)
    case .lognormal(let zeta, let sigma): return gsl_cdf_lognormal_Pinv(p, zeta, sigma)
    case .uniform(let low, let high): return gsl_cdf_flat_Pinv(p, low, high)
    case .exponential(let mean): return gsl_cdf_exponential_Pinv(p, mean)
    case .weibull(let scale, let shape): return gsl_cdf_weibull_Pinv(p, scale, shape)
    case .beta(let a, let b):
      return root(in: 0...1) { gsl_cdf_beta_P($0, a, b) - p }
    case .gamma(let shape, let scale):
      quietGSL()
      var high = shape * scale
      while gsl_cdf_gamma_P(high, shape, scale) < p { high *= 2 }
      return root(in: 0...high) { gsl_cdf_gamma_P($0, shape, scale) - p }
    }
  }

  /// The Weibull shape k with this ratio of standard deviation to mean:
  /// Γ(1 + 2/k) / Γ(1 + 1/k)² = 1 + variation², solved for 1/k in logarithms.
  private static func weibullShape(variation: Double) -> Double {
    let target = log1p(variation * variation)
    func excess(_ inverse: Double) -> Double {
      gsl_sf_lngamma(1 + 2 * inverse) - 2 * gsl_sf_lngamma(1 + inverse) - target
    }
    var high = 1.0
    while excess(high) < 0 { high *= 2 }
    return 1 / root(in: 0...high, of: excess)
  }
}

/// Why no distribution has the asked-for name and moments, and what to change.
public enum DistributionError: Error, Equatable, CustomStringConvertible {
  case unknownName(String)
  case meanOutOfRange(Double)
  case spreadNotPositive(Double)
  case spreadTooLarge(mean: Double, sd: Double, sdMax: Double)
  /// So narrow that it cannot be told from normal, nor computed well.
  case spreadTooSmall(String, mean: Double, sd: Double, sdMin: Double)
  /// The range mean ± √3 · sd would begin below 0.
  case uniformBelowZero(mean: Double, sd: Double, sdMax: Double)
  case exponentialSpread(mean: Double, sd: Double)
  case betaMean(Double)
  /// Values within 0…1 with this mean cannot spread so far.
  case betaSpread(mean: Double, sd: Double, sdMax: Double)

  /// Means and deviations in percent, as scenarios write them, to 0.0001 %.
  public var description: String {
    switch self {
    case .unknownName(let name):
      let known = Distribution.catalog.map(\.name).joined(separator: ", ")
      return "there is no distribution '\(name)'; choose one of \(known)"
    case .meanOutOfRange(let mean):
      return "a distribution needs a mean from 1e-07% to 1e+11%, not \(percent(mean))"
    case .spreadNotPositive(let sd):
      return "a distribution needs a standard deviation above 0, not \(percent(sd));"
        + " for no spread give a constant"
    case .spreadTooLarge(let mean, let sd, let sdMax):
      return "standard deviation \(percent(sd)) is out of proportion to mean \(percent(mean));"
        + " lower it to \(percent(sdMax, .down)) or less"
    case .spreadTooSmall(let name, let mean, let sd, let sdMin):
      return "\(name) with mean \(percent(mean)) needs a standard deviation of"
        + " \(percent(sdMin, .up)) or more, not \(percent(sd)); choose normal for less"
    case .uniformBelowZero(let mean, let sd, let sdMax):
      return "uniform with mean \(percent(mean)) and standard deviation \(percent(sd)) reaches"
        + " below 0; lower the standard deviation to \(percent(sdMax, .down)) or less"
    case .exponentialSpread(let mean, let sd):
      return "exponential has a standard deviation equal to its mean \(percent(mean)), not"
        + " \(percent(sd)); leave it out or choose gamma or weibull"
    case .betaMean(let mean):
      return "beta stays within 0…100% and needs a mean below 100%, not \(percent(mean))"
    case .betaSpread(let mean, let sd, let sdMax):
      return "beta with mean \(percent(mean)) cannot have standard deviation \(percent(sd));"
        + " lower it below \(percent(sdMax, .down)): at √(mean · (1 − mean)) all values are"
        + " 0% or 100%"
    }
  }

  /// "13.8564%". A bound is rounded to its safe side.
  private func percent(
    _ fraction: Double, _ rule: FloatingPointRoundingRule = .toNearestOrEven
  ) -> String {
    guard let ppm = Int64(exactly: (fraction * 1e6).rounded(rule)) else {
      return "\(fraction * 100)%"
    }
    var text = decimal(ppm, places: 4)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text + "%"
  }
}
