/// What one column of a result file means. The header of the CSV, the column dictionary of `run.json`, expectations and
/// the report all read these tables.
public struct ColumnSpec: Sendable {
  public enum Kind: Sendable {
    /// Time-weighted mean over the row's interval.
    case mean
    /// Sum over the row's interval and over all vCPUs.
    case sum
    /// The value just before the end of the interval.
    case state
  }
  /// The unit ends the name.
  public var name: String
  public var unit: String
  public var kind: Kind
  public var meaning: String
  /// The nearest counter elsewhere; empty where there is none.
  public var esxtop: String
  public var vSphere: String
  public var libvirt: String
  /// False: the cell is empty in every row, because no model exists yet.
  public var isModelled: Bool

  init(
    _ name: String, _ unit: String, _ kind: Kind, _ meaning: String, esxtop: String = "",
    vSphere: String = "", libvirt: String = "", modelled: Bool = true
  ) {
    self.name = name
    self.unit = unit
    self.kind = kind
    self.meaning = meaning
    self.esxtop = esxtop
    self.vSphere = vSphere
    self.libvirt = libvirt
    self.isModelled = modelled
  }
}

/// The numeric columns of `hosts.csv` before and after `mem_state`, in file order.
public enum HostColumn: Int, CaseIterable, Sendable {
  case vms, vcpus
  case cpuCapacity, cpuDemand, cpuUsed, cpuUsedPercent, cpuReady, cpuOverhead
  case memCapacity, memFree, memConsumed, memOverhead, memShared, memSharedSaved, memBalloon
  case memCompressed, memSwapped, swapIn, swapOut

  public static let count = allCases.count
  public var spec: ColumnSpec { Self.specs[rawValue] }

  static let specs: [ColumnSpec] = [
    .init("vms", "1", .state, "VMs powered on"),
    .init("vcpus", "1", .state, "vCPUs of the VMs powered on"),
    .init(
      "cpu_capacity_mhz", "MHz", .mean,
      "sockets × cores × clock, less what the profile reserves; 0 while the host is not on",
      vSphere: "cpu.totalCapacity.average"),
    .init(
      "cpu_demand_mhz", "MHz", .mean, "what the guests would use, before limits",
      vSphere: "cpu.demand.average"),
    .init(
      "cpu_used_mhz", "MHz", .mean, "what the host delivered", vSphere: "cpu.usagemhz.average",
      libvirt: "Σ cpu.time"),
    .init(
      "cpu_used_pct", "%", .mean, "used in percent of capacity", esxtop: "PCPU USED(%)",
      vSphere: "cpu.usage.average"),
    .init(
      "cpu_ready_ms", "ms", .sum,
      "time vCPUs were runnable but not running, limited time included; sum over vCPUs",
      esxtop: "%RDY", vSphere: "cpu.ready.summation", libvirt: "Σ vcpu.N.delay"),
    .init(
      "cpu_overhead_mhz", "MHz", .mean, "CPU of the hypervisor itself", esxtop: "%OVRLP",
      modelled: false),
    .init(
      "mem_capacity_mib", "MiB", .state, "physical memory", vSphere: "mem.totalmb.average"),
    .init(
      "mem_free_mib", "MiB", .state,
      "capacity − consumed; negative when the host is overcommitted, as no reclaim is modelled yet",
      esxtop: "PMEM free", vSphere: "mem.unreserved.average"),
    .init(
      "mem_consumed_mib", "MiB", .state, "host memory that backs guests",
      vSphere: "mem.consumed.average", libvirt: "Σ balloon.rss"),
    .init(
      "mem_overhead_mib", "MiB", .state, "host memory beside guest memory", esxtop: "OVHD",
      vSphere: "mem.overhead.average", modelled: false),
    .init(
      "mem_shared_mib", "MiB", .state, "guest memory backed by shared pages",
      esxtop: "PSHARE shared", vSphere: "mem.shared.average", libvirt: "ksm pages_sharing",
      modelled: false),
    .init(
      "mem_shared_saved_mib", "MiB", .state, "memory that page sharing saves",
      esxtop: "PSHARE saving", vSphere: "mem.shared − mem.sharedcommon", modelled: false),
    .init(
      "mem_balloon_mib", "MiB", .state, "memory in balloons", esxtop: "MEMCTL curr",
      vSphere: "mem.vmmemctl.average", libvirt: "balloon.maximum − balloon.current",
      modelled: false),
    .init(
      "mem_compressed_mib", "MiB", .state, "guest memory held compressed", esxtop: "ZIP zipped",
      vSphere: "mem.compressed.average", modelled: false),
    .init(
      "mem_swapped_mib", "MiB", .state, "guest memory on the host's swap device",
      esxtop: "SWAP curr", vSphere: "mem.swapped.average", modelled: false),
    .init(
      "swap_in_mib_s", "MiB/s", .mean, "read from the swap device", esxtop: "SWAP r/s",
      vSphere: "mem.swapinRate.average", modelled: false),
    .init(
      "swap_out_mib_s", "MiB/s", .mean, "written to the swap device", esxtop: "SWAP w/s",
      vSphere: "mem.swapoutRate.average", modelled: false),
  ]
}

