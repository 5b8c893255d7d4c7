/// VMs that wait because of a limit of their own or of a pool, most telling while their host has CPU to spare.
func limitedVMs(_ data: RunData) -> [Finding] {
  let held = data.vms.indices.filter {
    data.vms[$0].isMainlyLimited && Severity.ready(data.vms[$0].limited.p95) != nil
  }.sorted {
    let (a, b) = (data.vms[$0].limited.p95, data.vms[$1].limited.p95)
    return a != b ? a > b : $0 < $1
  }
  var groups: [(severity: Severity, pool: String, vms: [Int])] = []
  for vm in held {
    let severity = Severity.ready(data.vms[vm].limited.p95) ?? .note
    let pool = data.vms[vm].pool
    if let index = groups.firstIndex(where: { $0.severity == severity && $0.pool == pool }) {
      groups[index].vms.append(vm)
    } else {
      groups.append((severity, pool, [vm]))
    }
  }
  return groups.map { group in
    let facts = group.vms.map { data.vms[$0] }
    let worst = facts[0]
    var text =
      "The limit keeps back up to \(percent(worst.limited.p95)) of the time per vCPU (p95, "
      + "\(worst.name))."
    let totals = facts.compactMap(\.samples)
    let heldSeconds = totals.reduce(0) { $0 + $1.limitedSeconds }
    let besideIdle = totals.reduce(0) { $0 + $1.limitedBesideIdleSeconds }
    let isAlone = besideIdle > 0.5 * heldSeconds
    if heldSeconds > 0 {
      text +=
        " For \(percent(besideIdle / heldSeconds * 100)) of that time the host had CPU to spare"
      text +=
        isAlone ? ": the limit costs the time, not a neighbour." : "; else it was busy, too."
    }
    let lost = totals.reduce(0) { $0 + max(0, $1.demand - $1.used) }
    let peak = totals.map(\.demandMax).max() ?? .nan
    var lever = "Raise or remove the CPU limit of \(facts.count == 1 ? "the VM" : "these VMs")"
    let limiting = limitedPools(data, above: worst.pool)
    if !limiting.isEmpty { lever += " or of pool \(list(limiting))" }
    if peak.isFinite { lever += "; demand peaks at \(cpu(peak)) per VM" }
    let whose = facts.count == 1 ? "its host has" : "their hosts have"
    return Finding(
      group.severity,
      "\(count(facts.count, "VM is", "VMs are")) held back by a CPU limit"
        + (isAlone ? " while \(whose) CPU to spare" : ""),
      text, subjects: group.vms.map { (.vm($0), percent(data.vms[$0].limited.p95)) },
      lever: lever + ".", harm: lost / 3_600_000 + worst.limited.p95 / 1_000)
  }
}

/// The pool and those above it, as far as they had a CPU limit. Where two clusters have pools of one path,
/// either counts.
private func limitedPools(_ data: RunData, above path: String) -> [String] {
  data.pools.filter { pool in
    (pool.path == path || path.hasPrefix(pool.path + "/")) && !pool.path.isEmpty
      && pool.cpuLimit.contains(where: \.isFinite)
  }.map(\.path)
}
