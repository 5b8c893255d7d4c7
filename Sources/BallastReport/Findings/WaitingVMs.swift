/// VMs that wait for CPU because their host has too little of it; those held back by a limit are another rule. One
/// finding per severity and pool, as a pool is what a planner turns the lever of.
func waitingVMs(_ data: RunData) -> [Finding] {
  let waiting = data.vms.indices.filter {
    !data.vms[$0].isMainlyLimited && Severity.ready(data.vms[$0].ready.p95) != nil
  }.sorted { a, b in
    let (x, y) = (data.vms[a].ready, data.vms[b].ready)
    return x.p95 != y.p95 ? x.p95 > y.p95 : x.max != y.max ? x.max > y.max : a < b
  }
  var groups: [(severity: Severity, pool: String, vms: [Int])] = []
  for vm in waiting {
    let severity = Severity.ready(data.vms[vm].ready.p95) ?? .note
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
    let place = group.pool.isEmpty ? "outside any pool" : "of pool \(group.pool)"
    let range =
      switch group.severity {
      case .bad: "over 10"
      case .significant: "5 to 10"
      default: "2.5 to 5"
      }
    var text =
      "Ready time p95 is \(range)\u{00A0}% per vCPU. The worst, \(worst.name), waits "
      + "\(percent(worst.ready.mean)) of the time on average and \(percent(worst.ready.max)) at worst"
    if let at = worst.samples?.readyMaxAt, at.isFinite { text += " (\(clock(at)))" }
    text += "."
    let lost = facts.compactMap(\.samples).reduce(0) { $0 + max(0, $1.demand - $1.used) }
    if lost > 0 {
      text += " Together these VMs went without \(short(lost / 3_600_000))\u{00A0}GHz·h of CPU."
    }
    return Finding(
      group.severity,
      "\(count(facts.count, "VM", "VMs")) \(place) \(facts.count == 1 ? "waits" : "wait") for CPU,"
        + " up to \(percent(worst.ready.p95)) per vCPU (p95)",
      text,
      subjects: group.vms.map { (.vm($0), percent(data.vms[$0].ready.p95)) },
      lever: capacityLever(
        data, hosts: facts.map(\.host),
        priority: "raise shares or reservation of "
          + (group.pool.isEmpty ? "those that must not wait" : group.pool)),
      harm: lost / 3_600_000 + worst.ready.p95 / 1_000)
  }
}

/// What helps full hosts. Moving VMs does while other hosts have CPU to spare at the same time; else the cluster is
/// full, and only priority or capacity is left.
func capacityLever(_ data: RunData, hosts: [String], priority: String) -> String {
  let full = Set(hosts)
  var spare = 0.0
  var missing = 0.0
  var seconds = 0.0
  for time in 0..<data.times.count {
    let isShort = data.hosts.contains {
      full.contains($0.name) && $0.usedPercent.at(time) >= Thresholds.saturated
    }
    guard isShort else { continue }
    let length = data.times.length(time)
    seconds += length
    for host in data.hosts {
      if host.usedPercent.at(time) < Thresholds.spare {
        spare += max(0, host.capacity.at(time) - host.used.at(time)) * length
      } else if host.usedPercent.at(time) >= Thresholds.saturated {
        missing += max(0, host.demand.at(time) - host.used.at(time)) * length
      }
    }
  }
  guard seconds > 0 else {
    return
      "No whole sample was full, so look at the chart of their host at the peak; to choose who "
      + "waits, \(priority)."
  }
  let numbers =
    "while hosts were full and \(cpu(missing / seconds)) short on average, others had "
    + "\(cpu(spare / seconds)) unused"
  if spare >= missing { return "Balance: \(numbers). Move some of these VMs there." }
  if spare >= 0.2 * missing {
    return "Balancing helps in part: \(numbers). Beyond that, add capacity; to choose who waits, "
      + "\(priority)."
  }
  return
    "The cluster is full at these times: \(numbers). Add capacity or run fewer VMs; to choose who "
    + "waits, \(priority)."
}

extension [Double] {
  /// The value, or NaN beyond the end: a host may lack its last samples in an incomplete run.
  func at(_ index: Int) -> Double { index < count ? self[index] : .nan }
}
