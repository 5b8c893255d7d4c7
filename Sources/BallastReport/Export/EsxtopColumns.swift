import BallastUnits

/// What a run's files do not say of its machines and esxtop's counters need.
public struct EsxtopInventory: Sendable {
  public var vcpus: [String: Int64]
  /// Of one core, per host.
  public var clocks: [String: Kilohertz]
  public init(vcpus: [String: Int64], clocks: [String: Kilohertz]) {
    self.vcpus = vcpus
    self.clocks = clocks
  }
}

/// The counters that a run has, by esxtop's names.
enum EsxtopCounters {
  /// Counter below `\\host\Memory\`, and the column it comes from.
  static let hostMemory = [
    ("Machine MBytes", "mem_capacity_mib"), ("VMKernel MBytes", "mem_host_reserved_mib"),
    ("Free MBytes", "mem_free_mib"), ("PShare Shared MBytes", "mem_shared_mib"),
    ("PShare Savings MBytes", "mem_shared_saved_mib"), ("Memctl Current MBytes", "mem_balloon_mib"),
    ("Swap Used MBytes", "mem_swapped_mib"), ("Swap MBytes Read/sec", "swap_in_mib_s"),
    ("Swap MBytes Write/sec", "swap_out_mib_s"),
  ]
  /// Counter below `\\host\Group Memory(id:vm)\`, and the column it comes from.
  static let groupMemory = [
    ("Memory Size MBytes", "mem_configured_mib"), ("Memory Granted Size MBytes", "mem_mapped_mib"),
    ("Memory Consumed Size MBytes", "mem_consumed_mib"), ("Touched MBytes", "mem_active_mib"),
    ("Shared MBytes", "mem_shared_mib"), ("Memctl MBytes", "mem_balloon_mib"),
    ("Memctl Target MBytes", "mem_balloon_target_mib"), ("Swapped MBytes", "mem_swapped_mib"),
    ("Swap Read MBytes/sec", "swap_in_mib_s"), ("Swap Written MBytes/sec", "swap_out_mib_s"),
    ("Overhead MBytes", "mem_overhead_mib"),
  ]
  /// Counters below `\\host\Group Cpu(id:vm)\`.
  static let groupCPU = ["% Used", "% Ready", "% CoStop", "% Max Limited"]
  static let perVM = groupCPU.count + groupMemory.count
  static let perHost = 1 + hostMemory.count
}

/// Where the cells of a VM's row come from.
struct EsxtopVMReader {
  private let used: Int
  private let ready: Int
  private let coStop: Int
  private let limited: Int
  private let interval: Int
  private let memory: [Int]

  init(_ vms: CSVTable) throws(RunReadError) {
    used = try vms.column("cpu_used_mhz")
    ready = try vms.column("cpu_ready_ms")
    coStop = try vms.column("cpu_costop_pct_per_vcpu")
    limited = try vms.column("cpu_limited_pct_per_vcpu")
    interval = try vms.column("interval_s")
    var memory: [Int] = []
    for (_, column) in EsxtopCounters.groupMemory { memory.append(try vms.column(column)) }
    self.memory = memory
  }

  /// In percent of one physical CPU and MBytes, in the counters' order; nil where the run has none.
  func values(_ row: CSVRow, vcpus: Int64, clock: Kilohertz) -> [Double?] {
    let megahertz = Double(clock.value) / 1_000
    let seconds = row.number(interval) ?? 0
    return [
      row.number(used).map { megahertz > 0 ? $0 / megahertz * 100 : 0 },
      row.number(ready).map { seconds > 0 ? $0 / (seconds * 1_000) * 100 : 0 },
      row.number(coStop).map { $0 * Double(vcpus) },
      row.number(limited).map { $0 * Double(vcpus) },
    ] + memory.map(row.number)
  }
}
