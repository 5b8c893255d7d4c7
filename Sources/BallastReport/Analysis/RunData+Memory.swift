/// What memory reclaim left in a run directory. A run in which nothing is taken back, or one of a version that could not,
/// has empty cells or no such columns: then everything here is empty.
extension RunData {
  /// Memory was taken back, or could have been.
  var hasReclaim: Bool { hosts.contains { $0[.balloon].contains(where: \.isFinite) } }

  /// Configured memory of the VMs on a host by its memory.
  func overcommit(ofHost host: Int, at time: Int) -> Double {
    let capacity = hosts[host].memoryCapacity.at(time)
    return capacity > 0 ? hosts[host][.configured].at(time) / capacity : .nan
  }

  /// Guest memory of a host's VMs that the host does not hold as it is.
  func takenBack(ofHost host: Int, at time: Int) -> Double {
    [HostMemoryColumn.balloon, .compressed, .swapped]
      .reduce(0) { $0 + (hosts[host][$1].at(time).isFinite ? hosts[host][$1].at(time) : 0) }
  }

  /// The sample that a time is in; the last one at the end of the run.
  func sample(at time: Double) -> Int {
    times.ends.firstIndex { time < $0 } ?? max(0, times.count - 1)
  }

  /// Hosts by how short of memory they were: time below high, then what was taken back at most, then name order.
  func hostsByMemory() -> [Int] {
    let harm = hosts.indices.map { host -> (below: Double, taken: Double) in
      let taken = times.ends.indices.map { takenBack(ofHost: host, at: $0) }.max() ?? 0
      return (hosts[host].memoryStates.seconds(atLeast: 1, until: duration), taken)
    }
    return hosts.indices.sorted { a, b in
      if harm[a].below != harm[b].below { return harm[a].below > harm[b].below }
      if harm[a].taken != harm[b].taken { return harm[a].taken > harm[b].taken }
      return a < b
    }
  }

  /// VMs from which memory was taken or that lost work to it, the worst first: by slowdown p95 where that alone is a
  /// finding, then by its maximum and mean, what was swapped, ballooned and compressed, and time waited for memory.
  func vmsByReclaim() -> [Int] {
    func harm(_ vm: Int) -> [Double] {
      let facts = vms[vm]
      return [
        facts.slowdown.p95 >= Thresholds.slowdown[0] ? facts.slowdown.p95 : 0,
        facts.slowdown.max, facts.slowdown.mean, facts.swapped.max, facts.balloon.max,
        facts.samples?.compressedMax ?? 0, facts.memoryWaitSeconds,
      ].map { $0.isNaN ? 0 : $0 }
    }
    let all = vms.indices.map { (vm: $0, harm: harm($0)) }.filter { $0.harm.contains { $0 > 0 } }
    return all.sorted { a, b in
      for (x, y) in zip(a.harm, b.harm) where x != y { return x > y }
      return a.vm < b.vm
    }.map(\.vm)
  }
}

/// Columns of `hosts.csv` about memory that older runs lack or leave empty; MiB, MiB/s, MHz.
enum HostMemoryColumn: Int, CaseIterable {
  case reserved, overhead, configured, saved, savedZero, savedCommon, savedDuplicate, balloon
  case compressed, compressedSize, swapped, waiting, swapIn, swapOut, scanning

  var name: String {
    switch self {
    case .reserved: "mem_host_reserved_mib"
    case .overhead: "mem_overhead_mib"
    case .configured: "mem_configured_mib"
    case .saved: "mem_shared_saved_mib"
    case .savedZero: "mem_saved_zero_mib"
    case .savedCommon: "mem_saved_common_mib"
    case .savedDuplicate: "mem_saved_duplicate_mib"
    case .balloon: "mem_balloon_mib"
    case .compressed: "mem_compressed_mib"
    case .compressedSize: "mem_compressed_size_mib"
    case .swapped: "mem_swapped_mib"
    case .waiting: "mem_waiting_mib"
    case .swapIn: "swap_in_mib_s"
    case .swapOut: "swap_out_mib_s"
    case .scanning: "cpu_overhead_mhz"
    }
  }
}

extension HostSeries {
  subscript(column: HostMemoryColumn) -> [Double] { memory[column.rawValue] }
}

/// A VM that ran out of memory and did not live on.
struct MemoryDeath {
  var time: Double
  var vm: String
  /// The host's kernel killed it; false: its own did.
  var isKilledByHost: Bool
}

/// What reclaim did to one VM, over its recorded samples.
struct VMReclaim {
  var compressedMax = 0.0
  var guestPagedMax = 0.0
  /// MiB read from the host's swap device.
  var swappedIn = 0.0
  /// Time in which a balloon left less than the working set.
  var squeezedSeconds = 0.0
  /// The first sample in which at least 1 % of the work was lost, and the host in it; −1: none.
  var slowedAt = -1
  var slowedOn = -1
}

/// Where the columns of `vms.csv` about reclaim stand; nil in older runs.
struct ReclaimColumns {
  private let compressed: Int?
  private let guestPaged: Int?
  private let swapIn: Int?
  private let slowdown: Int?
  private let balloon: Int?
  private let active: Int?
  private let configured: Int?

  init(_ table: CSVTable) {
    compressed = table.position("mem_compressed_mib")
    guestPaged = table.position("mem_guest_paged_mib")
    swapIn = table.position("swap_in_mib_s")
    slowdown = table.position("slowdown_pct")
    balloon = table.position("mem_balloon_mib")
    active = table.position("mem_active_mib")
    configured = table.position("mem_configured_mib")
  }

  /// Adds a row's sample, the `at`-th of `length` seconds, on a host.
  func add(_ row: CSVRow, to sums: inout VMReclaim, at: Int, length: Double, host: Int) {
    func number(_ column: Int?) -> Double { column.flatMap { row.number($0) } ?? 0 }
    sums.compressedMax = max(sums.compressedMax, number(compressed))
    sums.guestPagedMax = max(sums.guestPagedMax, number(guestPaged))
    sums.swappedIn += number(swapIn) * length
    let held = number(balloon)
    if held > 0, number(configured) - held < number(active) { sums.squeezedSeconds += length }
    if sums.slowedAt < 0, number(slowdown) >= Thresholds.slowdown[0] {
      sums.slowedAt = at
      sums.slowedOn = host
    }
  }
}
