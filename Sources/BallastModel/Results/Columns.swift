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
  /// The cell is empty in every row of a run in which no memory is taken back.
  public var needsReclamation: Bool

  init(
    _ name: String, _ unit: String, _ kind: Kind, _ meaning: String, esxtop: String = "",
    vSphere: String = "", libvirt: String = "", modelled: Bool = true, reclamation: Bool = false
  ) {
    self.name = name
    self.unit = unit
    self.kind = kind
    self.meaning = meaning
    self.esxtop = esxtop
    self.vSphere = vSphere
    self.libvirt = libvirt
    self.isModelled = modelled
    self.needsReclamation = reclamation
  }

  /// Whether a run has values for it.
  public func isModelled(withReclamation reclamation: Bool) -> Bool {
    isModelled && (reclamation || !needsReclamation)
  }
}

/// The numeric columns of `hosts.csv` before and after `mem_state`, in file order.
public enum HostColumn: Int, CaseIterable, Sendable {
  case vms, vcpus
  case cpuCapacity, cpuDemand, cpuUsed, cpuUsedPercent, cpuReady, cpuOverhead
  case memCapacity, memFree, memConsumed, memOverhead, memShared, memSharedSaved, memBalloon
  case memCompressed, memSwapped, swapIn, swapOut
  case memConfigured, memHostReserved, memMapped, memSavedZero, memSavedCommon, memSavedDuplicate
  case memCompressedSize, memWaiting

  /// Those that stand before `mem_state`.
  public static let countBeforeState = HostColumn.swapOut.rawValue + 1
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
      "cpu_overhead_mhz", "MHz", .mean, "CPU of the hypervisor itself: its scan for equal pages",
      esxtop: "%SYS", vSphere: "cpu.system.summation", libvirt: "CPU of ksmd", reclamation: true),
    .init(
      "mem_capacity_mib", "MiB", .state, "physical memory", vSphere: "mem.totalmb.average"),
    .init(
      "mem_free_mib", "MiB", .state,
      "capacity − reserved − overhead − consumed; without reclaim capacity − consumed, negative when the host is overcommitted",
      esxtop: "PMEM free", vSphere: "mem.unreserved.average"),
    .init(
      "mem_consumed_mib", "MiB", .state, "host memory that backs guests",
      vSphere: "mem.consumed.average", libvirt: "Σ balloon.rss"),
    .init(
      "mem_overhead_mib", "MiB", .state, "host memory beside guest memory", esxtop: "OVHD",
      vSphere: "mem.overhead.average", reclamation: true),
    .init(
      "mem_shared_mib", "MiB", .state, "guest memory backed by shared pages",
      esxtop: "PSHARE shared", vSphere: "mem.shared.average", libvirt: "ksm pages_sharing",
      reclamation: true),
    .init(
      "mem_shared_saved_mib", "MiB", .state, "memory that page sharing saves",
      esxtop: "PSHARE saving", vSphere: "mem.shared − mem.sharedcommon", reclamation: true),
    .init(
      "mem_balloon_mib", "MiB", .state, "memory in balloons", esxtop: "MEMCTL curr",
      vSphere: "mem.vmmemctl.average", libvirt: "balloon.maximum − balloon.current",
      reclamation: true),
    .init(
      "mem_compressed_mib", "MiB", .state, "guest memory held compressed", esxtop: "ZIP zipped",
      vSphere: "mem.compressed.average", reclamation: true),
    .init(
      "mem_swapped_mib", "MiB", .state, "guest memory on the host's swap device",
      esxtop: "SWAP curr", vSphere: "mem.swapped.average", reclamation: true),
    .init(
      "swap_in_mib_s", "MiB/s", .mean, "read from the swap device", esxtop: "SWAP r/s",
      vSphere: "mem.swapinRate.average", reclamation: true),
    .init(
      "swap_out_mib_s", "MiB/s", .mean, "written to the swap device", esxtop: "SWAP w/s",
      vSphere: "mem.swapoutRate.average", reclamation: true),
    .init(
      "mem_configured_mib", "MiB", .state, "Σ memory size of the VMs powered on",
      vSphere: "Σ mem.granted.average", libvirt: "Σ balloon.maximum"),
    .init(
      "mem_host_reserved_mib", "MiB", .state,
      "what the host keeps for itself: hypervisor, management domain", esxtop: "PMEM vmk + cos",
      vSphere: "mem.sysUsage.average", reclamation: true),
    .init(
      "mem_mapped_mib", "MiB", .state,
      "guest memory backed by the host: consumed + saved − compressed size; copies of VMs on their way here included",
      vSphere: "mem.granted.average", reclamation: true),
    .init(
      "mem_saved_zero_mib", "MiB", .state, "the part of the saving that pages of zeros bring",
      vSphere: "mem.zero.average", libvirt: "ksm_zero_pages", reclamation: true),
    .init(
      "mem_saved_common_mib", "MiB", .state,
      "the part of the saving that pages equal to other VMs' bring", reclamation: true),
    .init(
      "mem_saved_duplicate_mib", "MiB", .state,
      "the part of the saving that pages found twice in one VM bring", reclamation: true),
    .init(
      "mem_compressed_size_mib", "MiB", .state, "room that compressed pages take",
      esxtop: "ZIP zipped − saved", vSphere: "mem.zipped.latest", reclamation: true),
    .init(
      "mem_waiting_mib", "MiB", .state,
      "touched by guests and not backed yet, as the host has none left", reclamation: true),
  ]
}

