import BallastUnits

/// A checked scenario: what a user wrote, as typed values, with the place of every part that a later step may have to
/// complain about. Entries are not expanded to VMs yet, because some take their series from a trace.
public struct Scenario: Sendable {
  public var name: String
  public var seed: UInt64
  public var duration: SimDuration
  /// Workload step: continuous and random workloads take a new value this often.
  public var interval: SimDuration
  /// Observe – decide – apply.
  public var controlInterval: SimDuration
  public var profile: HypervisorProfile
  public var clusters: [ClusterSpec]
  public var traces: [TraceSpec]
  public var vms: [VMEntry]
  public var policies: PolicyChoice
  /// In order of time, then of appearance.
  public var events: [ScheduledEvent]
  public var expectations: [Expectation]
  public var record: RecordSpec
  /// What if demand were another.
  public var assumption: DemandAssumption
  /// Names, entries or globs of hosts that are down from beginning to end, each with its place.
  public var hostsDown: [(pattern: String, place: SourcePlace)]
  /// The file has a `sweep:` block; `run` uses the plain values and says so.
  public var hasSweep: Bool
  public var place: SourcePlace

  public init(
    name: String, seed: UInt64, duration: SimDuration, interval: SimDuration,
    controlInterval: SimDuration, profile: HypervisorProfile, clusters: [ClusterSpec],
    traces: [TraceSpec], vms: [VMEntry], policies: PolicyChoice, events: [ScheduledEvent],
    expectations: [Expectation], record: RecordSpec,
    assumption: DemandAssumption = .init(),
    hostsDown: [(pattern: String, place: SourcePlace)] = [], hasSweep: Bool, place: SourcePlace
  ) {
    self.name = name
    self.seed = seed
    self.duration = duration
    self.interval = interval
    self.controlInterval = controlInterval
    self.profile = profile
    self.clusters = clusters
    self.traces = traces
    self.vms = vms
    self.policies = policies
    self.events = events
    self.expectations = expectations
    self.record = record
    self.assumption = assumption
    self.hostsDown = hostsDown
    self.hasSweep = hasSweep
    self.place = place
  }
}

/// Which VMs get rows in `vms.csv`, and how often samples are taken.
public struct RecordSpec: Sendable {
  public enum VMs: Sendable, Equatable {
    /// `all` up to 1,000 VMs, else `summary`.
    case automatic
    case all
    case summary
    /// Names, entries or globs.
    case named([String])
  }
  public var vms: VMs
  public var interval: SimDuration
  public var place: SourcePlace
  public init(vms: VMs, interval: SimDuration, place: SourcePlace) {
    self.vms = vms
    self.interval = interval
    self.place = place
  }
}
