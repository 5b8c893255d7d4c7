/// VMs that lost work because their memory was elsewhere.
func slowedVMs(_ data: RunData) -> [Finding] {
  guard data.hasReclaim else { return [] }
  var groups: [(severity: Severity, vms: [Int])] = []
  for vm in data.vmsByReclaim() {
    guard let severity = Severity.slowdown(data.vms[vm].slowdown) else { continue }
    if let index = groups.firstIndex(where: { $0.severity == severity }) {
      groups[index].vms.append(vm)
    } else {
      groups.append((severity, [vm]))
    }
  }
  let hollow = Set(
    data.events.lazy.filter { $0.kind == "shortfall" && $0.to == "short" }.map(\.subject))
  return groups.map { group in
    let worst = data.vms[group.vms[0]]
    var text =
      "\(worst.name) lost \(percent(worst.slowdown.mean)) of the work it wanted to do on average, "
      + "\(percent(worst.slowdown.p95)) at its 95th percentile and \(percent(worst.slowdown.max)) in "
      + "its worst sample: its vCPUs waited for pages"
    var causes: [String] = []
    if worst.swapped.max > 0 { causes.append("up to \(memory(worst.swapped.max)) of it swapped") }
    if let sums = worst.samples?.reclaim {
      if sums.compressedMax > 0 {
        causes.append("\(memory(sums.compressedMax)) compressed")
      }
      if sums.guestPagedMax > 0 {
        causes.append("\(memory(sums.guestPagedMax)) in the guest's own swap")
      }
    }
    if worst.memoryWaitSeconds > 0 {
      causes.append("\(span(worst.memoryWaitSeconds)) without host memory for what it touched")
    }
    if !causes.isEmpty { text += ", with " + list(causes) }
    return Finding(
      group.severity,
      "\(count(group.vms.count, "VM", "VMs")) slowed down by paging", text + ".",
      subjects: group.vms.map { (.vm($0), lost(data.vms[$0].slowdown)) },
      // Whose reservation is not kept gains nothing by a larger one.
      lever: group.vms.allSatisfy { hollow.contains(data.vms[$0].name) }
        ? "More is reserved than the host has: move VMs to hosts with free memory, or add memory."
        : "Reserve memory for what must not be paged, move VMs to hosts with free memory, or add memory.",
      harm: worst.slowdown.mean)
  }
}

/// The figure that makes a VM's slowdown a finding, and which it is.
private func lost(_ slowdown: Statistics) -> String {
  slowdown.p95 >= Thresholds.slowdown[0]
    ? "p95 \(percent(slowdown.p95))" : "max \(percent(slowdown.max))"
}

/// VMs whose balloon left less than the working set, so that the guest paged by itself.
func squeezedVMs(_ data: RunData) -> [Finding] {
  let squeezed = data.vms.indices.filter {
    data.vms[$0].samples?.reclaim.squeezedSeconds ?? 0 > 0
  }.sorted {
    let (a, b) = (
      data.vms[$0].samples!.reclaim.squeezedSeconds, data.vms[$1].samples!.reclaim.squeezedSeconds
    )
    return a != b ? a > b : $0 < $1
  }
  guard let first = squeezed.first, let sums = data.vms[first].samples?.reclaim else { return [] }
  return [
    Finding(
      .watch,
      "\(count(squeezed.count, "VM had", "VMs had")) a balloon that left less than the working set",
      "\(data.vms[first].name) for \(span(sums.squeezedSeconds)): its guest had up to "
        + "\(memory(sums.guestPagedMax)) in its own swap.",
      subjects: squeezed.map { (.vm($0), span(data.vms[$0].samples!.reclaim.squeezedSeconds)) },
      lever: "Lower balloon_max, or reserve the working set.", harm: sums.squeezedSeconds / 3_600)
  ]
}

