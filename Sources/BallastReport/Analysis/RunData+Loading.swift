extension RunData {
  /// VMs that get charts of their own: enough for every case worth a look, few enough to keep the page small.
  static let drillDownCountMax = 50
  static let heatColumnsMax = 288
  static let eventRowsMax = 300

  /// Reads a run directory: `run.json`, the CSV files, and `explanations.json` where there is one.
  static func load(directory: String) throws(RunReadError) -> RunData {
    var data = RunData(run: try RunFile.read(directory: directory))
    data.explanations = try ExplanationsFile.read(directory: directory)
    try data.readHosts(CSVTable(path: directory + "/hosts.csv"))
    try data.readPools(CSVTable(path: directory + "/pools.csv"))
    try data.readSummaries(CSVTable(path: directory + "/vms-summary.csv"))
    let samples = try CSVTable(path: directory + "/vms.csv")
    try data.readSamples(samples)
    try data.readEvents(CSVTable(path: directory + "/events.csv"))
    if data.hasVMRows { try data.readDrillDowns(samples) }
    return data
  }

  private mutating func readHosts(_ table: CSVTable) throws(RunReadError) {
    let time = try table.column("time_s")
    let interval = try table.column("interval_s")
    let host = try table.column("host")
    let state = try table.column("state")
    let vms = try table.column("vms")
    let vcpus = try table.column("vcpus")
    let capacity = try table.column("cpu_capacity_mhz")
    let demand = try table.column("cpu_demand_mhz")
    let used = try table.column("cpu_used_mhz")
    let usedPercent = try table.column("cpu_used_pct")
    let ready = try table.column("cpu_ready_ms")
    let memoryCapacity = try table.column("mem_capacity_mib")
    let memoryConsumed = try table.column("mem_consumed_mib")
    let memoryFree = try table.column("mem_free_mib")
    let memory = HostMemoryColumn.allCases.map { table.position($0.name) }
    let memoryState = table.position("mem_state")
    var names = NameTable()
    try table.forEachRow { row throws(RunReadError) in
      let end = row.number(time) ?? 0
      let length = row.number(interval) ?? 0
      if times.ends.last != end {
        times.ends.append(end)
        times.starts.append(end - length)
      }
      let index = names.index(of: row, column: host)
      if index == hosts.count { hosts.append(HostSeries(name: row.text(host))) }
      let at = times.count - 1
      hosts[index].isOn.extend(to: at, with: false)
      hosts[index].isOn.append(row.text(state) == "on")
      hosts[index].vms.put(row.number(vms), at: at)
      hosts[index].capacity.put(row.number(capacity), at: at)
      hosts[index].demand.put(row.number(demand), at: at)
      hosts[index].used.put(row.number(used), at: at)
      hosts[index].usedPercent.put(row.number(usedPercent), at: at)
      hosts[index].memoryCapacity.put(row.number(memoryCapacity), at: at)
      hosts[index].memoryConsumed.put(row.number(memoryConsumed), at: at)
      hosts[index].memoryFree.put(row.number(memoryFree), at: at)
      for (place, column) in memory.enumerated() {
        hosts[index].memory[place].put(column.flatMap { row.number($0) }, at: at)
      }
      hosts[index].memoryStates.note(memoryState.map { row.text($0) } ?? "")
      let vcpuTime = (row.number(vcpus) ?? 0) * length * 1_000
      let perVCPU = row.number(ready).map { vcpuTime > 0 ? $0 / vcpuTime * 100 : 0 }
      hosts[index].readyPercent.put(perVCPU, at: at)
    }
  }

  private mutating func readPools(_ table: CSVTable) throws(RunReadError) {
    let time = try table.column("time_s")
    let cluster = try table.column("cluster")
    let path = try table.column("pool")
    let cpu = try [
      table.column("cpu_reservation_mhz"), table.column("cpu_limit_mhz"),
      table.column("cpu_entitled_mhz"), table.column("cpu_used_mhz"),
    ]
    let memory = try [
      table.column("mem_reservation_mib"), table.column("mem_limit_mib"),
      table.column("mem_entitled_mib"), table.column("mem_used_mib"),
    ]
    var at = -1
    var last = -1.0
    var position = 0
    try table.forEachRow { row throws(RunReadError) in
      let end = row.number(time) ?? 0
      if end != last {
        last = end
        at += 1
        position = 0
      }
      // Every instant has the same pools in the same order.
      if position == pools.count {
        pools.append(PoolSeries(cluster: row.text(cluster), path: row.text(path)))
      }
      pools[position].cpuReservation.put(row.number(cpu[0]), at: at)
      pools[position].cpuLimit.put(row.number(cpu[1]), at: at)
      pools[position].cpuEntitled.put(row.number(cpu[2]), at: at)
      pools[position].cpuUsed.put(row.number(cpu[3]), at: at)
      pools[position].memoryReservation.put(row.number(memory[0]), at: at)
      pools[position].memoryLimit.put(row.number(memory[1]), at: at)
      pools[position].memoryEntitled.put(row.number(memory[2]), at: at)
      pools[position].memoryUsed.put(row.number(memory[3]), at: at)
      position += 1
    }
  }

  private mutating func readSummaries(_ table: CSVTable) throws(RunReadError) {
    let vm = try table.column("vm")
    let host = try table.column("host_last")
    let pool = try table.column("pool")
    let admitted = try table.column("admitted")
    let refusal = try table.column("refusal")
    let used = try StatisticsColumns(table, "cpu_used_mhz")
    let ready = try StatisticsColumns(table, "cpu_ready_pct_per_vcpu")
    let limited = try StatisticsColumns(table, "cpu_limited_pct_per_vcpu")
    let consumed = try StatisticsColumns(table, "mem_consumed_mib")
    let balloon = try StatisticsColumns(table, "mem_balloon_mib")
    let swapped = try StatisticsColumns(table, "mem_swapped_mib")
    let slowdown = try StatisticsColumns(table, "slowdown_pct")
    try table.forEachRow { row throws(RunReadError) in
      var facts = VMFacts(name: row.text(vm))
      facts.host = row.text(host)
      facts.pool = row.text(pool)
      facts.isAdmitted = row.isTrue(admitted)
      facts.refusal = row.text(refusal)
      facts.used = used.read(row)
      facts.ready = ready.read(row)
      facts.limited = limited.read(row)
      facts.memoryConsumed = consumed.read(row)
      facts.balloon = balloon.read(row)
      facts.swapped = swapped.read(row)
      facts.slowdown = slowdown.read(row)
      vms.append(facts)
    }
  }

  private mutating func readEvents(_ table: CSVTable) throws(RunReadError) {
    let time = try table.column("time_s")
    let event = try table.column("event")
    let subject = try table.column("subject")
    let from = try table.column("from")
    let to = try table.column("to")
    let detail = try table.column("detail")
    var hostIndices: [String: Int] = [:]
    for (index, series) in hosts.enumerated() { hostIndices[series.name] = index }
    var waits = MemoryWaits()
    try table.forEachRow { row throws(RunReadError) in
      let kind = row.text(event)
      let at = row.number(time) ?? 0
      if kind == "mem_state" || kind == "host_failed",
        let host = hostIndices[row.text(subject)],
        kind == "mem_state" || hosts[host].memoryStates.isKnown
      {
        // A host that failed is short of nothing.
        hosts[host].memoryStates.change(to: kind == "mem_state" ? row.text(to) : "high", at: at)
      }
      waits.take(kind, vm: row.text(subject), to: row.text(to), at: at)
      if let index = eventCounts.firstIndex(where: { $0.kind == kind }) {
        eventCounts[index].count += 1
      } else {
        eventCounts.append((kind, 1))
      }
      if kind == "oom_kill" || kind == "guest_oom" {
        deaths.append(
          MemoryDeath(time: at, vm: row.text(subject), isKilledByHost: kind == "oom_kill"))
      }
      // The first power-ons and changes of workload are the scenario itself; listing them would hide the rest.
      let isRoutine = kind == "workload" || (kind == "power_on" && at == 0)
      if !isRoutine, events.count < Self.eventRowsMax {
        events.append(
          EventFacts(
            time: at, kind: kind, subject: row.text(subject), from: row.text(from),
            to: row.text(to), detail: row.text(detail)))
      }
    }
    waits.end(at: duration)
    for index in vms.indices { vms[index].memoryWaitSeconds = waits.seconds[vms[index].name] ?? 0 }
  }
}

