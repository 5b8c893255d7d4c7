/// One change of one knob: what `host plan` prints, what `host apply` performs and reads back, and what `host restore` undoes.
public struct HostWrite: Sendable, Equatable, Codable {
  public var target: Target
  public var field: Field
  /// What is there now, as far as is known.
  public var before: Int64?
  public var wanted: Int64
  /// Why, for people: "entitled to 1200 of 2000 MHz; shares 2000 of 3000".
  public var reason: String

  public enum Target: Sendable, Equatable, Codable {
    case host
    case domain(uuid: String, name: String)
  }

  /// Units are those of the knob itself.
  public enum Field: String, Sendable, Equatable, Codable, CaseIterable {
    /// cpu.shares (v1) or cpu.weight (v2).
    case cpuWeight
    /// Microseconds; −1 unlimited.
    case vcpuQuota, vcpuPeriod
    case globalQuota, globalPeriod
    /// Bytes the guest may hold: the balloon target.
    case balloonTarget
    /// Seconds between reports of the guest.
    case statisticsPeriod
    /// Bytes that host reclaim spares.
    case memoryMin, memoryLow
    case ksmRun, ksmPagesToScan, ksmSleepMilliseconds
  }

  public init(
    target: Target, field: Field, before: Int64?, wanted: Int64, reason: String
  ) {
    self.target = target
    self.field = field
    self.before = before
    self.wanted = wanted
    self.reason = reason
  }
}
