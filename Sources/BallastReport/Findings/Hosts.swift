/// Hosts whose CPU is used up for whole samples.
func saturatedHosts(_ data: RunData) -> [Finding] {
  var shares: [(host: Int, percent: Double)] = []
  for host in data.hosts.indices {
    let share = saturatedPercent(data, host: host)
    if share > 0 { shares.append((host, share)) }
  }
  shares.sort { $0.percent != $1.percent ? $0.percent > $1.percent : $0.host < $1.host }
  guard let worst = shares.first else { return [] }
  let host = data.hosts[worst.host]
  let over = zip(host.demand, host.capacity).map { $0 - $1 }.filter(\.isFinite).max() ?? 0
  let seconds = worst.percent / 100 * data.duration
  let text =
    "\(host.name) delivered at least \(short(Thresholds.saturated))\u{00A0}% of its capacity for "
    + "\(span(seconds)). Its VMs asked for up to \(cpu(max(0, over))) more than it has."
  return [
    Finding(
      worst.percent >= 10 ? .significant : .watch,
      "\(count(shares.count, "host", "hosts")) of \(count(data.hosts.count)) ran out of CPU,"
        + " for up to \(percent(worst.percent)) of the time",
      text,
      subjects: shares.map { (.host($0.host), percent($0.percent)) },
      lever: capacityLever(
        data, hosts: shares.map { data.hosts[$0.host].name },
        priority: "set shares and reservations"),
      harm: worst.percent / 1_000)
  ]
}

/// Part of the time in which a host was out of CPU, in percent.
func saturatedPercent(_ data: RunData, host: Int) -> Double {
  guard data.duration > 0 else { return 0 }
  var seconds = 0.0
  for (time, used) in data.hosts[host].usedPercent.enumerated() where used >= Thresholds.saturated {
    seconds += data.times.length(time)
  }
  return seconds / data.duration * 100
}

/// Hosts whose guests hold more memory than there is. No reclaim is modelled, so the run shows neither ballooning nor
/// swapping: the finding is that they would be needed.
func memoryOvercommitted(_ data: RunData) -> [Finding] {
  var over: [(host: Int, most: Double, at: Double, seconds: Double)] = []
  for (index, host) in data.hosts.enumerated() {
    var most = 0.0
    var at = Double.nan
    var seconds = 0.0
    for (time, free) in host.memoryFree.enumerated() where free < 0 {
      seconds += data.times.length(time)
      if -free > most {
        most = -free
        at = data.times.ends[time]
      }
    }
    if most > 0 { over.append((index, most, at, seconds)) }
  }
  over.sort { $0.most != $1.most ? $0.most > $1.most : $0.host < $1.host }
  guard let worst = over.first else { return [] }
  let host = data.hosts[worst.host]
  let capacity = host.memoryCapacity.filter(\.isFinite).max() ?? 0
  return [
    Finding(
      worst.most >= 0.05 * capacity ? .bad : .significant,
      "\(count(over.count, "host", "hosts")) ran out of memory, by up to \(memory(worst.most))",
      "The guests on \(host.name) hold \(memory(worst.most)) more than its \(memory(capacity)) at "
        + "\(clock(worst.at)), and more than it has for \(span(worst.seconds)). Reclaim is not modelled "
        + "yet: a real host would balloon, compress or swap here, and these VMs would run slower than shown.",
      subjects: over.map { (.host($0.host), memory($0.most)) },
      lever: "Move VMs away, add memory, or shrink VMs that use little of theirs.",
      harm: worst.most)
  ]
}

/// Hosts that never had much to do.
func idleHosts(_ data: RunData) -> [Finding] {
  var idle: [(host: Int, cpu: Double)] = []
  for (index, host) in data.hosts.enumerated() {
    let used = host.usedPercent.filter(\.isFinite).max() ?? .nan
    let held =
      zip(host.memoryConsumed, host.memoryCapacity).map { $0 / $1 * 100 }
      .filter(\.isFinite).max() ?? .nan
    if used < Thresholds.idleCPU, held < Thresholds.idleMemory, host.isOn.contains(true) {
      idle.append((index, used))
    }
  }
  guard !idle.isEmpty else { return [] }
  return [
    Finding(
      .note,
      "\(count(idle.count, "host stays", "hosts stay")) below \(percent(Thresholds.idleCPU)) CPU and "
        + "\(percent(Thresholds.idleMemory)) memory",
      "The largest CPU use of each is given behind its name.",
      subjects: idle.map { (.host($0.host), percent($0.cpu)) },
      lever: "Keep as failover spare, give them VMs of full hosts, or do without them.",
      harm: Double(idle.count))
  ]
}
