import BallastKernel
import BallastUnits
import CGSL
import Glibc

/// A stationary process: at any instant it has the marginal distribution, and values `lag` apart are
/// correlated by exp(−lag / correlation time) in Gaussian space.
///
/// Rule      z' = φ z + √(1 − φ²) ε with φ = exp(−step / correlation time) and ε standard normal;
///           value = quantile(Φ(z)). Exact for any steps, equal or not: ten steps of 1 s are
///           distributed as one of 10 s. With correlation time 0 every draw is independent.
/// Cost      about 15 ns a step.
/// Source    first-order autoregression under a Gaussian copula ("NORTA": Cario and Nelson, 1997).
///           The values' own correlation is φ for normal and a little less for skewed marginals.
///
/// A value: copies continue alike, and two are equal when their futures are.
public struct CorrelatedNoise: Equatable, Sendable {
  public let marginal: Marginal
  public let correlationTime: SimDuration
  /// The present standard normal score.
  public private(set) var z: Double
  private var stream: RandomStream

  /// Starts at a stationary draw. A correlation time below 0 is a bug.
  public init(marginal: Marginal, correlationTime: SimDuration, stream: RandomStream) {
    precondition(correlationTime >= .zero, "correlation time \(correlationTime) is below 0")
    self.marginal = marginal
    self.correlationTime = correlationTime
    self.stream = stream
    self.z = self.stream.standardNormal()
  }

  /// The value at the present instant, in the marginal's unit.
  public var value: Double { marginal.value(atScore: z) }

  /// Moves on by `step`, 0 or more, and returns the value there.
  public mutating func next(step: SimDuration) -> Double {
    precondition(step >= .zero, "noise cannot step back by \(step)")
    let phi =
      correlationTime == .zero ? 0 : exp(-Double(step.value) / Double(correlationTime.value))
    z = phi * z + (1 - phi * phi).squareRoot() * stream.standardNormal()
    return value
  }
}

/// A distribution prepared for correlated draws: its quantiles at 513 normal scores.
///
/// Making one costs up to 4 ms, for gamma and beta; each draw from it then costs nanoseconds instead
/// of microseconds. VMs with the same distribution should copy one `Marginal`: copies share the
/// table of 4 KiB.
///
/// Accuracy  linear between scores 1/64 apart, off by at most 3·10^-5 of the curve's second
///           derivative, which is of the order of the standard deviation; exact beyond ±4, where one
///           draw in 16,000 falls.
public struct Marginal: Equatable, Sendable {
  public let distribution: Distribution
  private let table: [Double]

  private static let scoreMax = 4.0
  private static let pointsPerScore = 64.0

  public init(_ distribution: Distribution) {
    self.distribution = distribution
    let half = Int(Self.scoreMax * Self.pointsPerScore)
    table = (-half...half).map { Self.exact(distribution, Double($0) / Self.pointsPerScore) }
  }

  /// quantile(Φ(z)).
  public func value(atScore z: Double) -> Double {
    guard abs(z) < Self.scoreMax else { return Self.exact(distribution, z) }
    let place = (z + Self.scoreMax) * Self.pointsPerScore
    let index = Int(place)
    let below = table[index]
    return below + (place - Double(index)) * (table[index + 1] - below)
  }

  private static func exact(_ distribution: Distribution, _ z: Double) -> Double {
    // Φ rounds to 1 beyond z = 8.3, where a quantile may be infinite.
    distribution.quantile(min(gsl_cdf_ugaussian_P(z), 1.0.nextDown))
  }
}

extension RandomStream {
  /// A draw of the standard normal distribution.
  mutating func standardNormal() -> Double { withGSL { gsl_ran_gaussian_ziggurat($0, 1) } }
}
