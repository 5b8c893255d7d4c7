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
  case memoryState = "mem_state"
  case balloon
  case balloonStuck = "balloon_stuck"
  case balloonDeflatedOnOOM = "balloon_deflated_on_oom"
  case memoryWaits = "memory_waits"
  case swapFull = "swap_full"
  case oomKill = "oom_kill"
  case guestOOM = "guest_oom"

  /// Its rows are about hosts; those of the others about VMs, and of `refused`, `set` and `shortfall` about
  /// pools, too, and of `shortfall` about clusters.
  public var isOfHosts: Bool {
    switch self {
    case .hostFailed, .hostRecovered, .maintenance, .hostPower, .overcommitted, .memoryState,
      .swapFull:
      true
    case .powerOn, .powerOff, .refused, .workload, .set, .migrateStart, .migrateEnd, .restart,
      .shortfall, .balloon, .balloonStuck, .balloonDeflatedOnOOM, .memoryWaits, .oomKill,
      .guestOOM:
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
    case .shortfall: "reservations of a cluster, a pool or a VM can no longer be met, or can again"
    case .overcommitted: "consumed memory rose above the host's, or fell back"
    case .memoryState: "a host's memory state changed; detail has what is free and minFree"
    case .balloon: "a VM's balloon got a target, or is to hold nothing any more"
    case .balloonStuck: "a guest gives its balloon no more, short of the target, or does again"
    case .balloonDeflatedOnOOM: "a guest out of memory took pages back from its balloon"
    case .memoryWaits: "a VM began to wait for host memory, or waits no more"
    case .swapFull: "a host's swap device has no room left"
    case .oomKill: "a host's kernel, out of memory, killed a VM"
    case .guestOOM: "a guest ran out of memory and died"
    }
  }
}
