import BallastUnits

/// What a scenario may say about balancing beside the policy's name.
public struct BalancingOptions: Sendable, Equatable {
  /// `drs`: 1 (only what rules demand) to 5; other numbers count as the nearest of these.
  public var threshold: Int
  /// `drs`: by what each VM lacks instead of by the deviation of host loads.
  public var usesScores: Bool
  /// Nil: the policy's own.
  public var interval: SimDuration?
  /// `consolidation`
  public var detector: OverloadDetector
  /// `consolidation`
  public var selection: VMSelection
  /// Capacity that reservations must leave free on the hosts that are on.
  public var reserve: FailoverReserve
  public var migration: MigrationCost

  public init(
    threshold: Int = 3, usesScores: Bool = false, interval: SimDuration? = nil,
    detector: OverloadDetector = .standard("thr")!,
    selection: VMSelection = .minimumMigrationTime,
    reserve: FailoverReserve = FailoverReserve(), migration: MigrationCost = MigrationCost()
  ) {
    self.threshold = min(5, max(1, threshold))
    self.usesScores = usesScores
    self.interval = interval
    self.detector = detector
    self.selection = selection
    self.reserve = reserve
    self.migration = migration
  }
}

/// Every balancing policy by name.
public struct BalancingCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  public let make: @Sendable (BalancingOptions) -> any BalancingPolicy
}

public let balancingCatalog: [BalancingCatalogEntry] = [
  BalancingCatalogEntry(
    name: "drs", summary: "evens out host loads, or (by score) moves VMs that run better elsewhere",
    make: {
      if $0.usesScores {
        return ScoreBalancing(interval: $0.interval ?? .seconds(60), migration: $0.migration)
      }
      return DeviationBalancing(
        threshold: $0.threshold, interval: $0.interval ?? .seconds(300), migration: $0.migration)
    }),
  BalancingCatalogEntry(
    name: "ads", summary: "relieves hosts above 85 % of CPU, and no others",
    make: { ContentionBalancing(interval: $0.interval ?? .seconds(900)) }),
  BalancingCatalogEntry(
    name: "consolidation",
    summary: "relieves overloaded hosts, empties underloaded ones and switches them off",
    make: {
      Consolidation(
        ConsolidationSettings(
          detector: $0.detector, selection: $0.selection,
          interval: $0.interval ?? .seconds(300), migrationRate: $0.migration.bytesPerSecond,
          reserve: $0.reserve))
    }),
  BalancingCatalogEntry(
    name: "dpm", summary: "powers hosts off below 45 % for 40 min, on above 81 % for 5 min",
    make: { PowerManagement(interval: $0.interval ?? .seconds(300), reserve: $0.reserve) }),
]

extension OverloadDetector {
  /// `thr`, `iqr`, `mad` or `lr`; without a parameter those of the PlanetLab comparison: 0.8, 1.5, 2.5, 1.2.
  public static func standard(_ name: String, _ parameter: PartsPerMillion? = nil) -> Self? {
    switch name {
    case "thr": .threshold(parameter ?? .percent(80))
    case "iqr": .interquartileRange(safety: parameter ?? .percent(150))
    case "mad": .medianAbsoluteDeviation(safety: parameter ?? .percent(250))
    case "lr": .localRegression(safety: parameter ?? .percent(120))
    default: nil
    }
  }
}

extension VMSelection {
  /// `mmt`, `mc`, `mu` or `rs`.
  public static func standard(_ name: String, seed: UInt64) -> Self? {
    switch name {
    case "mmt": .minimumMigrationTime
    case "mc": .maximumCorrelation
    case "mu": .minimumUtilisation
    case "rs": .random(seed: seed)
    default: nil
    }
  }
}
