import BallastKernel
import BallastMath
import BallastUnits
import CGSL
import Testing

/// Every family at three pairs of moments it allows.
private let possible: [(name: String, mean: Double, sd: Double)] = [
  ("normal", 0.5, 0.1), ("normal", 0.05, 0.2), ("normal", 2, 0.5),
  ("lognormal", 0.3, 0.1), ("lognormal", 0.1, 0.15), ("lognormal", 0.6, 0.05),
  ("uniform", 0.5, 0.25), ("uniform", 0.2, 0.01), ("uniform", 0.3, 0.173),
  ("exponential", 0.2, 0.2), ("exponential", 0.01, 0.01), ("exponential", 1, 1),
  ("gamma", 0.3, 0.1), ("gamma", 0.05, 0.1), ("gamma", 0.4, 0.4),
  ("beta", 0.3, 0.1), ("beta", 0.05, 0.15), ("beta", 0.9, 0.2),
  ("weibull", 0.3, 0.1), ("weibull", 0.1, 0.2), ("weibull", 0.5, 0.01),
]

@Suite struct DistributionTests {
  /// 40,000 draws: the mean within five standard errors, the deviation within 6 %.
  @Test(arguments: possible)
  func drawsHaveTheMomentsAskedFor(name: String, mean: Double, sd: Double) throws {
    let distribution = try Distribution(named: name, mean: mean, sd: sd)
    var stream = RandomStream(seed: 11, named: name)
    let draws = (0..<40_000).map { _ in distribution.sample(&stream) }
    #expect(abs(Statistics.mean(draws)! - mean) < 5 * sd / 200)
    #expect(abs(Statistics.standardDeviation(draws)! / sd - 1) < 0.06)
  }

  /// The mean of the quantiles at (i + ½)/10,000 is the integral of the quantile function, so it
  /// is the mean, less what the two cut-off tails hold.
  @Test(arguments: possible)
  func quantilesIntegrateToTheMoments(name: String, mean: Double, sd: Double) throws {
    let distribution = try Distribution(named: name, mean: mean, sd: sd)
    let values = (0..<10_000).map { distribution.quantile((Double($0) + 0.5) / 10_000) }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
    #expect(abs(Statistics.mean(values)! - mean) < 0.002 * sd)
    #expect(abs(Statistics.standardDeviation(values)! / sd - 1) < 0.03)
  }

  @Test(arguments: possible)
  func aDrawStaysBelowAQuantileAsOftenAsItSays(name: String, mean: Double, sd: Double) throws {
    let distribution = try Distribution(named: name, mean: mean, sd: sd)
    var stream = RandomStream(seed: 5, named: name)
    let p90 = distribution.quantile(0.9)
    let below = (0..<10_000).count { _ in distribution.sample(&stream) < p90 }
    #expect(abs(below - 9_000) < 120)  // four standard deviations of 30
  }

  /// GSL's own inverses give no answer at many of these points.
  @Test func betaAndGammaQuantilesInvertEverywhere() {
    for mean in stride(from: 0.01, to: 1, by: 0.07) {
      for spread in stride(from: 0.02, to: 1, by: 0.07) {
        let sd = spread * (mean * (1 - mean)).squareRoot()
        for name in ["beta", "gamma"] {
          guard let distribution = try? Distribution(named: name, mean: mean, sd: sd) else {
            #expect(sd < mean / 200)
            continue
          }
          for z in stride(from: -6.0, through: 6, by: 1.5) {
            let p = gsl_cdf_ugaussian_P(z)
            let x = distribution.quantile(p)
            // The answer is good to 10^-12: p lies between the probabilities just beside it.
            let low = probability(distribution, x - 1e-12 - 1e-12 * x) - 1e-12
            let high = probability(distribution, x + 1e-12 + 1e-12 * x) + 1e-12
            #expect(low <= p && p <= high, "\(distribution) at \(p)")
          }
        }
      }
    }
  }

