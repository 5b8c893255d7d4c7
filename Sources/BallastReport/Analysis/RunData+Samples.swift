import BallastModel

/// Reading `vms.csv`, the one file that grows with VMs × samples: once for totals, band and heat map, and once more for
/// the whole series of the worst VMs. Nothing kept grows with VMs × samples, so a month of 1,000 VMs fits.
extension RunData {
  mutating func readSamples(_ table: CSVTable) throws(RunReadError) {
    guard !table.isEmpty, times.count > 0 else { return }
    let time = try table.column("time_s")
    let vm = try table.column("vm")
    let host = try table.column("host")
    let demand = try table.column("cpu_demand_mhz")
    let entitled = try table.column("cpu_entitled_mhz")
    let used = try table.column("cpu_used_mhz")
    let ready = try table.column("cpu_ready_pct_per_vcpu")
    let limited = try table.column("cpu_limited_pct_per_vcpu")
    let configured = try table.column("mem_configured_mib")
    let active = try table.column("mem_active_mib")
    let slowdown = table.position("slowdown_pct")
    let reclaim = ReclaimColumns(table)
    let state = try table.column("state")

    var vmIndices: [String: Int] = [:]
    for (index, facts) in vms.enumerated() { vmIndices[facts.name] = index }
    var hostIndices: [String: Int] = [:]
    for (index, series) in hosts.enumerated() { hostIndices[series.name] = index }

    var names = NameTable()
    var hostNames = NameTable()
    /// Rows of this file, in order of first sight, as indices into `vms` and `hosts`.
    var vmOf: [Int] = []
    var hostOf: [Int] = []
    var totals: [VMTotals] = []

    readyHeat.columns = min(times.count, Self.heatColumnsMax)
    readyHeat.cells = Array(repeating: HeatCells.none, count: vms.count * readyHeat.columns)
    var at = -1
    var last = -1.0
    var present: [Double] = []

    try table.forEachRow { row throws(RunReadError) in
      let end = row.number(time) ?? 0
      if end != last {
        if at >= 0 { readyBand.append(&present, at: at) }
        last = end
        at += 1
        while at < times.count, times.ends[at] < end { at += 1 }
      }
      guard at < times.count else { return }
      let length = times.length(at)
      let index = names.index(of: row, column: vm)
      if index == vmOf.count {
        let name = row.text(vm)
        guard let known = vmIndices[name] else {
          throw RunReadError(path: table.path, reason: "VM \(name) is not in vms-summary.csv")
        }
        vmOf.append(known)
        totals.append(VMTotals())
      }
      let hostIndex = hostNames.index(of: row, column: host)
      if hostIndex == hostOf.count { hostOf.append(hostIndices[row.text(host)] ?? -1) }

      let wants = row.number(demand) ?? 0
      let gets = row.number(used) ?? 0
      let waits = row.number(ready) ?? 0
      totals[index].onSeconds += length
      totals[index].demand += wants * length
      totals[index].used += gets * length
      totals[index].demandMax = max(totals[index].demandMax, wants)
      if waits > totals[index].readyMax {
        totals[index].readyMax = waits
        totals[index].readyMaxAt = end
      }
      if let held = row.number(limited), held >= Thresholds.limited {
        totals[index].limitedSeconds += length
        let onHost = hostOf[hostIndex]
        // A damaged hosts.csv may lack rows that vms.csv has.
        if onHost >= 0, at < hosts[onHost].usedPercent.count,
          hosts[onHost].usedPercent[at] < Thresholds.spare
        {
          totals[index].limitedBesideIdleSeconds += length
        }
      }
      if let granted = row.number(entitled) {
        // What waited for memory was not asked for.
        let lost = slowdown.flatMap { row.number($0) } ?? 0
        let due = min(granted, wants * (1 - lost / 100))
        if gets < due * (1 - Thresholds.unmet) {
          totals[index].unmetSeconds += length
          totals[index].unmet += (due - gets) * length
        }
      }
      totals[index].memoryConfigured = max(
        totals[index].memoryConfigured, row.number(configured) ?? 0)
      totals[index].memoryActiveMax = max(totals[index].memoryActiveMax, row.number(active) ?? 0)
      reclaim.add(
        row, to: &totals[index].reclaim, at: at, length: length, host: hostOf[hostIndex])

      present.append(waits)
      // Who waits to be restarted, or was refused, and did not run in this sample, is off.
      if wants == 0, gets == 0, Self.statesOff.contains(row.text(state)) { return }
      let cell = vmOf[index] * readyHeat.columns + at * readyHeat.columns / times.count
      let level = Thresholds.readyClass(waits)
      if readyHeat.cells[cell] == HeatCells.none || readyHeat.cells[cell] < level {
        readyHeat.cells[cell] = level
      }
    }
    if at >= 0, at < times.count { readyBand.append(&present, at: at) }
    for (index, vm) in vmOf.enumerated() { vms[vm].samples = totals[index] }
  }

