import BallastUnits

/// What a scenario may say about balancing beside the policy's name.
public struct BalancingOptions: Sendable, Equatable {
  /// 1 (only what rules demand) to 5; other numbers count as the nearest of these.
  public var threshold: Int
  /// Nil: the policy's own.
  public var interval: SimDuration?
  public var reserve: FailoverReserve
  /// For policies that choose at random.
  public var seed: UInt64

  public init(
    threshold: Int = 3, interval: SimDuration? = nil, reserve: FailoverReserve = FailoverReserve(),
    seed: UInt64 = 1
  ) {
    self.threshold = min(5, max(1, threshold))
    self.interval = interval
    self.reserve = reserve
    self.seed = seed
  }
}

/// Every balancing policy by name.
public struct BalancingCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  public let make: @Sendable (BalancingOptions) -> any BalancingPolicy
}

public let balancingCatalog: [BalancingCatalogEntry] =
  [
    BalancingCatalogEntry(
      name: "drs", summary: "evens out host loads when their deviation passes a threshold",
      make: {
        DeviationBalancing(
          threshold: $0.threshold, interval: $0.interval ?? .seconds(300))
      }),
    BalancingCatalogEntry(
      name: "drs-score", summary: "moves a VM when another host would run it better",
      make: { ScoreBalancing(interval: $0.interval ?? .seconds(60)) }),
    BalancingCatalogEntry(
      name: "ads", summary: "relieves hosts above 85 % of CPU, and no others",
      make: { ContentionBalancing(interval: $0.interval ?? .seconds(900)) }),
    BalancingCatalogEntry(
      name: "dpm", summary: "powers hosts off below 45 % for 40 min, on above 81 % for 5 min",
      make: { PowerManagement(interval: $0.interval ?? .seconds(300), reserve: $0.reserve) }),
  ] + consolidations

/// Overload detectors by VM selections, with the parameters of the PlanetLab comparison: `thr-mmt`, …
private let consolidations: [BalancingCatalogEntry] = {
  let detectors: [(name: String, words: String, detector: OverloadDetector)] = [
    ("thr", "a fixed 80 %", .threshold(.percent(80))),
    ("iqr", "1 − 1.5 interquartile ranges", .interquartileRange(safety: .percent(150))),
    ("mad", "1 − 2.5 median deviations", .medianAbsoluteDeviation(safety: .percent(250))),
    ("lr", "a line through the last ten loads", .localRegression(safety: .percent(120))),
  ]
  let selections: [(name: String, words: String, make: @Sendable (UInt64) -> VMSelection)] = [
    ("mmt", "least memory", { _ in .minimumMigrationTime }),
    ("mc", "highest correlation", { _ in .maximumCorrelation }),
    ("mu", "least demand", { _ in .minimumUtilisation }),
    ("rs", "random choice", { .random(seed: $0) }),
  ]
  return detectors.flatMap { detector in
    selections.map { selection in
      BalancingCatalogEntry(
        name: "\(detector.name)-\(selection.name)",
        summary: "consolidates: overload by \(detector.words), VMs leave by \(selection.words)",
        make: { options in
          Consolidation(
            ConsolidationSettings(
              detector: detector.detector, selection: selection.make(options.seed),
              interval: options.interval ?? .seconds(300), reserve: options.reserve))
        })
    }
  }
}()
