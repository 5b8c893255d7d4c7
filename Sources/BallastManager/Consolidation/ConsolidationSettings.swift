import BallastUnits

/// When a host counts as overloaded. Fractions are of its CPU capacity.
public enum OverloadDetector: Sendable, Equatable {
  /// Load above a fixed fraction.
  case threshold(PartsPerMillion)
  /// Load above 1 − safety × interquartile range of the host's history.
  case interquartileRange(safety: PartsPerMillion)
  /// Load above 1 − safety × median absolute deviation of the host's history.
  case medianAbsoluteDeviation(safety: PartsPerMillion)
  /// A line through the last ten loads, continued to the end of a migration, times safety reaches 1.
  case localRegression(safety: PartsPerMillion)
}

/// Which VM leaves an overloaded host. Ties go to the earlier name.
public enum VMSelection: Sendable, Equatable {
  /// Least memory: the shortest migration.
  case minimumMigrationTime
  /// The history best explained by those of the host's other VMs.
  case maximumCorrelation
  /// Least CPU demand.
  case minimumUtilisation
  /// Any, by a generator with this seed.
  case random(seed: UInt64)
}

/// What must stay free on the hosts that are on, for the VMs of a host that fails.
public struct FailoverReserve: Sendable, Equatable {
  /// kHz that reservations leave free.
  public var cpu: Int64
  /// Bytes that reservations leave free.
  public var memory: Int64
  /// Slots that the hosts that are on must have for all VMs without those that have most; nil: none are counted.
  public var slots: Slots?

  /// `FailoverPolicy.slots`.
  public struct Slots: Sendable, Equatable {
    public var tolerate: Int
    public var fixed: FailoverPolicy.SlotSize
    public init(tolerate: Int, fixed: FailoverPolicy.SlotSize = .init()) {
      self.tolerate = tolerate
      self.fixed = fixed
    }
  }

  public init(cpu: Int64 = 0, memory: Int64 = 0, slots: Slots? = nil) {
    self.cpu = cpu
    self.memory = memory
    self.slots = slots
  }

  /// What a policy keeps of these hosts when all are on.
  public init(_ policy: FailoverPolicy, hosts: [FailoverHost]) {
    let reserve = FailoverPlanner(policy: policy).reserve(hosts: hosts)
    self.init(cpu: reserve.cpu, memory: reserve.memory)
    if case .slots(let tolerate, let fixed) = policy {
      slots = Slots(tolerate: tolerate, fixed: fixed)
    }
  }
}

public struct ConsolidationSettings: Sendable, Equatable {
  public var detector: OverloadDetector
  public var selection: VMSelection
  public var interval: SimDuration
  /// A host without room for a VM's configured memory does not take it. False is the peer's defect, kept to show it.
  public var checksMemory: Bool
  /// At most so many VMs on a host; nil: any number.
  public var vmsPerHostMax: Int?
  /// The only VM of an overloaded host moves too, though that relieves no one. The peer does so.
  public var movesLoneVMs = false
  /// Bytes per second of a migration.
  public var migrationRate: Int64
  public var reserve: FailoverReserve
  /// Hosts that always stay on.
  public var hostsOnMin: Int

  public init(
    detector: OverloadDetector, selection: VMSelection, interval: SimDuration = .seconds(300),
    checksMemory: Bool = true, vmsPerHostMax: Int? = nil, migrationRate: Int64 = 62_500_000,
    reserve: FailoverReserve = FailoverReserve(), hostsOnMin: Int = 1
  ) {
    self.detector = detector
    self.selection = selection
    self.interval = interval
    self.checksMemory = checksMemory
    self.vmsPerHostMax = vmsPerHostMax
    self.migrationRate = migrationRate
    self.reserve = reserve
    self.hostsOnMin = hostsOnMin
  }
}