/// The numeric columns of `vms.csv`, in file order.
public enum VMColumn: Int, CaseIterable, Sendable {
  case cpuDemand, cpuEntitled, cpuUsed, cpuReady, cpuReadyPercent, cpuCoStopPercent
  case cpuLimitedPercent
  case memConfigured, memActive, memEntitled, memConsumed, memShared, memBalloonTarget, memBalloon
  case memCompressed, memSwapped, swapIn, swapOut, slowdown

  public static let count = allCases.count
  public var spec: ColumnSpec { Self.specs[rawValue] }

  static let specs: [ColumnSpec] = [
    .init(
      "cpu_demand_mhz", "MHz", .mean,
      "what the guest would use, at most vCPUs × clock, before limits",
      vSphere: "cpu.demand.average"),
    .init(
      "cpu_entitled_mhz", "MHz", .mean,
      "what the manager grants from observed demand; mean over its control steps",
      vSphere: "cpu.entitlement.latest"),
    .init(
      "cpu_used_mhz", "MHz", .mean, "what the host delivered", esxtop: "%USED",
      vSphere: "cpu.usagemhz.average", libvirt: "cpu.time"),
    .init(
      "cpu_ready_ms", "ms", .sum,
      "(demand − used) / clock × interval: time vCPUs waited for a pCPU, limited time included; sum over vCPUs",
      esxtop: "%RDY", vSphere: "cpu.ready.summation", libvirt: "Σ vcpu.N.delay"),
    .init(
      "cpu_ready_pct_per_vcpu", "%", .mean, "ready time in percent of the interval, per vCPU",
      esxtop: "%RDY / vCPUs", vSphere: "cpu.readiness.average", libvirt: "vcpu.N.delay"),
    .init(
      "cpu_costop_pct_per_vcpu", "%", .mean, "time held back for slower siblings, per vCPU",
      esxtop: "%CSTP / vCPUs", vSphere: "cpu.costop.summation", modelled: false),
    .init(
      "cpu_limited_pct_per_vcpu", "%", .mean,
      "the part of ready kept back by the VM's own or a pool's limit, per vCPU",
      esxtop: "%MLMTD / vCPUs", vSphere: "cpu.maxlimited.summation", libvirt: "cpu.stat throttled"),
    .init(
      "mem_configured_mib", "MiB", .state, "the guest's memory size", esxtop: "MEMSZ",
      vSphere: "mem.granted.average", libvirt: "balloon.maximum"),
    .init(
      "mem_active_mib", "MiB", .state, "guest memory in active use", esxtop: "%ACTV",
      vSphere: "mem.active.average", libvirt: "balloon.current − balloon.usable"),
    .init(
      "mem_entitled_mib", "MiB", .state, "guest memory the manager grants, without overhead",
      esxtop: "MEMSZ entitled", vSphere: "mem.entitlement.average"),
    .init(
      "mem_consumed_mib", "MiB", .state, "host memory that backs the guest",
      vSphere: "mem.consumed.average", libvirt: "balloon.rss"),
    .init(
      "mem_shared_mib", "MiB", .state, "mapped memory backed by shared pages", esxtop: "SHRD",
      vSphere: "mem.shared.average", modelled: false),
    .init(
      "mem_balloon_target_mib", "MiB", .state, "the balloon's target size", esxtop: "MCTLTGT",
      vSphere: "mem.vmmemctltarget.average", modelled: false),
    .init(
      "mem_balloon_mib", "MiB", .state, "the balloon's size", esxtop: "MCTLSZ",
      vSphere: "mem.vmmemctl.average", libvirt: "balloon.maximum − balloon.current",
      modelled: false),
    .init(
      "mem_compressed_mib", "MiB", .state, "guest memory held compressed", esxtop: "CACHEUSD",
      vSphere: "mem.compressed.average", modelled: false),
    .init(
      "mem_swapped_mib", "MiB", .state, "guest memory on the host's swap device", esxtop: "SWCUR",
      vSphere: "mem.swapped.average", modelled: false),
    .init(
      "swap_in_mib_s", "MiB/s", .mean, "read from the swap device", esxtop: "SWR/s",
      vSphere: "mem.swapinRate.average", libvirt: "balloon.swap_in", modelled: false),
    .init(
      "swap_out_mib_s", "MiB/s", .mean, "written to the swap device", esxtop: "SWW/s",
      vSphere: "mem.swapoutRate.average", libvirt: "balloon.swap_out", modelled: false),
    .init(
      "slowdown_pct", "%", .mean, "work lost to memory reclaim", vSphere: "mem.latency.average",
      modelled: false),
  ]
}

