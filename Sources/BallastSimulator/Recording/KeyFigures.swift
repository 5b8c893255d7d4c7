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

  mutating func add(host cells: UnsafePointer<Int64>, isTail: Bool) {
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

  private func add(_ cells: UnsafePointer<Int64>, to rates: inout Rates) {
    rates.capacity += cells[HostColumn.cpuCapacity.rawValue]
    rates.demand += cells[HostColumn.cpuDemand.rawValue]
    rates.used += cells[HostColumn.cpuUsed.rawValue]
  }

  /// - Parameters:
  ///   - worstReady: the highest p95 of ready per vCPU of any VM, thousandths of a percent.
  ///   - consolidation: mean VMs per host, thousandths.
  func keyFigures(world: World, worstReady: Int64, consolidation: Int64) -> [RunRecord.KeyFigure] {
    let cores = world.hosts.reduce(Int64(0)) { $0 + Int64($1.sockets * $1.coresPerSocket) }
    let vcpus = world.vms.reduce(Int64(0)) { $0 + Int64($1.vcpus) }
    let memory = world.hosts.reduce(Int64(0)) { $0 + $1.memory.value }
    let configured = world.vms.reduce(Int64(0)) { $0 + $1.memory.value }
    func work(_ rate: KeyPath<Rates, Int64>) -> Int128 {
      Int128(full[keyPath: rate]) * Int128(world.recordInterval.value)
        + Int128(tail[keyPath: rate]) * Int128(world.tail.value)
    }
    let (capacity, demand, used) = (work(\.capacity), work(\.demand), work(\.used))
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
        "cpu_ready_pct_per_vcpu_p95_max", "%", worstReady,
        "ready time per vCPU of the VM that waited most: its 95th percentile"),
      figure(
        "mem_consumed_pct_max", "%", ratio(fullest.consumed, fullest.capacity, by: 100_000),
        "consumed memory of the fullest host, in percent of its memory"),
    ]
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