  @Test func whatIsAcceptedHasFiniteQuantiles() {
    for (name, _) in Distribution.catalog {
      for mean in [1e-9, 0.01, 0.999, 1e9] {
        for variation in [1e-9, 0.005, 0.1, 1, 10, 100] {
          let made = try? Distribution(named: name, mean: mean, sd: variation * mean)
          for p in [1e-15, 0.01, 0.5, 0.99, 1.0.nextDown] {
            guard let x = made?.quantile(p) else { continue }
            #expect(x.isFinite && (x >= 0 || name == "normal"), "\(made!) at \(p)")
          }
        }
      }
    }
  }

  private func probability(_ distribution: Distribution, _ x: Double) -> Double {
    guard x > 0 else { return 0 }
    switch distribution {
    case .beta(let a, let b): return gsl_cdf_beta_P(min(x, 1), a, b)
    case .gamma(let shape, let scale): return gsl_cdf_gamma_P(x, shape, scale)
    default: return .nan
    }
  }

  /// Equal mean and deviation make Weibull exponential: shape 1, scale = mean.
  @Test func weibullWithEqualMomentsIsExponential() throws {
    guard case .weibull(let scale, let shape) = try Distribution(named: "weibull", mean: 2, sd: 2)
    else {
      Issue.record("not a Weibull distribution")
      return
    }
    #expect(abs(shape - 1) < 1e-9 && abs(scale - 2) < 1e-9)
  }

  @Test func everyNameInTheCatalogMakesADistribution() throws {
    for entry in Distribution.catalog {
      let sd = entry.name == "exponential" ? 0.3 : 0.1
      _ = try Distribution(named: entry.name, mean: 0.3, sd: sd)
      #expect(!entry.summary.isEmpty)
    }
  }

  @Test(arguments: [
    ("gausian", 0.3, 0.1, DistributionError.unknownName("gausian")),
    ("gamma", 0, 0.1, .meanOutOfRange(0)),
    ("normal", -0.3, 0.1, .meanOutOfRange(-0.3)),
    ("normal", .infinity, 0.1, .meanOutOfRange(.infinity)),
    ("normal", 0.3, 0, .spreadNotPositive(0)),
    ("normal", 0.3, -1, .spreadNotPositive(-1)),
    ("weibull", 0.001, 1, .spreadTooLarge(mean: 0.001, sd: 1, sdMax: 0.1)),
    ("gamma", 0.5, 0.001, .spreadTooSmall("gamma", mean: 0.5, sd: 0.001, sdMin: 0.0025)),
    ("exponential", 0.3, 0.1, .exponentialSpread(mean: 0.3, sd: 0.1)),
    ("beta", 1, 0.1, .betaMean(1)),
    // 0.5² = 0.25 = 0.5 · (1 − 0.5): all mass would sit on 0 and 1.
    ("beta", 0.5, 0.5, .betaSpread(mean: 0.5, sd: 0.5, sdMax: 0.5)),
    ("uniform", 0.3, 0.2, .uniformBelowZero(mean: 0.3, sd: 0.2, sdMax: 0.3 / 3.0.squareRoot())),
  ])
  func impossibleMomentsSayWhatToChange(
    name: String, mean: Double, sd: Double, expected: DistributionError
  ) {
    #expect(throws: expected) { try Distribution(named: name, mean: mean, sd: sd) }
    #expect(!expected.description.isEmpty)
  }

  /// 24 % / √3 = 13.85640646… %: rounded to what is still allowed, in the unit that scenarios write.
  @Test func remediesAreInPercentAndHold() throws {
    let error = try #require(throws: DistributionError.self) {
      try Distribution(named: "uniform", mean: 0.24, sd: 0.15)
    }
    #expect(
      error.description == "uniform with mean 24% and standard deviation 15% reaches below 0;"
        + " lower the standard deviation to 13.8564% or less")
    #expect(throws: Never.self) { try Distribution(named: "uniform", mean: 0.24, sd: 0.138564) }
    #expect(throws: (any Error).self) {
      try Distribution(named: "uniform", mean: 0.24, sd: 0.138565)
    }
  }

  /// Whatever mean is written, the deviation that an error names is taken.
  @Test(arguments: ["uniform", "beta", "gamma", "weibull"])
  func everyRemedyIsTaken(name: String) throws {
    for mean in stride(from: 0.003, to: 1, by: 0.007) {
      for sd in [0.000001, 1.0] {
        do throws(DistributionError) {
          _ = try Distribution(named: name, mean: mean, sd: sd)
        } catch {
          let words = error.description.split(whereSeparator: { " ;:".contains($0) })
          // "lower it to X% or less", "lower it below X%", "of X% or more".
          let place = try #require(words.lastIndex { ["to", "below", "of"].contains($0) })
          let percent = try #require(Double(words[place + 1].dropLast()))
          let strictly = words[place] == "below" ? 1e-6 : 0
          #expect(throws: Never.self, "\(error)") {
            try Distribution(named: name, mean: mean, sd: percent / 100 - strictly)
          }
        }
      }
    }
  }
}