/// The numeric columns of `pools.csv`, in file order.
public enum PoolColumn: Int, CaseIterable, Sendable {
  case cpuReservation, cpuLimit, cpuShares, cpuEntitled, cpuUsed, cpuReservedByChildren
  case memReservation, memLimit, memShares, memEntitled, memUsed, memReservedByChildren

  public static let count = allCases.count
  public var spec: ColumnSpec { Self.specs[rawValue] }

  static let specs: [ColumnSpec] = [
    .init("cpu_reservation_mhz", "MHz", .state, "guaranteed minimum"),
    .init("cpu_limit_mhz", "MHz", .state, "ceiling; empty is unlimited"),
    .init("cpu_shares", "1", .state, "weight among the pool's siblings"),
    .init("cpu_entitled_mhz", "MHz", .mean, "Σ entitlement of the VMs below"),
    .init("cpu_used_mhz", "MHz", .mean, "Σ delivered to the VMs below"),
    .init(
      "cpu_reserved_by_children_mhz", "MHz", .state,
      "reservations of child pools and of powered-on VMs directly in the pool",
      vSphere: "reservationUsed"),
    .init("mem_reservation_mib", "MiB", .state, "guaranteed minimum"),
    .init("mem_limit_mib", "MiB", .state, "ceiling; empty is unlimited"),
    .init("mem_shares", "1", .state, "weight among the pool's siblings"),
    .init("mem_entitled_mib", "MiB", .state, "Σ entitlement of the VMs below"),
    .init("mem_used_mib", "MiB", .state, "Σ consumed by the VMs below"),
    .init(
      "mem_reserved_by_children_mib", "MiB", .state,
      "reservations of child pools and of powered-on VMs directly in the pool"),
  ]
}

/// The metrics of `vms-summary.csv`: each gets `_mean,_p50,_p95,_p99,_max`.
public let summaryMetrics: [VMColumn] = [
  .cpuUsed, .cpuReadyPercent, .cpuLimitedPercent, .cpuCoStopPercent, .memConsumed, .memBalloon,
  .memSwapped, .slowdown,
]

/// Metrics that are one value per VM or per run instead of a column.
public let countMetrics: [ColumnSpec] = [
  .init("admitted", "true/false", .state, "the VM was admitted at its power-on"),
  .init("migrations", "1", .sum, "migrations finished"),
  .init("downtime_ms", "ms", .sum, "time stopped by migrations and failures"),
  .init("restarts", "1", .sum, "restarts after a failure"),
  .init("consolidation_ratio", "1", .mean, "VMs powered on per host that is on"),
]