  private static let statesOff = [VMState.refused.name, VMState.restarting.name]

  /// VM indices by harm: ready or slowdown p95, whichever is larger, then its maximum, then name order.
  func vmsByHarm() -> [Int] {
    func rank(_ value: Double) -> Double { value.isNaN ? -1 : value }
    return vms.indices.sorted { a, b in
      let (x, y) = (
        max(rank(vms[a].ready.p95), rank(vms[a].slowdown.p95)),
        max(rank(vms[b].ready.p95), rank(vms[b].slowdown.p95))
      )
      if x != y { return x > y }
      let (p, q) = (rank(vms[a].ready.max), rank(vms[b].ready.max))
      if p != q { return p > q }
      return a < b
    }
  }

  /// Second pass: whole series of the worst VMs.
  mutating func readDrillDowns(_ table: CSVTable) throws(RunReadError) {
    let chosen = vmsByHarm().filter { vms[$0].samples != nil }.prefix(Self.drillDownCountMax)
    var slots: [String: Int] = [:]
    for (slot, vm) in chosen.enumerated() {
      slots[vms[vm].name] = slot
      drillDowns.append(VMSeries(vm: vm))
    }
    let time = try table.column("time_s")
    let vm = try table.column("vm")
    let demand = try table.column("cpu_demand_mhz")
    let entitled = try table.column("cpu_entitled_mhz")
    let used = try table.column("cpu_used_mhz")
    let ready = try table.column("cpu_ready_pct_per_vcpu")
    let limited = try table.column("cpu_limited_pct_per_vcpu")
    let configured = try table.column("mem_configured_mib")
    let active = try table.column("mem_active_mib")
    let memoryEntitled = try table.column("mem_entitled_mib")
    let consumed = try table.column("mem_consumed_mib")
    let reclaim = ["mem_balloon_mib", "mem_compressed_mib", "mem_swapped_mib", "slowdown_pct"]
      .map { table.position($0) }
    let ownSwap = table.position("mem_guest_paged_mib")
    var names = NameTable()
    var slotOf: [Int] = []
    var at = -1
    var last = -1.0
    try table.forEachRow { row throws(RunReadError) in
      let end = row.number(time) ?? 0
      if end != last {
        last = end
        at += 1
        while at < times.count, times.ends[at] < end { at += 1 }
      }
      guard at < times.count else { return }
      let index = names.index(of: row, column: vm)
      if index == slotOf.count { slotOf.append(slots[row.text(vm)] ?? -1) }
      let slot = slotOf[index]
      guard slot >= 0 else { return }
      drillDowns[slot].demand.put(row.number(demand), at: at)
      drillDowns[slot].entitled.put(row.number(entitled), at: at)
      drillDowns[slot].used.put(row.number(used), at: at)
      drillDowns[slot].ready.put(row.number(ready), at: at)
      drillDowns[slot].limited.put(row.number(limited), at: at)
      drillDowns[slot].memoryConfigured.put(row.number(configured), at: at)
      drillDowns[slot].memoryActive.put(row.number(active), at: at)
      drillDowns[slot].memoryEntitled.put(row.number(memoryEntitled), at: at)
      drillDowns[slot].memoryConsumed.put(row.number(consumed), at: at)
      drillDowns[slot].ownSwap.put(ownSwap.flatMap { row.number($0) }, at: at)
      for (place, column) in reclaim.enumerated() {
        drillDowns[slot].reclaim[place].put(column.flatMap { row.number($0) }, at: at)
      }
    }
  }
}

extension ReadyBand {
  /// Takes the ready percentages of one instant and empties them.
  mutating func append(_ values: inout [Double], at index: Int) {
    values.sort()
    p5.put(quantile(values, 0.05), at: index)
    median.put(quantile(values, 0.5), at: index)
    p95.put(quantile(values, 0.95), at: index)
    worst.put(values.last, at: index)
    values.removeAll(keepingCapacity: true)
  }
}

/// Linear between ranks, as everywhere in Ballast; `values` is sorted.
func quantile(_ values: [Double], _ part: Double) -> Double? {
  guard let last = values.last else { return nil }
  let rank = part * Double(values.count - 1)
  let lower = Int(rank)
  guard lower + 1 < values.count else { return last }
  return values[lower] + (values[lower + 1] - values[lower]) * (rank - Double(lower))
}