/// Where the five statistics of one metric stand.
private struct StatisticsColumns {
  let columns: [Int]

  init(_ table: CSVTable, _ metric: String) throws(RunReadError) {
    columns = try [
      table.column(metric + "_mean"), table.column(metric + "_p50"), table.column(metric + "_p95"),
      table.column(metric + "_p99"), table.column(metric + "_max"),
    ]
  }

  func read(_ row: CSVRow) -> Statistics {
    Statistics(
      mean: row.number(columns[0]) ?? .nan, p50: row.number(columns[1]) ?? .nan,
      p95: row.number(columns[2]) ?? .nan, p99: row.number(columns[3]) ?? .nan,
      max: row.number(columns[4]) ?? .nan)
  }
}

/// Names to indices in order of first sight. Rows come in the same order at each instant, so the next name is tried
/// before the dictionary.
struct NameTable {
  private var names: [[UInt8]] = []
  private var indices: [[UInt8]: Int] = [:]
  private var next = 0

  mutating func index(of row: CSVRow, column: Int) -> Int {
    let bytes = row.bytes(column)
    if next >= names.count { next = 0 }
    if next < names.count, names[next].elementsEqual(bytes) {
      next += 1
      return next - 1
    }
    let key = Array(bytes)
    if let known = indices[key] {
      next = known + 1
      return known
    }
    indices[key] = names.count
    names.append(key)
    return names.count - 1
  }
}

extension [Double] {
  /// Stores a value at an index, with NaN for what was skipped.
  mutating func put(_ value: Double?, at index: Int) {
    extend(to: index, with: .nan)
    if index == count { append(value ?? .nan) } else { self[index] = value ?? .nan }
  }
}

extension Array {
  mutating func extend(to size: Int, with element: Element) {
    while count < size { append(element) }
  }
}
