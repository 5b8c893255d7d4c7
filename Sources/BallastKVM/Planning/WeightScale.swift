import BallastUnits

/// How the shares of a plan become weights of a cgroup hierarchy.
///
/// Rule      1024 shares are the hierarchy's default (1024 of v1, 100 of v2), so that domains which nobody manages keep
///           their standing. Where all active domains are managed, small weights are scaled up until the smallest is
///           200; then, if the largest does not fit, all are scaled down until it does.
/// Promises  inside the hierarchy's range · ratios within 1 % of those of the shares while the smallest weight written is
///           101 or more · depends on shares only, so it stays as it is while nobody changes them.
/// Rounding  to nearest; a half away from zero.
/// Source    ranges enforced by libvirt and the kernel: v1 2 … 262144, v2 1 … 10000.
public struct WeightScale: Sendable, Equatable {
  /// weight = shares × numerator / denominator
  public private(set) var numerator: Int64
  public private(set) var denominator: Int64
  public let range: ClosedRange<Int64>

  /// A rounding error of half a unit is a quarter of a percent from here on.
  static let preciseWeight: Int64 = 200

  /// - Parameters:
  ///   - shares: of all VMs of the plan, in any unit.
  ///   - unitsPerShare: how many of them are one share.
  ///   - isExclusive: no domain that nobody manages is active on this host.
  public init(
    _ version: CgroupVersion, shares: [Int64], unitsPerShare: Int64, isExclusive: Bool
  ) {
    let defaultWeight: Int64
    switch version {
    case .v1: (range, defaultWeight) = (2...262_144, 1_024)
    case .v2: (range, defaultWeight) = (1...10_000, 100)
    }
    (numerator, denominator) = (defaultWeight, 1_024 * max(1, unitsPerShare))
    guard let least = shares.min(), let most = shares.max(), least > 0 else { return }
    if isExclusive && weight(least) < Self.preciseWeight {
      (numerator, denominator) = (Self.preciseWeight, least)
    }
    if weightUnheld(most) > range.upperBound {
      (numerator, denominator) = (range.upperBound, most)
    }
  }

  public func weight(_ shares: Int64) -> Int64 {
    min(max(weightUnheld(shares), range.lowerBound), range.upperBound)
  }

  /// Of shares below 2⁴⁰, and numerators of at most 262,144: the product fits 64 bits.
  private func weightUnheld(_ shares: Int64) -> Int64 {
    roundedRatio(shares, by: numerator, over: denominator)
  }
}

/// The shares of a plan's VMs as siblings of each other: libvirt keeps all domains in one group.
enum FlatShares {
  /// Shares are counted in these parts.
  static let unitsPerShare: Int64 = 1_024
  /// Of one VM: 2³⁰ shares.
  static let sharesMax: Int64 = 1 << 30

  /// With pools: the plan's total, divided down the tree by weights at every level, which is what a tree of groups gives
  /// while every VM wants CPU. No VM has less than one part.
  static func shares(_ weights: [Int64], pool: [Int], parents: [Int], poolWeights: [Int64])
    -> [Int64]
  {
    let own = weights.map { min(max(1, $0), sharesMax) }
    guard !parents.isEmpty else { return own.map { $0 * unitsPerShare } }
    let positions = own.indices.map { vm in
      vm < pool.count && parents.indices.contains(pool[vm]) ? pool[vm] : 0
    }
    let groups = poolWeights.map { min(max(1, $0), sharesMax) }
    // A parent comes before its children; one that does not is taken for the root.
    let above = parents.indices.map { (0..<$0).contains(parents[$0]) ? parents[$0] : 0 }
    // A group without VMs below takes nothing.
    var isUsed = Array(repeating: false, count: parents.count)
    for position in positions { isUsed[position] = true }
    for group in parents.indices.reversed() where isUsed[group] && group > 0 {
      isUsed[above[group]] = true
    }
    var siblings = Array(repeating: Int64(0), count: parents.count)
    for group in parents.indices where group > 0 && isUsed[group] {
      siblings[above[group]] += groups[group]
    }
    for (vm, position) in positions.enumerated() { siblings[position] += own[vm] }
    var part = Array(repeating: Int64(0), count: parents.count)
    part[0] = min(own.reduce(0, +), sharesMax) * unitsPerShare
    for group in parents.indices where group > 0 && isUsed[group] {
      part[group] = scaled(part[above[group]], by: groups[group], over: siblings[above[group]])
    }
    return positions.indices.map { vm in
      max(1, scaled(part[positions[vm]], by: own[vm], over: siblings[positions[vm]]))
    }
  }
}
