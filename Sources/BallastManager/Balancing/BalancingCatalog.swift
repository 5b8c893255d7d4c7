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
