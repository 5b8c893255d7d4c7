import BallastUnits

/// What the user says beside the export.
public struct ImportOptions: Sendable {
  /// The scenario's name; nil takes the file's.
  public var name: String?
  /// Powered-off VMs become VMs that run.
  public var includesPoweredOff = false
  /// VMs do not start on the hosts they were on: placement chooses.
  public var freesPlacement = false
  /// CPU of VMs that nothing was measured of, neither of them nor of their host, in parts of their size.
  ///
  /// 10 % lies between the means of published traces: Bitbrains 6.1 %, Azure 2017 10.6 %, PlanetLab 12.3 %.
  public var assumedCPU = PartsPerMillion.percent(10)
  /// Active memory of VMs that no active memory is known of, in parts of their size.
  ///
  /// 25 %: the part of idle memory that DRS counts as demand by default (vSphere Resource Management).
  public var assumedActive = PartsPerMillion.percent(25)
  /// Hosts for VMs whose cluster the export has no hosts of.
  public var hostCores: Int64 = 32
  public var hostClock = Kilohertz.megahertz(2_600)
  public var hostMemory = Bytes.gibibytes(512)
  /// How many; nil: the fewest at 4 vCPUs per core and memory 1 : 1.
  public var hostCount: Int64?
  /// Size of VMs whose export does not tell it; nil makes that an error.
  public var vcpus: Int64?
  public var memory: Bytes?
  /// Time between two readings of counters that carry no times.
  public var interval: SimDuration?
  /// Of arrivals: the first stretch of this length, and one VM of so many.
  public var window: SimDuration?
  public var oneOf: Int64 = 1

  public init() {}
}