/// The numeric columns of `vms.csv`, in file order.
public enum VMColumn: Int, CaseIterable, Sendable {
  case cpuDemand, cpuEntitled, cpuUsed, cpuReady, cpuReadyPercent, cpuCoStopPercent
  case cpuLimitedPercent
  case memConfigured, memActive, memEntitled, memConsumed, memShared, memBalloonTarget, memBalloon
  case memCompressed, memSwapped, swapIn, swapOut, slowdown
  case memUntouched, memMapped, memSharedSaved, memCompressedSize, memWaiting, memGuestPaged
  case memOverhead

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
      vSphere: "mem.shared.average", reclamation: true),
    .init(
      "mem_balloon_target_mib", "MiB", .state, "the balloon's target size", esxtop: "MCTLTGT",
      vSphere: "mem.vmmemctltarget.average", reclamation: true),
    .init(
      "mem_balloon_mib", "MiB", .state, "the balloon's size", esxtop: "MCTLSZ",
      vSphere: "mem.vmmemctl.average", libvirt: "balloon.maximum − balloon.current",
      reclamation: true),
    .init(
      "mem_compressed_mib", "MiB", .state, "guest memory held compressed", esxtop: "CACHEUSD",
      vSphere: "mem.compressed.average", reclamation: true),
    .init(
      "mem_swapped_mib", "MiB", .state, "guest memory on the host's swap device", esxtop: "SWCUR",
      vSphere: "mem.swapped.average", reclamation: true),
    .init(
      "swap_in_mib_s", "MiB/s", .mean, "read from the swap device", esxtop: "SWR/s",
      vSphere: "mem.swapinRate.average", libvirt: "balloon.swap_in", reclamation: true),
    .init(
      "swap_out_mib_s", "MiB/s", .mean, "written to the swap device", esxtop: "SWW/s",
      vSphere: "mem.swapoutRate.average", libvirt: "balloon.swap_out", reclamation: true),
    .init(
      "slowdown_pct", "%", .mean,
      "work that the guest wanted to do and could not, as its vCPUs waited for memory",
      esxtop: "%SWPWT", vSphere: "mem.latency.average", reclamation: true),
    .init(
      "mem_untouched_mib", "MiB", .state,
      "never touched by the guest, or given back for good: configured − mapped − balloon − compressed − swapped",
      reclamation: true),
    .init(
      "mem_mapped_mib", "MiB", .state, "backed by the host's memory, shared pages in full",
      esxtop: "GRANT", vSphere: "mem.granted.average", reclamation: true),
    .init(
      "mem_shared_saved_mib", "MiB", .state,
      "its part of what page sharing saves: consumed = mapped − saved + compressed size",
      esxtop: "SHRDSVD", vSphere: "mem.sharedSaved.average", reclamation: true),
    .init(
      "mem_compressed_size_mib", "MiB", .state, "room that its compressed pages take",
      esxtop: "CACHESZ", vSphere: "mem.zipped.latest", reclamation: true),
    .init(
      "mem_waiting_mib", "MiB", .state,
      "touched and not backed yet, as the host has none left; counted as untouched",
      reclamation: true),
    .init(
      "mem_guest_paged_mib", "MiB", .state, "in the guest's own swap",
      libvirt: "balloon.swap_out − balloon.swap_in", reclamation: true),
    .init(
      "mem_overhead_mib", "MiB", .state, "host memory beside the guest's; never reclaimed",
      esxtop: "OVHD", vSphere: "mem.overhead.average", reclamation: true),
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
      "reserved from it by powered-on VMs in it and by child pools, with strict admission what they borrowed included",
      vSphere: "reservationUsed"),
    .init("mem_reservation_mib", "MiB", .state, "guaranteed minimum"),
    .init("mem_limit_mib", "MiB", .state, "ceiling; empty is unlimited"),
    .init("mem_shares", "1", .state, "weight among the pool's siblings"),
    .init("mem_entitled_mib", "MiB", .state, "Σ entitlement of the VMs below"),
    .init("mem_used_mib", "MiB", .state, "Σ consumed by the VMs below"),
    .init(
      "mem_reserved_by_children_mib", "MiB", .state,
      "the same, with strict admission the overhead of VMs included"),
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
