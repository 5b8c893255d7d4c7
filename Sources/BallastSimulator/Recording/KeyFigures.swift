import BallastModel
import BallastUnits

/// Running sums for the key figures of `run.json`.
struct FigureSums {
  /// kHz, over the samples of full length and over the last, shorter one.
  private struct Rates {
    var capacity: Int64 = 0
    var demand: Int64 = 0
    var used: Int64 = 0
  }
  private var full = Rates()
  private var tail = Rates()
  private var usedPercentMax: Int64 = 0
  /// Of the fullest host so far, thousandths of a MiB.
  private var fullest: (consumed: Int64, capacity: Int64) = (0, 1)

  /// Σ configured memory of VMs that are on and Σ memory of hosts that are, thousandths of a MiB: of the present sample,
  /// and where their ratio was largest.
  private var committed: (configured: Int64, capacity: Int64) = (0, 0)
  private var mostCommitted: (configured: Int64, capacity: Int64) = (0, 1)

  mutating func add(
    host cells: UnsafePointer<Int64>, isTail: Bool
  ) {
    if cells[HostColumn.cpuCapacity.rawValue] > 0 {
      committed.configured += cells[HostColumn.memConfigured.rawValue]
      committed.capacity += cells[HostColumn.memCapacity.rawValue]
    }
    if isTail { add(cells, to: &tail) } else { add(cells, to: &full) }
    usedPercentMax = max(usedPercentMax, cells[HostColumn.cpuUsedPercent.rawValue])
    let memory = cells[HostColumn.memCapacity.rawValue]
    let consumed = cells[HostColumn.memConsumed.rawValue]
    // Compared by cross products: a division per host and sample would be felt.
    if consumed.multipliedFullWidth(by: fullest.capacity)
      > fullest.consumed.multipliedFullWidth(by: memory)
    {
      fullest = (consumed, memory)
    }
  }

  /// All hosts of a sample were added.
  mutating func endSample() {
    if committed.configured.multipliedFullWidth(by: mostCommitted.capacity)
      > mostCommitted.configured.multipliedFullWidth(by: committed.capacity)
    {
      mostCommitted = committed
    }
    committed = (0, 0)
  }

  private func add(_ cells: UnsafePointer<Int64>, to rates: inout Rates) {
    rates.capacity += cells[HostColumn.cpuCapacity.rawValue]
    rates.demand += cells[HostColumn.cpuDemand.rawValue]
    rates.used += cells[HostColumn.cpuUsed.rawValue]
  }