/// Hosts so short of memory that they were in state hard or low, however short the time.
func hostsOutOfMemory(_ data: RunData) -> [Finding] {
  var found: [(host: Int, worst: Int, seconds: Double)] = []
  for host in data.hosts.indices {
    let states = data.hosts[host].memoryStates
    guard let worst = states.worst(), worst >= MemoryStateSeries.hard else { continue }
    let seconds = states.seconds(atLeast: MemoryStateSeries.hard, until: data.duration)
    found.append((host, worst, seconds))
  }
  found.sort {
    $0.seconds != $1.seconds ? $0.seconds > $1.seconds : $0.host < $1.host
  }
  guard let first = found.first else { return [] }
  let host = data.hosts[first.host]
  let deepest = found.map(\.worst).max() ?? first.worst
  let ratio =
    data.times.ends.indices.map { data.overcommit(ofHost: first.host, at: $0) }
    .filter(\.isFinite).max() ?? .nan
  let began = host.memoryStates.first(atLeast: MemoryStateSeries.hard)?.time ?? .nan
  let isBrief = first.seconds < Thresholds.briefShortage
  return [
    Finding(
      isBrief ? .watch : deepest == 4 ? .bad : .significant,
      "\(count(found.count, "host", "hosts")) of \(count(data.hosts.count)) fell to memory state "
        + "\(MemoryStateSeries.names[deepest])",
      "\(host.name) was hard or low for \(span(first.seconds)), first at \(clock(began)), with VMs of "
        + "\(fixed(ratio, 2)) × its memory. \(whatItTook(data, host: first.host))",
      subjects: found.map { (.host($0.host), span($0.seconds)) },
      lever: isBrief
        ? "A balloon takes time to grow: keep more memory free, or reserve memory for what must not wait."
        : "Place fewer or smaller VMs there, or add memory.", harm: first.seconds / 3_600)
  ]
}

/// What a host took back at most, and who waited. What a state leads to differs by policy; this is what it led to.
private func whatItTook(_ data: RunData, host: Int) -> String {
  let parts: [(HostMemoryColumn, String)] = [
    (.balloon, "in balloons"), (.compressed, "compressed"), (.swapped, "swapped"),
  ]
  let taken = parts.compactMap { column, words -> String? in
    let most = data.hosts[host][column].filter(\.isFinite).max() ?? 0
    return most > 0 ? "\(memory(most)) \(words)" : nil
  }
  var text =
    taken.isEmpty
    ? "It took nothing back in any sample." : "It took back at most \(list(taken))."
  let waiting = data.vms.indices.filter { data.vms[$0].memoryWaitSeconds > 0 }
  if let longest = waiting.max(by: { a, b in
    let (x, y) = (data.vms[a].memoryWaitSeconds, data.vms[b].memoryWaitSeconds)
    return x != y ? x < y : a > b
  }) {
    text +=
      " In the whole run \(count(waiting.count, "VM", "VMs")) waited for host memory, "
      + "\(data.vms[longest].name) for \(span(data.vms[longest].memoryWaitSeconds))."
  }
  return text
}

/// VMs that ran out of memory and died.
func killedVMs(_ data: RunData) -> [Finding] {
  guard let first = data.deaths.first else { return [] }
  let byHost = data.deaths.count(where: \.isKilledByHost)
  var parts: [String] = []
  if byHost > 0 { parts.append("\(count(byHost)) by a host's kernel, which had no swap left") }
  if byHost < data.deaths.count {
    parts.append("\(count(data.deaths.count - byHost)) by their own, whose memory was too small")
  }
  var subjects: [(subject: Finding.Subject, number: String)] = []
  for death in data.deaths {
    guard let vm = data.vms.firstIndex(where: { $0.name == death.vm }) else { continue }
    subjects.append((.vm(vm), clock(death.time)))
  }
  return [
    Finding(
      .bad,
      "\(count(data.deaths.count, "VM was", "VMs were")) killed for lack of memory",
      "The first was \(first.vm) at \(clock(first.time)). In all: \(list(parts)).",
      subjects: subjects, lever: "Give the host swap or the VMs more room.",
      harm: Double(data.deaths.count))
  ]
}

/// A scanner that takes CPU and finds next to nothing.
func fruitlessSharing(_ data: RunData) -> [Finding] {
  guard data.hasReclaim else { return [] }
  func peak(_ column: HostMemoryColumn) -> Double {
    data.times.ends.indices.map { time in
      data.hosts.reduce(0) { sum, host in
        sum + (host[column].at(time).isFinite ? host[column].at(time) : 0)
      }
    }.max() ?? 0
  }
  let (scanning, saved, common) = (peak(.scanning), peak(.saved), peak(.savedCommon))
  let consumed = data.hosts.reduce(0) { $0 + ($1.memoryConsumed.filter(\.isFinite).max() ?? 0) }
  guard scanning > 0, consumed > 0, saved < consumed / 100 else { return [] }
  return [
    Finding(
      .note, "Page sharing saved less than 1\u{00A0}% of memory",
      "Scanning took up to \(cpu(scanning)) and saved at most \(memory(saved))"
        + (common > 0 ? "." : ", nothing of it between VMs."),
      subjects: [],
      lever: common > 0
        ? "Scan less, or not at all."
        : "Sharing between VMs is off or they have no pages in common: "
          + "the same image for equal VMs, where the hypervisor allows it, saves more.",
      harm: 0)
  ]
}
