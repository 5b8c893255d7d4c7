import BallastUnits

/// What moving a VM costs the two hosts.
///
/// Source    copying takes 30 % of a core on 1 GbE and a whole one on 10 GbE, at both ends (Gulati et al., VMware
///           Technical Journal 1, 2012); the VM's memory is held twice meanwhile. 10 GbE is 1.25 GB/s.
public struct MigrationCost: Sendable, Equatable {
  /// Bytes per second.
  public var bytesPerSecond: Int64
  /// Of one core, at each end.
  public var copyingCore: PartsPerMillion
  /// The VM stands still.
  public var downtime: SimDuration
  /// The VM's loss of speed while it is copied. Ours.
  public var slowdown: PartsPerMillion

  public init(
    bytesPerSecond: Int64 = 1_250_000_000, copyingCore: PartsPerMillion = .one,
    downtime: SimDuration = .milliseconds(300), slowdown: PartsPerMillion = .percent(10)
  ) {
    self.bytesPerSecond = max(1, bytesPerSecond)
    self.copyingCore = copyingCore
    self.downtime = downtime
    self.slowdown = slowdown
  }

  /// Milliseconds to copy so many bytes once, rounded up; at most 10¹², 31 years.
  func milliseconds(_ bytes: Int64) -> Int64 {
    let span = (Int128(max(0, bytes)) * 1_000 + Int128(bytesPerSecond) - 1) / Int128(bytesPerSecond)
    return Int64(min(span, 1_000_000_000_000))
  }
}
