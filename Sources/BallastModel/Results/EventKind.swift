/// The kinds of rows in `events.csv`. The raw value is what the file says.
public enum EventKind: String, Sendable, CaseIterable {
  case powerOn = "power_on"
  case powerOff = "power_off"
  case refused
  case workload, set
  case migrateStart = "migrate_start"
  case migrateEnd = "migrate_end"
  case hostFailed = "host_failed"
  case hostRecovered = "host_recovered"
  case restart
  case maintenance
  case hostPower = "host_power"
  case shortfall
  case overcommitted

  /// Its rows are about hosts; those of the others about VMs, and of `refused` and `set` about pools, too, and of
  /// `shortfall` about clusters.
  public var isOfHosts: Bool {
    switch self {
    case .hostFailed, .hostRecovered, .maintenance, .hostPower, .overcommitted: true
    case .powerOn, .powerOff, .refused, .workload, .set, .migrateStart, .migrateEnd, .restart,
      .shortfall:
      false
    }
  }

  public var meaning: String {
    switch self {
    case .powerOn: "a VM was powered on"
    case .powerOff: "a VM was powered off"
    case .refused: "a VM, a change or a migration was not admitted; detail says why"
    case .workload: "a VM got other demand curves"
    case .set: "a setting changed"
    case .migrateStart: "a migration began"
    case .migrateEnd: "a migration ended or was given up"
    case .hostFailed: "a host failed"
    case .hostRecovered: "a host came back"
    case .restart: "a VM was powered on again after its host had failed"
    case .maintenance: "maintenance of a host began, ended, or waits for a VM"
    case .hostPower: "a policy switched a host off or on"
    case .shortfall: "reservations of a cluster or a VM can no longer be met, or can again"
    case .overcommitted: "consumed memory rose above the host's, or fell back"
    }
  }
}