@Suite struct CorrelatedNoiseTests {
  private static let minute = SimDuration.seconds(60)

  private func noise(
    _ name: String = "beta", _ mean: Double = 0.3, _ sd: Double = 0.15,
    correlation: SimDuration = .seconds(300), seed: UInt64 = 1
  ) throws -> CorrelatedNoise {
    CorrelatedNoise(
      marginal: Marginal(try Distribution(named: name, mean: mean, sd: sd)),
      correlationTime: correlation, stream: RandomStream(seed: seed, named: "noise"))
  }

  /// One-minute steps and 2 minutes of correlation: 60,000 steps hold about 15,000 independent ones.
  @Test(arguments: possible)
  func correlatedDrawsKeepTheMarginal(name: String, mean: Double, sd: Double) throws {
    var noise = try noise(name, mean, sd, correlation: .seconds(120))
    let values = (0..<60_000).map { _ in noise.next(step: Self.minute) }
    #expect(abs(Statistics.mean(values)! - mean) < 5 * sd / 15_000.0.squareRoot())
    #expect(abs(Statistics.standardDeviation(values)! / sd - 1) < 0.08)
  }

  /// 60 s steps, 300 s of correlation: φ = e^−0.2 = 0.8187. One 60 s step or twelve of 5 s agree.
  @Test(arguments: [1, 12] as [Int64])
  func scoresAreCorrelatedAsAsked(steps: Int64) throws {
    var noise = try noise()
    let scores = (0..<40_000).map { _ in
      for _ in 0..<steps { _ = noise.next(step: SimDuration(Self.minute.value / steps)) }
      return noise.z
    }
    #expect(abs(lagOneCorrelation(scores) - 0.8187) < 0.012)
    #expect(abs(Statistics.standardDeviation(scores)! - 1) < 0.04)
  }

  @Test func withoutCorrelationTimeDrawsAreIndependent() throws {
    var noise = try noise(correlation: .zero)
    let scores = (0..<40_000).map { _ in
      _ = noise.next(step: Self.minute)
      return noise.z
    }
    #expect(abs(lagOneCorrelation(scores)) < 0.02)
  }

  @Test func noTimeNoChange() throws {
    var noise = try noise()
    let before = noise.value
    #expect(noise.next(step: .zero) == before)
  }

  @Test func theSameSeedGivesTheSameSequenceAndCopiesContinueAlike() throws {
    var one = try noise(seed: 9)
    var other = try noise(seed: 9)
    var third = try noise(seed: 10)
    let sequence = (0..<100).map { _ in one.next(step: Self.minute) }
    #expect(sequence == (0..<100).map { _ in other.next(step: Self.minute) })
    #expect(sequence != (0..<100).map { _ in third.next(step: Self.minute) })
    var copy = one
    #expect(copy == one && copy != third)
    #expect(copy.next(step: Self.minute) == one.next(step: Self.minute) && copy == one)
  }

  /// Between its points the table errs by less than 0.1 % of the standard deviation.
  @Test(arguments: possible)
  func theTableFollowsTheQuantiles(name: String, mean: Double, sd: Double) throws {
    let distribution = try Distribution(named: name, mean: mean, sd: sd)
    let marginal = Marginal(distribution)
    for z in stride(from: -5.0, through: 5, by: 0.0937) {
      let exact = distribution.quantile(gsl_cdf_ugaussian_P(z))
      #expect(abs(marginal.value(atScore: z) - exact) < 0.001 * max(sd, exact), "z = \(z)")
    }
  }

  private func lagOneCorrelation(_ values: [Double]) -> Double {
    gsl_stats_lag1_autocorrelation(values, 1, values.count)
  }
}