  /// - Parameters:
  ///   - consolidation: mean VMs per host, thousandths.
  ///   - shortage: Σ over hosts of the time in a memory state below high; nil: the policy knows no states.
  func keyFigures(
    world: World, worst: WorstVMs, consolidation: Int64, shortage: SimDuration?
  ) -> [RunRecord.KeyFigure] {
    let cores = world.hosts.reduce(Int64(0)) { $0 + Int64($1.sockets * $1.coresPerSocket) }
    let vcpus = world.vms.reduce(Int64(0)) { $0 + Int64($1.vcpus) }
    let memory = world.hosts.reduce(Int64(0)) { $0 + $1.memory.value }
    let configured = world.vms.reduce(Int64(0)) { $0 + $1.memory.value }
    func work(_ rate: KeyPath<Rates, Int64>) -> Int128 {
      Int128(full[keyPath: rate]) * Int128(world.recordInterval.value)
        + Int128(tail[keyPath: rate]) * Int128(world.tail.value)
    }
    let (capacity, demand, used) = (work(\.capacity), work(\.demand), work(\.used))
    let reclaim = [
      figure(
        "slowdown_pct_max", "%", worst.slowdown.value,
        "work lost to waiting for memory by the VM that lost most in one interval"
          + worst.slowdown.name(world)),
      figure(
        "mem_balloon_mib_max", "MiB", worst.balloon.value,
        "the largest balloon of a VM" + worst.balloon.name(world)),
      figure(
        "mem_swapped_mib_max", "MiB", worst.swapped.value,
        "memory of the VM that had most on its host's swap device" + worst.swapped.name(world)),
      figure(
        "mem_below_high_s", "s", shortage.map(\.milliseconds) ?? emptyCell,
        "time in a memory state below high, Σ over hosts; empty where the policy knows no states"),
    ]
    return [
      figure("vms", "1", Int64(world.vms.count) * 1_000, "VMs of the scenario"),
      figure("hosts", "1", Int64(world.hosts.count) * 1_000, "hosts of the scenario"),
      figure(
        "consolidation_ratio", "1", consolidation, "VMs powered on per host, mean over time"),
      figure(
        "vcpus_per_core", "1", ratio(vcpus * 1_000, cores), "vCPUs of all VMs per physical core"),
      figure(
        "mem_configured_pct", "%", ratio(configured, memory, by: 100_000),
        "configured memory of all VMs in percent of the hosts' memory"),
      figure(
        "cpu_used_pct", "%", percent(used, capacity), "CPU delivered, mean over hosts and time"),
      figure("cpu_used_pct_max", "%", usedPercentMax, "the busiest host in its busiest interval"),
      figure(
        "cpu_unmet_pct", "%", percent(demand - used, demand),
        "demand that was not delivered, in percent of all demand"),
      figure(
        "cpu_ready_pct_per_vcpu_p95_max", "%", worst.ready,
        "ready time per vCPU of the VM that waited most: its 95th percentile"),
      figure(
        "mem_consumed_pct_max", "%", ratio(fullest.consumed, fullest.capacity, by: 100_000),
        "consumed memory of the fullest host, in percent of its memory"),
      figure(
        "memory_overcommit", "1",
        ratio(mostCommitted.configured, mostCommitted.capacity, by: 1_000),
        "configured memory of the VMs that are on by the memory of the hosts that are, at its largest"
      ),
    ] + (world.memory == nil ? [] : reclaim)
  }

  private func figure(
    _ name: String, _ unit: String, _ value: Int64, _ meaning: String
  ) -> RunRecord.KeyFigure {
    RunRecord.KeyFigure(name: name, unit: unit, value: value, meaning: meaning)
  }
  private func ratio(_ part: Int64, _ whole: Int64, by factor: Int64 = 1) -> Int64 {
    whole > 0 ? roundedRatio(part, by: factor, over: whole) : 0
  }
  private func percent(_ part: Int128, _ whole: Int128) -> Int64 {
    whole > 0 ? Int64((part * 100_000 + whole / 2) / whole) : 0
  }
}

/// The VMs that fared worst, by their rows of `vms-summary.csv`.
struct WorstVMs {
  struct Worst {
    var value: Int64 = 0
    var vm: Int?

    /// Of equal ones the first counts.
    mutating func add(_ value: Int64, _ vm: Int) {
      if value > self.value { (self.value, self.vm) = (value, vm) }
    }

    func name(_ world: World) -> String { vm.map { ": \(world.vms[$0].name)" } ?? "" }
  }

  /// The highest p95 of ready per vCPU of any VM, thousandths of a percent.
  private(set) var ready: Int64 = 0
  private(set) var balloon = Worst()
  private(set) var swapped = Worst()
  private(set) var slowdown = Worst()

  mutating func add(_ row: VMSummaryRow) {
    func metric(_ column: VMColumn) -> MetricSummary {
      row.metrics[summaryMetrics.firstIndex(of: column)!]
    }
    // An empty cell is the least there is.
    ready = max(ready, metric(.cpuReadyPercent).p95)
    balloon.add(metric(.memBalloon).max, row.vm)
    swapped.add(metric(.memSwapped).max, row.vm)
    slowdown.add(metric(.slowdown).max, row.vm)
  }
}
