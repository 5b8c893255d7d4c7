import BallastUnits

/// What each VM of an estate asks for, in parts of its size, from the best that the export knows.
///
/// Rule      CPU: the VM's own use; else what its host, or its cluster, was using beyond the measured VMs, spread
///           over the others by vCPUs; else the assumption. Active memory: measured, else the assumption, at most
///           what is touched. Touched memory: consumed + ballooned + swapped; else the part of its host's, or its
///           cluster's, memory in use; else all.
/// Rounding  to 0.0001 %, down.
struct Demand {
  struct Row {
    var cpu: PartsPerMillion
    var active: PartsPerMillion
    var touched: PartsPerMillion
    /// False where nothing of the VM itself was measured.
    var isCPUMeasured: Bool
  }

  private(set) var rows: [Row] = []

  init(_ estate: ImportedEstate, _ options: ImportOptions, _ report: inout ImportReport) {
    var clocks: [String: Int64] = [:]
    var hosts: [String: Int] = [:]
    for (index, host) in estate.hosts.enumerated() {
      clocks[host.cluster] = max(clocks[host.cluster] ?? 0, host.clock.value)
      hosts[host.name] = index
    }
    /// What the VMs of a host or cluster add up to.
    struct Sums {
      var measuredCPU: Int64 = 0
      var otherCPU: Int64 = 0
      var memory: Int64 = 0
      var capacity: Int64 = 0
      var used: Int64 = 0
      var hostMemory: Int64 = 0
      var usedMemory: Int64 = 0

      /// What unmeasured VMs use of their size.
      var cpu: PartsPerMillion? {
        guard capacity > 0, otherCPU > 0, used > 0 else { return nil }
        return PartsPerMillion(
          scaled(1_000_000, by: min(max(0, used - measuredCPU), otherCPU), over: otherCPU))
      }
      var touched: PartsPerMillion? {
        guard hostMemory > 0, memory > 0, usedMemory > 0 else { return nil }
        return PartsPerMillion(scaled(1_000_000, by: min(usedMemory, memory), over: memory))
      }
    }
    var byHost = [Sums](repeating: Sums(), count: estate.hosts.count)
    var byCluster: [String: Sums] = [:]
    for (index, host) in estate.hosts.enumerated() {
      guard let cpu = host.cpuUsage, let memory = host.memoryUsage else { continue }
      byHost[index].capacity = host.capacity.value
      byHost[index].used = cpu.of(host.capacity).value
      byHost[index].hostMemory = host.memory.value >> 10
      byHost[index].usedMemory = memory.of(host.memory).value >> 10
      var sums = byCluster[host.cluster] ?? Sums()
      sums.capacity += byHost[index].capacity
      sums.used += byHost[index].used
      sums.hostMemory += byHost[index].hostMemory
      sums.usedMemory += byHost[index].usedMemory
      byCluster[host.cluster] = sums
    }
    func clock(of vm: ImportedVM) -> Int64 {
      vm.host.flatMap { hosts[$0] }.map { estate.hosts[$0].clock.value } ?? clocks[vm.cluster!] ?? 1
    }
    // Use over size: a host's measured VMs come off its use before the rest is spread.
    for vm in estate.vms {
      let size = vm.vcpus! * vm.count * clock(of: vm)
      let measured =
        vm.use.cpu.map { min($0.value, size) }
        ?? vm.use.cpuPercent.map { scaled(size, by: $0.value, over: 1_000_000) }
      func add(_ sums: inout Sums) {
        if let measured { sums.measuredCPU += measured } else { sums.otherCPU += size }
        // In KiB: 80,000 VMs of a PiB fit.
        sums.memory += (vm.memory!.value >> 10) * vm.count
      }
      if let host = vm.host.flatMap({ hosts[$0] }) { add(&byHost[host]) }
      add(&byCluster[vm.cluster!, default: Sums()])
    }
    var (fromHost, assumedCPU, assumedActive) = (0, 0, 0)
    for vm in estate.vms {
      let size = vm.vcpus! * clock(of: vm)
      let memory = vm.memory!.value
      let host = vm.host.flatMap { hosts[$0] }.map { byHost[$0] }
      let cluster = byCluster[vm.cluster!]
      var row = Row(
        cpu: options.assumedCPU, active: options.assumedActive, touched: .one, isCPUMeasured: true)
      if let cpu = vm.use.cpu {
        let used = scaled(1_000_000, by: min(cpu.value, size), over: size)
        row.cpu = PartsPerMillion(min(1_000_000, used + max(0, vm.use.readyPerVCPU?.value ?? 0)))
      } else if let percent = vm.use.cpuPercent {
        row.cpu = PartsPerMillion(min(1_000_000, max(0, percent.value)))
      } else {
        row.isCPUMeasured = false
        if let cpu = host?.cpu ?? cluster?.cpu {
          row.cpu = cpu
          fromHost += 1
        } else {
          assumedCPU += 1
        }
      }
      if let consumed = vm.use.consumed, vm.isOn {
        let touched =
          consumed.value + (vm.use.ballooned?.value ?? 0) + (vm.use.swapped?.value ?? 0)
        row.touched = PartsPerMillion(scaled(1_000_000, by: min(touched, memory), over: memory))
      } else if let touched = host?.touched ?? cluster?.touched {
        row.touched = touched
      }
      if let active = vm.use.active, vm.isOn {
        row.active = PartsPerMillion(scaled(1_000_000, by: min(active.value, memory), over: memory))
        // A guest cannot be active in memory that it never touched; 1 GiB active of 512 MiB consumed was shared.
        row.touched = max(row.touched, row.active)
      } else {
        assumedActive += 1
        row.active = min(row.active, row.touched)
      }
      rows.append(row)
    }
    let place = ImportPlace(fileName(report.source))
    if fromHost > 0 {
      report.add(
        .assumed,
        "VMs without CPU use of their own get their host's, or their cluster's, spread by vCPUs",
        at: place, "\(fromHost) VMs")
    }
    if assumedCPU > 0 {
      report.add(
        .assumed, "VMs that nothing says the CPU use of (--assume-cpu changes it)", at: place,
        "\(assumedCPU) VMs at \(percentText(options.assumedCPU))")
    }
    if assumedActive > 0 {
      report.add(
        .assumed, "VMs that nothing says the active memory of (--assume-active changes it)",
        at: place,
        "\(assumedActive) VMs at \(percentText(options.assumedActive)), or what they touched")
    }
  }
}
