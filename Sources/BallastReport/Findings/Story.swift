/// What happened, in plain sentences: hosts, then who waited and who did not, then memory and refusals.
func story(_ data: RunData) -> String {
  guard data.times.count > 0 else {
    return "The run recorded no samples, so there is nothing to judge."
  }
  var sentences = [hostSentence(data), vmSentence(data)]
  let limited = limitedVMs(data).filter { $0.severity >= .significant }
    .reduce(0) { $0 + $1.subjectCount }
  if limited > 0 {
    sentences.append(
      "\(count(limited, "VM was", "VMs were")) held back by a CPU limit, not by a lack of CPU.")
  }
  sentences.append(memorySentence(data))
  if let killed = killedVMs(data).first { sentences.append(killed.title + ".") }
  if let short = memoryOvercommitted(data).first { sentences.append(short.title + ".") }
  if let refused = refusedVMs(data).first { sentences.append(refused.title + ".") }
  return sentences.filter { !$0.isEmpty }.joined(separator: " ")
}

private func hostSentence(_ data: RunData) -> String {
  let shares = data.hosts.indices.map { saturatedPercent(data, host: $0) }
  let full = shares.filter { $0 > 0 }
  if full.isEmpty {
    let peak = data.hosts.flatMap(\.usedPercent).filter(\.isFinite).max() ?? .nan
    return "No host ran out of CPU; the busiest sample used \(percent(peak)) of a host."
  }
  let most = percent(full.max() ?? 0)
  return "\(count(full.count)) of \(count(data.hosts.count, "host", "hosts")) ran out of CPU, "
    + "\(full.count == 1 ? "for" : "for up to") \(most) of the time."
}

/// Who waited, by pool, from 5 % per vCPU (p95) on.
private func vmSentence(_ data: RunData) -> String {
  let ran = data.vms.filter { $0.isAdmitted && $0.ready.p95.isFinite }
  let waiting = ran.filter { $0.ready.p95 >= Thresholds.ready[1] && !$0.isMainlyLimited }
  guard !ran.isEmpty else { return "" }
  guard !waiting.isEmpty else {
    return "No VM waited for a host's CPU for more than 5\u{00A0}% of the time (p95, per vCPU)."
  }
  var pools: [(name: String, all: Int, waiting: Int)] = []
  for vm in ran {
    let top = vm.pool.split(separator: "/").first.map(String.init) ?? ""
    let isWaiting = vm.ready.p95 >= Thresholds.ready[1] && !vm.isMainlyLimited
    if let index = pools.firstIndex(where: { $0.name == top }) {
      pools[index].all += 1
      pools[index].waiting += isWaiting ? 1 : 0
    } else {
      pools.append((top, 1, isWaiting ? 1 : 0))
    }
  }
  let spared = pools.filter { $0.waiting == 0 && !$0.name.isEmpty }.map(\.name)
  let hit = pools.filter { $0.waiting > 0 && !$0.name.isEmpty }
  var text =
    "\(count(waiting.count)) of \(count(ran.count, "VM", "VMs")) waited for CPU (over 5\u{00A0}% "
    + "of the time per vCPU, p95)"
  if !hit.isEmpty, hit.count <= 3 {
    text += ": " + list(hit.map { "\(count($0.waiting)) of \(count($0.all)) in \($0.name)" })
    if !spared.isEmpty, spared.count <= 3 { text += "; none in \(list(spared))" }
  }
  return text + "."
}

/// What being short of memory cost the VMs, or that it cost nothing; empty where nothing could be taken back.
private func memorySentence(_ data: RunData) -> String {
  guard data.hasReclaim else { return "" }
  let slowed = slowedVMs(data)
  if let worst = slowed.first(where: { $0.severity >= .significant }) {
    guard case .vm(let most)? = worst.subjects.first?.subject else { return worst.title + "." }
    return "\(worst.title), \(data.vms[most].name) most (\(worst.subjects[0].number) of its work)."
  }
  let taken =
    data.hosts.indices.map { host in
      data.times.ends.indices.map { data.takenBack(ofHost: host, at: $0) }.max() ?? 0
    }.max() ?? 0
  let loser = data.vms.indices.filter { data.vms[$0].slowdown.max > 0 }.max { a, b in
    let (x, y) = (data.vms[a].slowdown.max, data.vms[b].slowdown.max)
    return x != y ? x < y : a > b
  }
  guard let loser else {
    return taken > 0
      ? "Up to \(memory(taken)) was taken back from the VMs of a host, and no VM was slowed by it."
      : "No host took memory back."
  }
  let lost = data.vms[loser].slowdown
  return
    (taken > 0 ? "Up to \(memory(taken)) was taken back from the VMs of a host. " : "")
    + "Waiting for memory cost \(data.vms[loser].name) most: \(percent(lost.max)) of its work in its "
    + "worst sample, \(percent(lost.mean)) on average."
}

/// Memory is the greater trouble of the two, so the page tells of it first.
func memoryLeads(_ data: RunData) -> Bool {
  func worst(_ rules: [(RunData) -> [Finding]]) -> Int {
    rules.flatMap { $0(data) }.map(\.severity.rawValue).max() ?? -1
  }
  return data.hasReclaim
    && worst([killedVMs, slowedVMs, hostsOutOfMemory, squeezedVMs, memoryOvercommitted])
      > worst([waitingVMs, limitedVMs, saturatedHosts, unmetEntitlements])
}
